package main

import (
	"fmt"
	"io"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

type reconcileCommand struct {
	flowFlag
	JSON bool `help:"Print JSON."`
}

// Run looks for changes in Plane that no webhook told of, and hands them to the
// inbox, where a running bridge works through them.
func (c *reconcileCommand) Run(p *process) error {
	return p.onFlow(c.Flow, func(a *app, flow bridge.Flow) error {
		report, err := a.bridge.Reconciler().Sweep(p.ctx, flow, 0)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(p.stdout, report)
		}
		return printSweep(p.stdout, report)
	})
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
