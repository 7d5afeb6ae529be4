package main

import (
	"context"
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// checkLinks tells of work items that are not as Odoo wants them.
func (a *app) checkLinks(ctx context.Context) plane.Finding {
	err := bridge.LinksNote(ctx, mapping.NewStore(a.pool))
	var note *bridge.Note
	switch {
	case errors.As(err, &note):
		return plane.Finding{Name: "links", Grade: plane.GradeNote, Found: note.Text, Do: "See what each says; it is tried again by itself, or at once by `mappings repair`."}
	case err != nil:
		return failed("links", err, "May the role read schema ops?")
	default:
		return ok("links", "no link carries an error")
	}
}
