package bridge

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertest"
	"github.com/riverqueue/river/rivertype"
)

// What the fault tables, which stand outside this package because they need a
// flow, use of its inside.

// HardCap is how often a delivery is tried in all.
const HardCap = hardCap

// The jobs that the schedules bring.
func SyncJob(flow string) river.JobArgs  { return syncJob{flow} }
func SweepJob(flow string) river.JobArgs { return sweepJob{Flow: flow} }
func ReviveJob() river.JobArgs           { return reviveJob{} }
func CleanupJob() river.JobArgs          { return cleanupJob{} }

// QueueOwed queues the sweeps that are owed, as Run does after a while.
func (b *Bridge) QueueOwed(ctx context.Context) error { return b.queueOwed(ctx) }

// Insert queues a job over a connection of the test's own.
func (b *Bridge) Insert(ctx context.Context, tx pgx.Tx, args river.JobArgs) (id int64, err error) {
	inserted, err := b.config.Queue.client.InsertTx(ctx, tx, args, nil)
	if err != nil {
		return 0, err
	}
	return inserted.Job.ID, nil
}

// WorkJob works on a job once, as a started queue does when it has fetched it: by
// the worker that is registered for its kind, under its timeout, and River notes
// what became of it. tx is of the test's own, so that faults of the database hit
// the work alone.
func (b *Bridge) WorkJob(ctx context.Context, tb testing.TB, tx pgx.Tx, id int64) (*rivertest.WorkResult, error) {
	tb.Helper()
	job, err := b.config.Queue.client.JobGetTx(ctx, tx, id)
	if err != nil {
		return nil, fmt.Errorf("reading job %d: %w", id, err)
	}
	for _, registered := range b.registrations() {
		if single := registered.(singly); single.kind() == job.Kind {
			return single.workJob(ctx, tb, tx, b.config.Queue.workerConfig(nil, nil), job)
		}
	}
	tb.Fatalf("no worker is registered for jobs of kind %s", job.Kind)
	return nil, nil
}

// singly is a registered worker that can be given one job at a time.
type singly interface {
	kind() string
	workJob(ctx context.Context, tb testing.TB, tx pgx.Tx, config *river.Config, job *rivertype.JobRow) (*rivertest.WorkResult, error)
}

func (w *worker[T]) kind() string {
	var args T
	return args.Kind()
}

func (w *worker[T]) workJob(ctx context.Context, tb testing.TB, tx pgx.Tx, config *river.Config, job *rivertype.JobRow) (*rivertest.WorkResult, error) {
	tb.Helper()
	config.Queues = nil // Nothing is fetched from them.
	return rivertest.NewWorker(tb, riverpgxv5.New(nil), config, river.Worker[T](w)).WorkJob(ctx, tb, tx, job)
}

// TakeUp is what a process does first when its queue starts.
func (b *Bridge) TakeUp(ctx context.Context) error { return b.config.Queue.takeUp(ctx) }

// TrustOwnClock lets the queue go by the process's own clock, for a bubble whose time
// flies while the database's does not.
func (q *Queue) TrustOwnClock() {
	q.clock.ask = func(context.Context, querier) (time.Time, error) { return q.clock.own(), nil }
}
