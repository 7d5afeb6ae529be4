package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"golang.org/x/sync/errgroup"

	"github.com/insightpulseai/odoo-plane-bridge/internal/httpserver"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

type serveCommand struct{}

// Run serves until the process is told to stop. When a setting changes that is
// built in, it drains and begins anew by itself.
func (c *serveCommand) Run(p *process) error {
	// Heard from the very beginning: unheard, the signal would end the process.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	s, live, err := p.settings(settings.Database, settings.OdooIfAny, settings.TaskIfAny)
	if err != nil {
		return err
	}
	for {
		err := serveWith(p, s, live, hangup)
		if !errors.Is(err, errStartAnew) {
			return err
		}
		s = live.Current()
	}
}

func serveWith(p *process, s settings.Settings, live *settings.Live, hangup <-chan os.Signal) error {
	a, err := wire(s, live, p.logger(s))
	if err != nil {
		return err
	}
	defer a.pool.Close()
	a.hangup = hangup
	a.limitMemory(p.ctx)
	if err := a.listen(p.ctx); err != nil {
		return err
	}
	return a.serve(p.ctx)
}

// memoryShare is the part of the container's memory that the program works to stay
// within. The rest is for what Go's runtime does not count.
const memoryShare = 0.8

// limitMemory sets GOMEMLIMIT from the cgroup, unless it is set: near the limit the
// collector works harder then, where it would let the heap double and be killed.
func (a *app) limitMemory(ctx context.Context) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryShare))
	switch {
	case err != nil:
		a.logger.InfoContext(ctx, "the container's memory limit could not be read; GOMEMLIMIT stays as it is", slog.Any("error", err))
	case limit < math.MaxInt64:
		a.logger.InfoContext(ctx, "memory is limited", slog.Int64("bytes", limit))
	}
}

// listen takes the two ports, before anything else is tried: while the database
// is away, webhooks get a 500 and are owed a sweep, and /readyz says
// what is missing.
func (a *app) listen(ctx context.Context) error {
	var err error
	if a.main, err = listen(ctx, "LISTEN_ADDR", string(a.settings.ListenAddr)); err != nil {
		return err
	}
	if a.side, err = listen(ctx, "METRICS_ADDR", string(a.settings.MetricsAddr)); err != nil {
		return errors.Join(err, a.main.Close())
	}
	a.logger.InfoContext(ctx, "listening", slog.String("address", a.main.Addr().String()),
		slog.String("metrics", a.side.Addr().String()), slog.String("version", version))
	return nil
}

// serve works on the ports that listen took, until the context ends.
func (a *app) serve(ctx context.Context) error {
	a.warnOfGaps(ctx)
	main := httpserver.Server{Handler: a.receiver, Refused: a.bridge.OweSweep, DropSlowest: a.receiver.DropSlowest}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return main.Serve(ctx, a.main) })
	group.Go(func() error { return serveHTTP(ctx, a.side, httpserver.Only("/metrics", a.metrics.Handler())) })
	group.Go(func() error {
		if err := a.awaitDatabase(ctx); err != nil {
			return err
		}
		return a.bridge.Run(ctx)
	})
	group.Go(func() error { return a.oauth.Run(ctx) })
	group.Go(func() error { return a.refresh(ctx) })
	err := group.Wait()
	a.logger.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

// warnOfGaps says at the start what cannot work as set up; it is no reason not
// to start, because secrets may still arrive.
func (a *app) warnOfGaps(ctx context.Context) {
	for _, warning := range a.fileWarnings() {
		a.logger.WarnContext(ctx, "a secret is not kept to the bridge alone", slog.String("file", warning))
	}
	if len(a.settings.WebhookSecrets()) == 0 {
		a.logger.WarnContext(ctx, "PLANE_WEBHOOK_SECRET is not set: webhooks are refused with 503 until it is")
	}
	if len(a.bridge.Flows()) == 0 {
		gaps := errors.Join(append(settings.Odoo(a.settings), settings.Plane(a.settings)...)...)
		a.logger.WarnContext(ctx, "no flow is on: nothing is mirrored", slog.Any("error", gaps))
	}
}

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot listen there: %w", setting, err)
	}
	return listener, nil
}

// serveHTTP serves a handler until the context ends.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler) error {
	return httpserver.Server{Handler: handler}.Serve(ctx, listener)
}
