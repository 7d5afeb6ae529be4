package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/postgres"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// demoSecret signs the demo's webhooks. It guards nothing.
const demoSecret = "demo-webhook-secret" //nolint:gosec // a simulated server's secret

// world is the demo's stage: a PostgreSQL, both simulated servers and the bridge,
// all real processes and sockets except for what Plane and Odoo themselves are.
type world struct {
	process  *process
	database *postgres.Server // nil when --database was given
	plane    *planetest.Server
	odoo     *odootest.Server
	app      *app

	planeURL, odooURL, bridgeURL string

	// year is whose deadlines the demo mirrors.
	year int
	ctx  context.Context //nolint:containedctx // the demo's own life
	stop context.CancelFunc
	// served gets the error of whatever ends before the demo does; stopped is
	// closed when the bridge has ended.
	served  chan error
	stopped chan struct{}
	tally   tally
}

func newWorld(p *process, c *demoCommand) (*world, error) {
	ctx, stop := context.WithCancel(p.ctx)
	w := &world{process: p, ctx: ctx, stop: stop, served: make(chan error, 1), year: time.Now().Year()}
	err := errors.Join(w.startServers(ctx, c))
	if err == nil {
		err = w.startBridge(ctx, c)
	}
	if err != nil {
		w.close()
		return nil, fmt.Errorf("setting the demo up: %w", err)
	}
	return w, nil
}

func (w *world) startServers(ctx context.Context, c *demoCommand) error {
	var err error
	w.plane = planetest.New(planetest.Options{Limit: c.Limit, RetryBase: time.Second})
	if w.planeURL, err = w.host(ctx, c.Address, w.plane); err != nil {
		return err
	}
	w.odoo = odootest.New(odootest.Options{})
	if w.odooURL, err = w.host(ctx, "127.0.0.1:0", w.odoo); err != nil {
		return err
	}
	w.odoo.GenerateDeadlines(1, w.year)
	return nil
}

// host serves a simulated server on a port of its own.
func (w *world) host(ctx context.Context, address string, handler http.Handler) (url string, err error) {
	listener, err := listen(ctx, "--address", address)
	if err != nil {
		return "", err
	}
	go func() { w.noteStop(serveHTTP(ctx, listener, handler)) }()
	return "http://" + listener.Addr().String(), nil
}

func (w *world) startBridge(ctx context.Context, c *demoCommand) error {
	dsn, err := w.databaseURL(ctx, c)
	if err != nil {
		return err
	}
	user := w.odoo.LeastPrivilege()
	values := map[string]string{
		"DATABASE_URL": dsn, "LISTEN_ADDR": "127.0.0.1:0", "METRICS_ADDR": "127.0.0.1:0",
		"PLANE_BASE_URL": w.planeURL, "PLANE_APP_URL": w.planeURL, "PLANE_WORKSPACE_SLUG": w.plane.WorkspaceSlug(),
		"PLANE_API_KEY": w.plane.BotKey(), "PLANE_WEBHOOK_SECRET": demoSecret, "PLANE_BIR_PROJECT_ID": w.plane.ProjectID(),
		"ODOO_URL": w.odooURL, "ODOO_DB": "odoo", "ODOO_LOGIN": user.Login, "ODOO_PASSWORD": user.APIKey,
		// The demo syncs when its story says so.
		"SYNC_SCHEDULE": "@every 24h", "LOG_LEVEL": "warn",
	}
	inside := &process{ctx, func(name string) string { return values[name] }, w.process.stdout, w.process.stderr, ""}
	s, live, err := inside.settings(settings.Database, settings.Odoo, settings.Plane)
	if err != nil {
		return err
	}
	if w.app, err = wire(s, live, inside.logger(s)); err != nil {
		return err
	}
	if _, err := migrations.Up(ctx, w.app.pool, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return w.app.listen(ctx)
}

// serve starts the receiver and the workers, and tells Plane where to send its
// webhooks.
func (w *world) serve() {
	w.bridgeURL = "http://" + w.app.main.Addr().String()
	w.stopped = make(chan struct{})
	go func() {
		defer close(w.stopped)
		w.noteStop(w.app.serve(w.ctx))
	}()
	w.plane.AddWebhook(w.bridgeURL+"/api/webhooks/plane", demoSecret, planetest.V1)
}

func (w *world) databaseURL(ctx context.Context, c *demoCommand) (string, error) {
	if c.Database != "" {
		return c.Database, nil
	}
	var err error
	if w.database, err = postgres.Start(ctx, postgres.Options{Durable: true}); err != nil {
		return "", err
	}
	return w.database.DSN("postgres"), nil
}

func (w *world) noteStop(err error) {
	select {
	case w.served <- err:
	default:
	}
}

// close ends everything the demo started, in the order in which it depends on
// each other.
func (w *world) close() {
	if w.plane != nil {
		w.plane.Close()
	}
	w.stop()
	if w.stopped != nil {
		select {
		case <-w.stopped:
		case <-time.After(drainLimit):
		}
	}
	if w.app != nil {
		w.app.pool.Close()
	}
	if w.database != nil {
		if err := w.database.Stop(); err != nil {
			fmt.Fprintln(w.process.stderr, "demo: PostgreSQL did not stop:", err)
		}
	}
}

// drainLimit is how long the demo waits for the bridge to finish its work.
const drainLimit = 25 * time.Second
