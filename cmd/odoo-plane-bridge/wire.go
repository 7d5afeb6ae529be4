package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
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
	oauth      *oauth.Keeper
	queue      *bridge.Queue
	metrics    *bridge.Metrics
	bridge     *bridge.Bridge
	receiver   *bridge.Receiver
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
	a.oauth = oauth.New(oauth.Config{Pool: a.pool, App: a.oauthSettings, Logger: logger})
	if err := a.wireClients(); err != nil {
		a.pool.Close()
		return nil, err
	}
	a.metrics = bridge.NewMetrics(a.pool)
	a.queue, err = bridge.NewQueue(a.pool, bridge.QueueConfig{
		InstanceID: instanceID(s), Workers: int(s.Workers), PollOnly: s.DatabasePooler, Logger: logger,
	})
	if err != nil {
		a.pool.Close()
		return nil, err
	}
	remote := map[string]bridge.Check{"plane": a.checkPlane, "odoo": a.checkOdoo}
	a.bridge = bridge.New(bridge.Config{
		Pool: a.pool, Queue: a.queue, Plane: a.plane, Workspace: string(s.PlaneWorkspaceSlug), AppURL: s.AppURL(),
		Flows: a.flows(), Remote: remote, Metrics: a.metrics, Logger: logger,
		SyncSchedule: s.SyncSchedule, ReconcileSchedule: s.ReconcileSchedule, CleanupSchedule: s.CleanupSchedule,
		CancelBrake: float64(s.CancelBrake), ReportDrift: s.DriftPolicy == "report", Retention: s.DeliveryRetention.Duration(),
	})
	health := bridge.NewHealth(a.pool, remote)
	a.receiver = bridge.NewReceiver(bridge.NewInbox(a.pool, a.queue), a.queue, a.secrets(), health, a.metrics, logger)
	a.receiver.ServeOAuth(a.oauth)
	return a, nil
}

func (a *app) wireClients() error {
	s := a.settings
	err := a.wirePlane(bridge.NewSharedBudget(a.pool, a.budgetKey, a.logger))
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
		BaseURL: s.PlaneBaseURL.String(), Workspace: string(s.PlaneWorkspaceSlug), Auth: liveKey{a.live, a.parameters},
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
func (a *app) budgetKey() bridge.BudgetKey {
	if a.settings.PlaneAuth == "bot" {
		return bridge.NewBudgetKey(a.plane.APIURL(), "bot of workspace "+a.plane.Workspace())
	}
	return bridge.NewBudgetKey(a.plane.APIURL(), a.live.Current().PlaneAPIKey.Reveal())
}

func (a *app) secrets() bridge.Secrets {
	return bridge.Secrets{
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
}

// Authorize adds the key, or fails before the request is sent.
func (k liveKey) Authorize(ctx context.Context, r *http.Request) error {
	if err := k.parameters.unknown("PLANE_BASE_URL", "PLANE_WORKSPACE_SLUG"); err != nil {
		return err
	}
	key := k.live.Current().PlaneAPIKey
	if key == "" {
		return fmt.Errorf("%w: PLANE_API_KEY is not set (ssot/secrets/registry.yaml#plane_api_key)", bridge.ErrKeyMissing)
	}
	return plane.APIKey(key.Reveal()).Authorize(ctx, r)
}

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
	return err
}

// openPool prepares connections to the database and opens none yet.
func openPool(s settings.Settings) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(s.DatabaseURL.Reveal())
	if err != nil {
		// The library's error quotes the address; only its kind is told.
		return nil, fmt.Errorf("%w:\n%w", errUsage, settings.Fault{Setting: "DATABASE_URL", Problem: "expected an address such as postgres://user@host:5432/database"})
	}
	// A worker holds one connection for its lock and needs another beside it.
	config.MaxConns = max(config.MaxConns, int32(2*s.Workers)+12) //nolint:gosec // Workers is at most 100
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "odoo-plane-bridge"
	if s.DatabasePooler {
		// Nothing is prepared under a name, and yet the server is asked for the types:
		// without them a map cannot be written to a jsonb column.
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		delete(config.ConnConfig.RuntimeParams, "application_name")
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("preparing the database: %w", err)
	}
	return pool, nil
}

// connectTo opens the database for Vault, which is asked before settings are
// known.
func connectTo(getenv func(string) string) func(context.Context) (*pgx.Conn, error) {
	return func(ctx context.Context) (*pgx.Conn, error) {
		spec := settings.Spec{Name: "DATABASE_URL", Secret: "database_url"}
		address, found, err := settings.Environment{Getenv: getenv}.Lookup(ctx, spec)
		if err != nil || !found {
			return nil, errors.Join(errors.New("DATABASE_URL is not set"), err)
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return pgx.Connect(ctx, strings.TrimSpace(address))
	}
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
