package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/budget"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/web"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// This file is the one place that builds everything.

// app is a bridge with all its parts.
type app struct {
	settings settings.Settings
	live     *settings.Live
	logger   *slog.Logger
	pool     *pgxpool.Pool
	plane    *plane.Client
	odoo     *odoo.Client // nil when Odoo is not configured
	// parameters are the settings that Odoo holds; they own the Odoo client.
	parameters *odooParameters
	// address says whether secrets may go to where Plane is.
	address  *planeAddress
	oauth    *oauth.Keeper
	queue    *queue.Queue
	metrics  *observe.Metrics
	bridge   *engine.Engine
	receiver *web.Receiver
	// main and side are the receiver's and the metrics' ports, once taken.
	main, side net.Listener
	// hangup asks for the settings to be read again at once; nil never does.
	hangup <-chan os.Signal

	// saidParameters and saidUnusable keep refresh from repeating itself.
	saidParameters parametersKind
	saidUnusable   string
}

// wire puts an app together. It makes no connection, so it works while the
// servers are away.
func wire(s settings.Settings, live *settings.Live, logger *slog.Logger) (*app, error) {
	a := &app{settings: s, live: live, logger: logger, parameters: parametersOf(live, logger)}
	var err error
	if a.pool, err = openPool(s); err != nil {
		return nil, err
	}
	a.address = &planeAddress{pool: a.pool}
	a.oauth = oauth.New(oauth.Config{Pool: a.pool, App: a.oauthSettings, Logger: logger})
	if err := a.wireClients(); err != nil {
		a.pool.Close()
		return nil, err
	}
	a.metrics = engine.NewMetrics(a.pool)
	a.queue, err = queue.New(a.pool, queue.Config{
		InstanceID: instanceID(s), Workers: workersWithin(a.pool, s), PollOnly: s.DatabasePooler, Logger: logger,
	})
	if err != nil {
		a.pool.Close()
		return nil, err
	}
	remote := map[string]bridge.Check{"plane": a.checkPlane, "odoo": a.checkOdoo}
	a.bridge = engine.New(engine.Config{
		Pool: a.pool, Queue: a.queue, Plane: a.plane, Workspace: string(s.PlaneWorkspaceSlug), AppURL: s.AppURL(),
		Flows: a.flows(), Remote: remote, Metrics: a.metrics, Logger: logger,
		People:       oauth.NewPeople(a.oauth, a.personClient),
		SyncSchedule: s.SyncSchedule, ReconcileSchedule: s.ReconcileSchedule, CleanupSchedule: s.CleanupSchedule,
		CancelBrake: float64(s.CancelBrake), ReportDrift: s.DriftPolicy == "report", Retention: s.DeliveryRetention.Duration(),
	})
	health := engine.NewHealth(a.pool, remote)
	health.Watch("project", lookAtProjectsEvery, func(ctx context.Context) error {
		return sweep.ProjectsNote(plane.WithLane(ctx, plane.LaneSweep), a.plane, a.pool, a.bridge.Flows())
	})
	a.receiver = web.New(ledger.NewInbox(a.pool, a.queue).WaitFor(a.bridge.Migrated()), a.queue, a.secrets(), health, a.metrics, logger)
	a.receiver.ServeOAuth(a.oauth)
	a.receiver.OnRefused(a.bridge.OweSweep)
	a.receiver.TrustProxies(s.TrustedProxies)
	return a, nil
}

func (a *app) wireClients() error {
	s := a.settings
	err := a.wirePlane(budget.New(a.pool, a.budgetKey, a.logger))
	if err != nil || s.OdooURL == "" {
		return err
	}
	a.odoo, err = a.parameters.clientFor(s)
	return err
}

// planeTimeout bounds one request to Plane; tests of processes shorten it.
var planeTimeout = plane.DefaultTimeout

func (a *app) wirePlane(budget plane.Budget) error {
	s := a.settings
	config := plane.Config{
		BaseURL: s.PlaneBaseURL.String(), Workspace: string(s.PlaneWorkspaceSlug), Auth: liveKey{a.live, a.parameters, a.address, s},
		Budget: budget, Logger: a.logger, UserAgent: "odoo-plane-bridge/" + version,
		Timeout: planeTimeout,
	}
	if s.PlaneAuth == "bot" {
		bot := a.oauth.Bot()
		config.Auth, config.HTTPClient = bot, bot.HTTPClient()
	}
	var err error
	a.plane, err = plane.New(config)
	return err
}

// budgetKey names whose requests Plane counts together: those of the key as it
// is now, or of the bot whatever its token, in every replica.
func (a *app) budgetKey() budget.Key {
	if a.settings.PlaneAuth == "bot" {
		return budget.NewKey(a.plane.APIURL(), "bot of workspace "+a.plane.Workspace())
	}
	return budget.NewKey(a.plane.APIURL(), a.live.Current().PlaneAPIKey.Reveal())
}

func (a *app) secrets() web.Secrets {
	return web.Secrets{
		Webhook:   func() []string { return a.live.Current().WebhookSecrets() },
		OdooToken: func() string { return a.live.Current().OdooWebhookToken.Reveal() },
		Admin:     func() string { return a.live.Current().AdminToken.Reveal() },
	}
}

// liveKey signs requests with the API key as it is now, so that a rotated key is
// taken up without a restart.
type liveKey struct {
	live       *settings.Live
	parameters *odooParameters
	address    *planeAddress
	// built are the settings that the client was built from, and so where it sends to.
	built settings.Settings
}

// Authorize adds the key, or fails before the request is sent.
func (k liveKey) Authorize(ctx context.Context, r *http.Request) error {
	if err := k.parameters.unknown("PLANE_BASE_URL", "PLANE_WORKSPACE_SLUG"); err != nil {
		return err
	}
	current := k.live.Current()
	key := current.PlaneAPIKey
	if key == "" {
		return fmt.Errorf("%w: PLANE_API_KEY is not set (ssot/secrets/registry.yaml#plane_api_key)", bridge.ErrKeyMissing)
	}
	if err := k.address.permit(ctx, k.built, current, "PLANE_API_KEY"); err != nil {
		return err
	}
	return plane.APIKey(key.Reveal()).Authorize(ctx, r)
}

// lookAtProjectsEvery bounds what readiness spends of the rate limit on projects.
const lookAtProjectsEvery = 5 * time.Minute

// checkPlane is the deploy gate: /api/v1/users/me/ has to answer 200.
func (a *app) checkPlane(ctx context.Context) error {
	if _, err := a.plane.Me(plane.WithLane(ctx, plane.LaneInteractive)); err != nil {
		return err
	}
	return errors.Join(settings.Plane(a.live.Current())...)
}

func (a *app) checkOdoo(ctx context.Context) error {
	if a.odoo == nil {
		return errors.Join(settings.Odoo(a.settings)...)
	}
	if _, err := a.odoo.Version(ctx); err != nil {
		return err
	}
	_, err := a.odoo.Connect(ctx)
	if errors.Is(err, odoo.ErrDenied) {
		return fmt.Errorf("%w: %w", bridge.ErrRefused, err)
	}
	return err
}

// instanceID names this replica by host and port: the same after a restart, and
// different for two replicas on one host.
func instanceID(s settings.Settings) string {
	if s.InstanceID != "" {
		return s.InstanceID
	}
	host, err := os.Hostname()
	if err != nil {
		host = "bridge"
	}
	_, port, err := net.SplitHostPort(string(s.ListenAddr))
	if err != nil || port == "0" {
		return fmt.Sprintf("%s:pid%d", host, os.Getpid())
	}
	return host + ":" + port
}
