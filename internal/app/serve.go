package app

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"golang.org/x/sync/errgroup"

	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/httpserver"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
)

// Serve serves until the context ends. When a setting changes that is built in, it
// drains and begins anew by itself.
func Serve(ctx context.Context, within Surroundings) error {
	// Listened for from the very beginning: otherwise the signal would end the process.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	s, live, err := within.Settings(ctx, settings.Database, settings.OdooIfAny, settings.FlowsIfAny)
	if err != nil {
		return err
	}
	for {
		err := serveWith(ctx, within, s, live, hangup)
		if !errors.Is(err, errStartAnew) {
			return err
		}
		s = live.Current()
	}
}

func serveWith(ctx context.Context, within Surroundings, s settings.Settings, live *settings.Live, hangup <-chan os.Signal) error {
	a, err := within.Build(s, live)
	if err != nil {
		return err
	}
	defer a.Close()
	a.hangup = hangup
	a.limitMemory(ctx)
	if err := a.Listen(ctx); err != nil {
		return err
	}
	return a.Serve(ctx)
}

// memoryShare is the part of the container's memory that the program works to stay
// within. The rest is for what Go's runtime does not count.
const memoryShare = 0.8

// limitMemory sets GOMEMLIMIT from the cgroup, unless it is set: near the limit the
// collector works harder then, where it would let the heap double and be killed.
func (a *App) limitMemory(ctx context.Context) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryShare))
	switch {
	case err != nil:
		a.Logger.InfoContext(ctx, "the container's memory limit could not be read; GOMEMLIMIT stays as it is", slog.Any("error", err))
	case limit < math.MaxInt64:
		a.Logger.InfoContext(ctx, "memory is limited", slog.Int64("bytes", limit))
	}
}

// Listen takes the two ports, before anything else is tried: while the database
// is away, webhooks get a 500 and are owed a sweep, and /readyz says
// what is missing.
func (a *App) Listen(ctx context.Context) error {
	var err error
	if a.main, err = httpserver.Listen(ctx, "LISTEN_ADDR", string(a.Settings.ListenAddr)); err != nil {
		return err
	}
	if a.side, err = httpserver.Listen(ctx, "METRICS_ADDR", string(a.Settings.MetricsAddr)); err != nil {
		return errors.Join(err, a.main.Close())
	}
	a.Logger.InfoContext(ctx, "listening", slog.String("address", a.main.Addr().String()),
		slog.String("metrics", a.side.Addr().String()), slog.String("version", a.config.Version))
	return nil
}

// Serve works on the ports that Listen took, until the context ends.
func (a *App) Serve(ctx context.Context) error {
	a.warnOfGaps(ctx)
	main := httpserver.Server{Handler: a.Receiver, Refused: a.Engine.OweSweep, DropSlowest: a.Receiver.DropSlowest}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return main.Serve(ctx, a.main) })
	group.Go(func() error {
		return httpserver.Server{Handler: httpserver.Only("/metrics", a.metrics.Handler())}.Serve(ctx, a.side)
	})
	group.Go(func() error {
		if err := database.Await(ctx, a.Pool, a.Settings, a.Logger); err != nil {
			return err
		}
		return a.Engine.Run(ctx)
	})
	group.Go(func() error { return a.OAuth.Run(ctx) })
	group.Go(func() error { return a.refresh(ctx) })
	err := group.Wait()
	a.Logger.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

// warnOfGaps says at the start what cannot work as set up; it is no reason not
// to start, because secrets may still arrive.
func (a *App) warnOfGaps(ctx context.Context) {
	for _, warning := range a.FileWarnings() {
		a.Logger.WarnContext(ctx, "a secret is not kept to the bridge alone", slog.String("file", warning))
	}
	if len(a.Settings.WebhookSecrets()) == 0 {
		a.Logger.WarnContext(ctx, "PLANE_WEBHOOK_SECRET is not set: webhooks are refused with 503 until it is")
	}
	if len(a.Engine.Flows()) == 0 {
		gaps := errors.Join(append(settings.Odoo(a.Settings), settings.Plane(a.Settings)...)...)
		a.Logger.WarnContext(ctx, "no flow is on: nothing is mirrored", slog.Any("error", gaps))
	}
}

// FileWarnings are what is wrong with the files that secrets are read from.
func (a *App) FileWarnings() []string {
	for _, source := range a.Live.Sources() {
		if environment, found := source.(sources.Environment); found {
			return environment.FileWarnings()
		}
	}
	return nil
}

// ListensAt is the address of the receiver, once Listen took its port.
func (a *App) ListensAt() string { return a.main.Addr().String() }
