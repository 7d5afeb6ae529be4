package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// PanicError is a panic as an error: a fault of the program, met in one piece of work.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("the bridge panicked, which is a fault of the program itself: %v", e.Value)
}

// Guarded runs work and turns a panic into a *PanicError, so that one odd input ends
// the piece of work that met it, with a cause and a try to come, and nothing else.
func Guarded[T any](work func() (T, error)) (result T, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return work()
}

// guardedVerdict is Guarded for a handler.
func guardedVerdict(handle func() bridge.Verdict) bridge.Verdict {
	verdict, err := Guarded(func() (bridge.Verdict, error) { return handle(), nil })
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return verdict
}

// noteTimeout bounds a note in the database that nobody waits for.
const noteTimeout = 10 * time.Second

// panicShownFor is how long readiness tells of a panic.
const panicShownFor = time.Hour

const (
	sqlNotePanic = `INSERT INTO ops.panics (kind, what) VALUES ($1, $2)
		ON CONFLICT (kind) DO UPDATE SET times = ops.panics.times + 1, last_at = now(), what = EXCLUDED.what`

	sqlRecentPanics = `SELECT kind, times, what FROM ops.panics WHERE last_at > now() - $1::interval ORDER BY last_at DESC`
)

// panicked counts, logs and keeps a panic. It is kept in the database, so that every
// replica's readiness tells of it.
func (f Finisher) panicked(ctx context.Context, kind string, job int64, failure *PanicError) {
	f.metrics.Panicked(kind)
	f.logger.ErrorContext(ctx, "work panicked: a fault of the bridge itself", slog.String("kind", kind), slog.Int64("job", job),
		slog.Any("panic", failure.Value), slog.String("stack", string(failure.Stack)))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	if _, err := f.queue.pool.Exec(ctx, sqlNotePanic, kind, fmt.Sprint(failure.Value)); err != nil {
		f.logger.WarnContext(ctx, "the panic could not be kept for readiness", slog.Any("error", err))
	}
}

// PanicsNote tells of panics within the last hour, in any replica. It is a note: were
// it a failure, one odd input would take every replica out of service, and webhooks
// would be refused that have nothing to do with it.
func PanicsNote(ctx context.Context, pool *pgxpool.Pool) error {
	type panicRow struct {
		Kind  string `db:"kind"`
		Times int64  `db:"times"`
		What  string `db:"what"`
	}
	rows, err := pool.Query(ctx, sqlRecentPanics, panicShownFor)
	if err != nil {
		return fmt.Errorf("reading whether any work panicked: %w", err)
	}
	recent, err := pgx.CollectRows(rows, pgx.RowToStructByName[panicRow])
	if err != nil {
		return fmt.Errorf("reading whether any work panicked: %w", err)
	}
	if len(recent) == 0 {
		return nil
	}
	return &bridge.Note{Text: fmt.Sprintf("work of kind %s panicked within the last hour (%d times in all): %s; the log has the stack, please report it",
		recent[0].Kind, recent[0].Times, recent[0].What)}
}

// PanicOf returns the panic in an error.
func PanicOf(err error) (*PanicError, bool) {
	var failure *PanicError
	return failure, errors.As(err, &failure)
}
