package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	// localFor is how long the result of a check of the database stands.
	localFor = 2 * time.Second
	// QueueTooOld is when work that is due but not begun means that something is
	// stuck.
	QueueTooOld = 5 * time.Minute
)

// NewHealth returns the checks of the database and of what only the bridge knows, and
// those given for remote servers.
func NewHealth(pool *pgxpool.Pool, remote map[string]bridge.Check) *observe.Health {
	h := observe.NewHealth()
	for name, check := range map[string]func(context.Context, *pgxpool.Pool) error{
		"database": migrations.Access, "migrations": checkMigrations, "queue_age": checkQueueAge, "panics": queue.PanicsNote,
		"clock": queue.ClockNote, "webhook": sweep.SilenceNote, "brake": ledger.BrakeNote, "links": linksNote,
	} {
		h.Watch(name, localFor, func(ctx context.Context) error { return check(ctx, pool) })
	}
	for name, check := range remote {
		h.Watch(name, observe.RemoteFor, unlessBusy(check))
	}
	return h
}

// unlessBusy passes a check that could not ask, because the rate limit of the far side
// is spent: that is no trouble of anybody's.
func unlessBusy(check bridge.Check) bridge.Check {
	return func(ctx context.Context) error {
		err := check(plane.WithMaxWait(ctx, queue.ProbeWait))
		if busy := new(plane.BusyError); errors.As(err, &busy) {
			return &bridge.Note{Text: "it was not asked, because the rate limit is spent until " + busy.Until.UTC().Format(time.DateTime+" MST")}
		}
		return err
	}
}

func linksNote(ctx context.Context, pool *pgxpool.Pool) error {
	return LinksNote(ctx, mapping.NewStore(pool))
}

// LinksNote tells of links that carry an error: work items that are not as Odoo wants
// them. It is a note, because one work item must not take the bridge out of service.
func LinksNote(ctx context.Context, links *mapping.Store) error {
	failing, err := links.Failing(ctx)
	if err != nil || failing.Links == 0 {
		return err
	}
	return &bridge.Note{Text: fmt.Sprintf("%d links carry an error, among them %s: %s; `mappings audit` lists them", failing.Links, failing.Key, failing.Why)}
}

// checkMigrations lets a newer schema pass: while replicas are exchanged one by
// one, those of the version before have to keep their traffic.
func checkMigrations(ctx context.Context, pool *pgxpool.Pool) error {
	err := migrations.Check(ctx, pool)
	if errors.Is(err, migrations.ErrNewer) {
		return nil
	}
	return err
}

// Work that waits behind other work is not stuck as long as its queue begins some: at
// one request a second a first mirroring takes longer than queueTooOld. Work that was
// snoozed, or failed, is made available by the queue's leader within seconds however
// much is waiting; a queue without a leader shows by it alone.
const sqlOldestStuck = `SELECT now() - min(due.scheduled_at) FROM ops.river_job due
	WHERE due.state IN ('available', 'retryable', 'scheduled') AND due.scheduled_at < now() - $1::interval
		AND (due.state <> 'available' OR NOT EXISTS (SELECT FROM ops.river_job begun
			WHERE begun.queue = due.queue AND begun.attempted_at > now() - $1::interval))`

func checkQueueAge(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, sqlOldestStuck, QueueTooOld)
	if err != nil {
		return fmt.Errorf("reading the age of the queue: %w", err)
	}
	age, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*time.Duration])
	if err != nil {
		return fmt.Errorf("reading the age of the queue: %w", err)
	}
	if age != nil {
		return fmt.Errorf("work has been due for %s without being begun", age.Round(time.Second))
	}
	return nil
}

// NewMetrics returns metrics that show what every room counts.
func NewMetrics(pool *pgxpool.Pool) *observe.Metrics {
	return observe.NewMetrics(pool, queue.Kinds(), slices.Concat(ledger.Gauges(), sweep.Gauges(), queue.Gauges()))
}
