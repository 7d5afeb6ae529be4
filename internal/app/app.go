package app

import (
	"cmp"
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
	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Config is what an app takes besides the settings.
type Config struct {
	Logger *slog.Logger
	// Version is the program's own.
	Version string
	// PlaneTimeout bounds one request to Plane; the client's own when 0.
	PlaneTimeout time.Duration
}

// App is a bridge with all its parts.
type App struct {
	Settings settings.Settings
	Live     *settings.Live
	Logger   *slog.Logger
	Pool     *pgxpool.Pool
	Plane    *plane.Client
	Odoo     *odoo.Client // nil when Odoo is not configured
	OAuth    *oauth.Keeper
	// People are those who consented to the bridge's acting in their names.
	People   *oauth.People
	Engine   *engine.Engine
	Receiver *web.Receiver

	config Config
	// parameters are the settings that Odoo holds; they own the Odoo client.
	parameters *OdooParameters
	// address says whether secrets may go to where Plane is.
	address *PlaneAddress
	queue   *queue.Queue
	metrics *observe.Metrics
	// main and side are the receiver's and the metrics' ports, once taken.
	main, side net.Listener
	// hangup asks for the settings to be read again at once; nil never does.
	hangup <-chan os.Signal

	// saidParameters and saidUnusable keep refresh from repeating itself.
	saidParameters ParametersKind
	saidUnusable   string
}

// New puts an app together. It makes no connection, so it works while the servers are
// away.
func New(s settings.Settings, live *settings.Live, config Config) (*App, error) {
	a := &App{Settings: s, Live: live, Logger: config.Logger, config: config, parameters: parametersOf(live, config.Logger)}
	var err error
	if a.Pool, err = database.Open(s); err != nil {
		return nil, err
	}
	a.address = &PlaneAddress{Pool: a.Pool}
	a.OAuth = oauth.New(oauth.Config{Pool: a.Pool, App: a.oauthSettings, Logger: a.Logger})
	if err := a.wireClients(); err != nil {
		a.Pool.Close()
		return nil, err
	}
	a.metrics = engine.NewMetrics(a.Pool)
	a.queue, err = queue.New(a.Pool, queue.Config{
		InstanceID: instanceID(s), Workers: database.WorkersWithin(a.Pool, s), PollOnly: s.DatabasePooler, Logger: a.Logger,
	})
	if err != nil {
		a.Pool.Close()
		return nil, err
	}
	a.People = oauth.NewPeople(a.OAuth, a.personClient)
	remote := map[string]bridge.Check{"plane": a.checkPlane, "odoo": a.checkOdoo}
	a.Engine = engine.New(engine.Config{
		Pool: a.Pool, Queue: a.queue, Plane: a.Plane, Workspace: string(s.PlaneWorkspaceSlug), AppURL: s.AppURL(),
		Flows: a.flows(), Remote: remote, Metrics: a.metrics, Logger: a.Logger,
		People:       a.People,
		SyncSchedule: s.SyncSchedule, ReconcileSchedule: s.ReconcileSchedule, CleanupSchedule: s.CleanupSchedule,
		CancelBrake: float64(s.CancelBrake), ReportDrift: s.DriftPolicy == "report", Retention: s.DeliveryRetention.Duration(),
	})
	health := engine.NewHealth(a.Pool, remote)
	health.Watch("project", lookAtProjectsEvery, func(ctx context.Context) error {
		return sweep.ProjectsNote(plane.WithLane(ctx, plane.LaneSweep), a.Plane, a.Pool, a.Engine.Flows())
	})
	a.Receiver = web.New(ledger.NewInbox(a.Pool, a.queue).WaitFor(a.Engine.Migrated()), a.queue, a.secrets(), health, a.metrics, a.Logger)
	a.Receiver.ServeOAuth(a.OAuth)
	a.Receiver.TakeCallsOf(hooks()...)
	a.Receiver.OnRefused(a.Engine.OweSweep)
	a.Receiver.TrustProxies(s.TrustedProxies)
	return a, nil
}

// Close gives the connections to the database back.
func (a *App) Close() { a.Pool.Close() }

// Parameters are the settings that stand in Odoo.
func (a *App) Parameters() *OdooParameters { return a.parameters }

// Address guards secrets against an address of Plane that somebody else wrote.
func (a *App) Address() *PlaneAddress { return a.address }

func (a *App) wireClients() error {
	s := a.Settings
	err := a.wirePlane(budget.New(a.Pool, a.budgetKey, a.Logger))
	if err != nil || s.OdooURL == "" {
		return err
	}
	a.Odoo, err = a.parameters.clientFor(s)
	return err
}

// KeepOwnBudget builds the client for Plane anew, with a rate budget that no replica
// shares: the shared one refuses every request while the database is away.
func (a *App) KeepOwnBudget() error { return a.wirePlane(plane.NewBudget()) }

func (a *App) wirePlane(budget plane.Budget) error {
	config := a.planeConfig(budget)
	config.Auth = liveKey{a.Live, a.parameters, a.address, a.Settings}
	if a.Settings.PlaneAuth == "bot" {
		bot := a.OAuth.Bot()
		config.Auth, config.HTTPClient = bot, bot.HTTPClient()
	}
	var err error
	a.Plane, err = plane.New(config)
	return err
}

// planeConfig is what every client for Plane has in common, whoever it signs for.
func (a *App) planeConfig(budget plane.Budget) plane.Config {
	return plane.Config{
		BaseURL: a.Settings.PlaneBaseURL.String(), Workspace: string(a.Settings.PlaneWorkspaceSlug), Budget: budget, Logger: a.Logger,
		UserAgent: "odoo-plane-bridge/" + a.config.Version, Timeout: cmp.Or(a.config.PlaneTimeout, plane.DefaultTimeout),
	}
}

// budgetKey names whose requests Plane counts together: those of the key as it
// is now, or of the bot whatever its token, in every replica.
func (a *App) budgetKey() budget.Key {
	if a.Settings.PlaneAuth == "bot" {
		return budget.NewKey(a.Plane.APIURL(), "bot of workspace "+a.Plane.Workspace())
	}
	return budget.NewKey(a.Plane.APIURL(), a.Live.Current().PlaneAPIKey.Reveal())
}

func (a *App) secrets() web.Secrets {
	return web.Secrets{
		Webhook:   func() []string { return a.Live.Current().WebhookSecrets() },
		OdooToken: func() string { return a.Live.Current().OdooWebhookToken.Reveal() },
		Admin:     func() string { return a.Live.Current().AdminToken.Reveal() },
	}
}

// liveKey signs requests with the API key as it is now, so that a rotated key is
// taken up without a restart.
type liveKey struct {
	live       *settings.Live
	parameters *OdooParameters
	address    *PlaneAddress
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
	if err := k.address.Permit(ctx, k.built, current, "PLANE_API_KEY"); err != nil {
		return err
	}
	return plane.APIKey(key.Reveal()).Authorize(ctx, r)
}

// lookAtProjectsEvery bounds what readiness spends of the rate limit on projects.
const lookAtProjectsEvery = 5 * time.Minute

// checkPlane is the deploy gate: /api/v1/users/me/ has to answer 200.
func (a *App) checkPlane(ctx context.Context) error {
	if _, err := a.Plane.Me(plane.WithLane(ctx, plane.LaneInteractive)); err != nil {
		return err
	}
	return errors.Join(settings.Plane(a.Live.Current())...)
}

func (a *App) checkOdoo(ctx context.Context) error {
	if a.Odoo == nil {
		return errors.Join(settings.Odoo(a.Settings)...)
	}
	if _, err := a.Odoo.Version(ctx); err != nil {
		return err
	}
	_, err := a.Odoo.Connect(ctx)
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
