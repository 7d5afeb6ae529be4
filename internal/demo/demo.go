// Package demo runs the whole bridge against a simulated Plane and a simulated Odoo,
// tells what it does as a story, and fails when a side is not as it should be at the end.
// It and tests are the only ones that know the simulators.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/httpserver"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// Options say how the demo runs.
type Options struct {
	// Keep stays up afterwards, until the context ends.
	Keep bool
	// Database is the PostgreSQL to write into; the demo starts one of its own when empty.
	Database string
	// Address is where the simulated Plane listens.
	Address string
	// Limit is how many requests a minute the simulated Plane allows.
	Limit int
	// Stdout gets the story, Stderr the log.
	Stdout, Stderr io.Writer
	// LogIsRead says that a person watches the log.
	LogIsRead bool
	// Progress shows how far work of so many steps is; step notes one of them.
	Progress func(steps int) (step, done func())
	// Version is the program's own.
	Version string
}

// Run runs the whole bridge against simulated servers.
func Run(ctx context.Context, options Options) error {
	w, err := newWorld(ctx, options)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.play(); err != nil {
		return err
	}
	if !options.Keep {
		return nil
	}
	fmt.Fprintf(options.Stdout, "\nStill running; Ctrl-C ends it.\n  Plane   %s/\n  Odoo    %s/\n  bridge  %s/readyz\n", w.planeURL, w.odooURL, w.bridgeURL)
	select {
	case <-ctx.Done():
		return nil
	case err := <-w.served:
		return errors.Join(errors.New("the bridge stopped by itself"), err)
	}
}

// ServePlane runs the simulated Plane alone until the context ends.
func ServePlane(ctx context.Context, options Options) error {
	plane := planetest.New(planetest.Options{Limit: options.Limit})
	defer plane.Close()
	listener, err := httpserver.Listen(ctx, "--address", options.Address)
	if err != nil {
		return err
	}
	fmt.Fprintf(options.Stdout, `A simulated Plane, Community edition. Ctrl-C ends it.
  PLANE_BASE_URL        http://%s
  PLANE_API_KEY         %s
  PLANE_WORKSPACE_SLUG  %s
  project               %s
`, listener.Addr(), plane.BotKey(), plane.WorkspaceSlug(), plane.ProjectID())
	return httpserver.Server{Handler: plane}.Serve(ctx, listener)
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
