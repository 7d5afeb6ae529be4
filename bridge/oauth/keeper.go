package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

// Config is what a Keeper is built from.
type Config struct {
	Pool *pgxpool.Pool
	// App is read for each use.
	App func() App
	// HTTPClient reaches Plane; nil means plane's default.
	HTTPClient *http.Client
	Logger     *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Keeper keeps the tokens of one Plane app for all replicas. It is safe for
// concurrent use.
type Keeper struct {
	pool   *pgxpool.Pool
	app    func() App
	http   *http.Client
	logger *slog.Logger
	now    func() time.Time

	probed sync.Map // server that was seen to have OAuth apps -> time.Time
}

// New returns a keeper. It makes no connection.
func New(config Config) *Keeper {
	k := &Keeper{pool: config.Pool, app: config.App, http: config.HTTPClient, logger: config.Logger, now: config.Now}
	if k.now == nil {
		k.now = time.Now
	}
	return k
}

// every is how often Run looks. It is far below the shortest time between the
// renewal of a token and its end (see renewAt).
const every = time.Minute

// Run renews what is due, seals anew what a previous key sealed, and forgets old
// states, every minute until the context ends. Every replica may run it: rows are
// locked. The first look comes after a minute, when the database is migrated.
func (k *Keeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := k.Look(ctx); err != nil && ctx.Err() == nil {
			k.logger.ErrorContext(ctx, "OAuth tokens could not be looked after; trying again", slog.Any("error", err), slog.Duration("wait", every))
		}
	}
}

// Look is one round of Run. Without an encryption key there is nothing to do: no
// token can be stored either.
func (k *Keeper) Look(ctx context.Context) error {
	app := k.app()
	if app.Key == "" {
		return nil
	}
	box, err := app.box()
	if err != nil {
		return err
	}
	return errors.Join(k.reseal(ctx, app, box), k.renewDue(ctx, app), grants.In(k.pool).ForgetStates(ctx, k.now()))
}

// reseal ends a rotation: whatever the previous key sealed is sealed with the
// current one, tokens that nobody reads included. A crash in between leaves rows
// of both kinds, and the next round goes on.
func (k *Keeper) reseal(ctx context.Context, app App, box *sealed.Box) error {
	all, err := grants.In(k.pool).All(ctx, app.server())
	if err != nil {
		return err
	}
	var faults []error
	for _, g := range all {
		if box.Current(g.Sealed) {
			continue
		}
		_, err := k.open(ctx, box, g)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func (k *Keeper) renewDue(ctx context.Context, app App) error {
	due, err := grants.In(k.pool).Due(ctx, app.server(), k.now())
	if err != nil {
		return err
	}
	var faults []error
	for _, g := range due {
		_, err := k.renew(ctx, g.Key, false, k.isDue)
		if err != nil && !errors.Is(err, errBusy) {
			faults = append(faults, fmt.Errorf("renewing the token of %s %s: %w", g.Kind, g.Subject, err))
		}
	}
	return errors.Join(faults...)
}

func (k *Keeper) isDue(current grants.Held) bool { return current.Due(k.now()) }
