package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
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
	if c.PlaneOnly {
		return c.servePlane(p)
	}
	w, err := newWorld(p, c)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.play(); err != nil {
		return err
	}
	if !c.Keep {
		return nil
	}
	fmt.Fprintf(p.stdout, "\nStill running; Ctrl-C ends it.\n  Plane   %s/\n  Odoo    %s/\n  bridge  %s/readyz\n", w.planeURL, w.odooURL, w.bridgeURL)
	select {
	case <-p.ctx.Done():
		return nil
	case err := <-w.served:
		return errors.Join(errors.New("the bridge stopped by itself"), err)
	}
}

// servePlane runs the simulated Plane until it is interrupted.
func (c *demoCommand) servePlane(p *process) error {
	plane := planetest.New(planetest.Options{Limit: c.Limit})
	defer plane.Close()
	listener, err := listen(p.ctx, "--address", c.Address)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, `A simulated Plane, Community edition. Ctrl-C ends it.
  PLANE_BASE_URL        http://%s
  PLANE_API_KEY         %s
  PLANE_WORKSPACE_SLUG  %s
  project               %s
`, listener.Addr(), plane.BotKey(), plane.WorkspaceSlug(), plane.ProjectID())
	return serveHTTP(p.ctx, listener, plane)
}

// waitFor polls until a condition holds. The demo watches a whole system from
// outside, as a person would.
func waitFor(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := holds()
		if err != nil {
			return fmt.Errorf("waiting until %s: %w", what, err)
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for a minute until %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}
