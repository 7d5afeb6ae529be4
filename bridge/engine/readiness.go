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
)

const (
	// localFor and remoteFor are how long a result stands. A probe every few
	// seconds must not spend Plane's rate budget.
	localFor  = 2 * time.Second
	remoteFor = time.Minute
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
		h.Watch(name, remoteFor, check)
	}
	return h
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

const sqlOldestDue = `SELECT now() - min(scheduled_at) FROM ops.river_job
	WHERE state IN ('available', 'retryable') AND scheduled_at <= now()`

func checkQueueAge(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, sqlOldestDue)
	if err != nil {
		return fmt.Errorf("reading the age of the queue: %w", err)
	}
	age, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*time.Duration])
	if err != nil {
		return fmt.Errorf("reading the age of the queue: %w", err)
	}
	if age != nil && *age > QueueTooOld {
		return fmt.Errorf("work has been due for %s without being begun", age.Round(time.Second))
	}
	return nil
}

// NewMetrics returns metrics that show what every room counts.
func NewMetrics(pool *pgxpool.Pool) *observe.Metrics {
	return observe.NewMetrics(pool, queue.Kinds(), slices.Concat(ledger.Gauges(), sweep.Gauges(), queue.Gauges()))
}
