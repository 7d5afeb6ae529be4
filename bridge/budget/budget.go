package budget

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"

	"github.com/insightpulseai/odoo-plane-bridge/internal/wait"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	// askAgain is how long a wait goes on before it looks again, because what
	// another replica was told may have made room earlier.
	askAgain = time.Second
	// askSpread is added to each wait at random, so that replicas that wait for
	// the same moment take turns and the one nearest to the database does not
	// always come first.
	askSpread = 20 * time.Millisecond
	// budgetTimeout bounds one look into the database, so that a server that
	// stopped answering becomes an error.
	budgetTimeout = 10 * time.Second
)

// Key names what Plane counts together: one API key on one server.
type Key string

// NewKey returns the name under which the requests of a credential (an API
// key, or what stays the same about a bot whose token changes) to a server are
// counted. apiURL is plane.Client.APIURL, so that spellings of one address count
// as one. The credential cannot be read out of the name: it is a SHA-256.
func NewKey(apiURL, credential string) Key {
	sum := sha256.Sum256([]byte(apiURL + "\x00" + credential))
	return Key(hex.EncodeToString(sum[:]))
}

// Budget is a plane.Budget that all replicas and one-off commands share
// through PostgreSQL: one row per key holds a plane.Window, a short transaction
// locks it, and the database's clock is everybody's clock. It keeps no session
// state, so it works through a transaction-mode pooler.
//
// While the database is away Wait fails with ErrBudgetUnavailable instead of
// guessing: replicas that cannot see each other would overspend the key together,
// and without the database there is no queue to work through anyway. Whoever
// works without one gives the client plane.NewBudget.
type Budget struct {
	store  budgetStore
	key    func() Key
	logger *slog.Logger
	// turns are held by the one that asks in a lane; the others line up in the order
	// in which they came.
	turns map[plane.Lane]*semaphore.Weighted
	news  news
}

// New returns a budget and makes no connection. key is asked each
// time, so that a rotated API key gets a row of its own.
func New(pool *pgxpool.Pool, key func() Key, logger *slog.Logger) *Budget {
	return &Budget{
		store: budgetStore{pool: pool}, key: key, logger: logger,
		turns: map[plane.Lane]*semaphore.Weighted{
			plane.LaneInteractive: semaphore.NewWeighted(1), plane.LaneBackfill: semaphore.NewWeighted(1), plane.LaneSweep: semaphore.NewWeighted(1),
		},
	}
}

var _ plane.Budget = (*Budget)(nil)

// Wait implements plane.Budget. Besides *plane.BusyError and the context's own
// error it returns plane.ErrBudgetUnavailable, after which trying again is safe.
func (b *Budget) Wait(ctx context.Context, lane plane.Lane) error {
	start := time.Now()
	for {
		news := b.news.next()
		room, err := b.ask(ctx, lane)
		if err != nil || room == 0 {
			return err
		}
		// By this machine's clock, which is the one the caller compares with.
		until := time.Now().Add(room)
		if err := plane.CheckMaxWait(ctx, start, until, nil); err != nil {
			return err
		}
		if err := wait.ForNews(ctx, min(room, askAgain)+rand.N(askSpread), news); err != nil { //nolint:gosec // a spread needs no secrecy
			return err
		}
	}
}

// ask takes a place and returns 0, or returns how long there is none. It looks
// without a lock first, so that those who wait do not hold up those who may go;
// and one at a time per lane, so that a process with many workers does not crowd
// at the row.
func (b *Budget) ask(ctx context.Context, lane plane.Lane) (time.Duration, error) {
	turn := b.turnOf(lane)
	if err := turn.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	defer turn.Release(1)
	asking, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	wait, err := b.look(asking, lane)
	if err == nil && wait == 0 {
		wait, err = b.reserve(asking, lane)
	}
	switch {
	case err == nil:
		return wait, nil
	case ctx.Err() != nil:
		// A commit that was cut may have taken a place. It counts as in flight for
		// a minute and a half, which errs on the safe side.
		return 0, ctx.Err()
	default:
		return 0, fmt.Errorf("%w: %w", plane.ErrBudgetUnavailable, err)
	}
}

// look answers like reserve and takes nothing.
func (b *Budget) look(ctx context.Context, lane plane.Lane) (time.Duration, error) {
	w, now, err := b.store.read(ctx, b.key())
	if err != nil {
		return 0, err
	}
	return until(w.Reserve(now, lane), now), nil
}

func (b *Budget) reserve(ctx context.Context, lane plane.Lane) (time.Duration, error) {
	var wait time.Duration
	err := b.store.change(ctx, b.key(), func(w *plane.Window, now time.Time) bool {
		wait = until(w.Reserve(now, lane), now)
		return wait == 0
	})
	return wait, err
}

// until is 0 for a place that was taken, and otherwise never 0.
func until(at, now time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(at.Sub(now), time.Microsecond)
}

// Observe implements plane.Budget. What cannot be noted is logged and costs a
// little room: the request counts as in flight until it has surely left Plane's
// log.
func (b *Budget) Observe(ctx context.Context, o plane.Observation) {
	seen := time.Now()
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	took := o.Took
	err := b.store.change(ctx, b.key(), func(w *plane.Window, now time.Time) bool {
		// The window reckons from now back to when the request was sent, so the
		// way to the database counts, too. Else it might take a request of
		// another replica that was sent later for this one.
		o.Took = took + time.Since(seen)
		w.Observe(now, o)
		return true
	})
	if err != nil {
		b.logger.WarnContext(ctx, "Plane's answer could not be noted in the shared rate budget",
			slog.Int("status", o.Status), slog.Any("error", err))
		return
	}
	b.news.tell()
}

// Status returns what is believed about the budget now. It is empty, without even
// a limit, when the database cannot be asked.
func (b *Budget) Status(ctx context.Context) plane.BudgetStatus {
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	w, now, err := b.store.read(ctx, b.key())
	if err != nil {
		b.logger.WarnContext(ctx, "the shared rate budget could not be read", slog.Any("error", err))
		return plane.BudgetStatus{}
	}
	return w.Status(now)
}

func (b *Budget) turnOf(lane plane.Lane) *semaphore.Weighted {
	if t, ok := b.turns[lane]; ok {
		return t
	}
	return b.turns[plane.LaneBackfill] // as the window takes a lane that it does not know
}
