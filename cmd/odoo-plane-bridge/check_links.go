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

// checkBrake fails while a brake holds: only a person can say whether what is gone is
// meant to be.
func (a *app) checkBrake(ctx context.Context) plane.Finding {
	held, err := bridge.HeldBrakes(ctx, a.pool)
	switch {
	case err != nil:
		return failed("brake", err, "May the role read schema ops?")
	case len(held) == 0:
		return ok("brake", "holds nothing")
	case held[0].Direction == bridge.BrakeFromPlane:
		return failed("brake", errors.New(held[0].String()), "Look at the project in Plane; `reconcile --release` lets it go for one run.")
	default:
		return failed("brake", errors.New(held[0].String()), "Look at the records in Odoo; `sync --release` lets it go for one run.")
	}
}
