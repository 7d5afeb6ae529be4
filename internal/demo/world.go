package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/httpserver"
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
	options  Options
	database *postgres.Server // nil when --database was given
	plane    *planetest.Server
	odoo     *odootest.Server
	app      *app.App

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

func newWorld(process context.Context, options Options) (*world, error) {
	ctx, stop := context.WithCancel(process)
	w := &world{options: options, ctx: ctx, stop: stop, served: make(chan error, 1), year: time.Now().Year()}
	err := w.startServers(ctx)
	if err == nil {
		err = w.startBridge(ctx)
	}
	if err != nil {
		w.close()
		return nil, fmt.Errorf("setting the demo up: %w", err)
	}
	return w, nil
}

func (w *world) startServers(ctx context.Context) error {
	var err error
	w.plane = planetest.New(planetest.Options{Limit: w.options.Limit, RetryBase: time.Second})
	if w.planeURL, err = w.host(ctx, w.options.Address, w.plane); err != nil {
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
	listener, err := httpserver.Listen(ctx, "--address", address)
	if err != nil {
		return "", err
	}
	go func() { w.noteStop(httpserver.Server{Handler: handler}.Serve(ctx, listener)) }()
	return "http://" + listener.Addr().String(), nil
}

func (w *world) startBridge(ctx context.Context) error {
	dsn, err := w.databaseURL(ctx)
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
	inside := app.Surroundings{
		Getenv: func(name string) string { return values[name] }, Log: w.options.Stderr, LogIsRead: w.options.LogIsRead, Version: w.options.Version,
	}
	s, live, err := inside.Settings(ctx, settings.Database, settings.Odoo, settings.Plane)
	if err != nil {
		return err
	}
	if w.app, err = inside.Build(s, live); err != nil {
		return err
	}
	if _, err := migrations.Up(ctx, w.app.Pool, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return w.app.Listen(ctx)
}

// serve starts the receiver and the workers, and tells Plane where to send its
// webhooks.
func (w *world) serve() {
	w.bridgeURL = "http://" + w.app.ListensAt()
	w.stopped = make(chan struct{})
	go func() {
		defer close(w.stopped)
		w.noteStop(w.app.Serve(w.ctx))
	}()
	w.plane.AddWebhook(w.bridgeURL+"/api/webhooks/plane", demoSecret, planetest.V1)
}

func (w *world) databaseURL(ctx context.Context) (string, error) {
	if w.options.Database != "" {
		return w.options.Database, nil
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
		w.app.Close()
	}
	if w.database != nil {
		if err := w.database.Stop(); err != nil {
			fmt.Fprintln(w.options.Stderr, "demo: PostgreSQL did not stop:", err)
		}
	}
}

// drainLimit is how long the demo waits for the bridge to finish its work.
const drainLimit = 25 * time.Second
