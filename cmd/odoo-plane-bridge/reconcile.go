package main

import (
	"fmt"
	"io"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

type reconcileCommand struct {
	Flow string `help:"The flow whose project is looked through." default:"bir" enum:"bir"`
	JSON bool   `help:"Print JSON."`
}

// Run looks for changes in Plane that no webhook told of, and hands them to the
// inbox, where a running bridge works through them.
func (c *reconcileCommand) Run(p *process) error {
	s, live, err := p.settings(settings.Database, settings.Odoo, settings.Plane)
	if err != nil {
		return err
	}
	a, err := wire(s, live, p.logger(s))
	if err != nil {
		return err
	}
	defer a.pool.Close()
	if err := migrations.Check(p.ctx, a.pool); err != nil {
		return fmt.Errorf("looking at the database: %w", err)
	}
	report, err := a.bridge.Reconciler().Sweep(p.ctx, a.bridge.Flows()[0], 0)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.stdout, report)
	}
	return printSweep(p.stdout, report)
}

func printSweep(w io.Writer, r bridge.SweepReport) error {
	_, err := fmt.Fprintf(w, "%d work items read with %d requests; %d changes no webhook told us of, %d deleted, %d archived, "+
		"%d edits of what Odoo owns, %d doubles, %d without a link\n",
		r.Items, r.Requests, r.Untold, r.Deleted, r.Archived, r.Drifted, r.Doubled, r.Orphaned)
	if err != nil {
		return err
	}
	if r.WebhookSilent {
		_, err = fmt.Fprintln(w, "Plane's webhook is silent: none came since the oldest of these changes. Plane has probably switched it off; "+
			"switch it on again in the workspace's settings.")
	}
	return err
}
