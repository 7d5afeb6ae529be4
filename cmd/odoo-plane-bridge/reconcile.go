package main

import (
	"fmt"
	"io"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

type reconcileCommand struct {
	flowFlag
	JSON    bool `help:"Print JSON."`
	Release bool `help:"Let the brake go for this run: look for everything that is missing from Plane's list, however much that is."`
}

// Run looks for changes in Plane that no webhook reported, and hands them to the
// inbox, where a running bridge works through them.
func (c *reconcileCommand) Run(p *process) error {
	return p.onFlow(c.Flow, func(a *app.App, flow bridge.Flow) error {
		report, err := c.sweep(p, a.Engine.Reconciler(), flow)
		if err != nil {
			return err
		}
		if c.JSON {
			err = printJSON(p.stdout, report)
		} else {
			err = printSweep(p.stdout, report)
		}
		if err == nil && report.Brake != nil {
			err = fmt.Errorf("the sweep of project %s is held by the brake", report.ProjectID)
		}
		return err
	})
}

func (c *reconcileCommand) sweep(p *process, r *sweep.Sweeper, flow bridge.Flow) (sweep.Report, error) {
	if c.Release {
		return r.SweepReleased(p.ctx, flow)
	}
	return r.Sweep(p.ctx, flow, 0)
}

func printSweep(w io.Writer, r sweep.Report) error {
	_, err := terminal.Printf(w, "%d work items read with %d requests; %d changes that no webhook reported, %d deleted, %d archived, "+
		"%d edits of Odoo-owned fields, %d duplicates, %d without a link\n",
		r.Items, r.Requests, r.Missed, r.Deleted, r.Archived, r.Drifted, r.Doubled, r.Orphaned)
	if err != nil {
		return err
	}
	for _, line := range r.Remarks() {
		if _, err := terminal.Printf(w, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
