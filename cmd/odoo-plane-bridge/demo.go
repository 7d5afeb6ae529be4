package main

import (
	"github.com/insightpulseai/odoo-plane-bridge/internal/demo"
	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

type demoCommand struct {
	Keep      bool   `help:"Stay up afterwards, for a look with a browser; Ctrl-C ends it."`
	PlaneOnly bool   `help:"Only run the simulated Plane, for testing other programs against."`
	Database  string `help:"Write the demo's deadlines, work items, links and webhooks into this PostgreSQL, schema ops, and leave them there. Without it the demo starts one of its own; DATABASE_URL is never used." placeholder:"URL"`
	Address   string `help:"Where the simulated Plane listens; any free port by default." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	Limit     int    `help:"Requests a minute that the simulated Plane allows. Plane's own default is 60, with which the demo takes a minute longer." default:"300"`
}

// Run runs the whole bridge against simulated servers, or the simulated Plane
// alone.
//
// The shell it runs in may describe an installation. Nothing of that is used.
func (c *demoCommand) Run(p *process) error {
	if err := environment.Forget(); err != nil {
		return err
	}
	options := demo.Options{
		Keep: c.Keep, Database: c.Database, Address: c.Address, Limit: c.Limit,
		Stdout: p.stdout, Stderr: terminal.Screen{To: p.stderr}, LogIsRead: isTerminal(p.stderr), Version: version,
		Progress: func(steps int) (step, done func()) {
			progress := newProgress(p.stderr, "mirroring", steps)
			return progress.Step, progress.Done
		},
	}
	if c.PlaneOnly {
		return demo.ServePlane(p.ctx, options)
	}
	return demo.Run(p.ctx, options)
}
