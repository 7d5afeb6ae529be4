package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertest"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/inbound"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
)

// What the fault tables, which stand outside this package because they need a
// flow, use of its inside.

// HardCap is how often a delivery is tried in all.
const HardCap = inbound.HardCap

// The jobs that the schedules bring.
func SyncJob(flow string) river.JobArgs  { return queue.SyncJob{Flow: flow} }
func SweepJob(flow string) river.JobArgs { return queue.SweepJob{Flow: flow} }

// OwedSweepJob is the job of a sweep that refused webhooks are owed.
func OwedSweepJob(flow string) river.JobArgs { return queue.SweepJob{Flow: flow, Owed: true} }
func ReviveJob() river.JobArgs               { return queue.ReviveJob{} }
func CleanupJob() river.JobArgs              { return queue.CleanupJob{} }

// QueueOwed queues the sweeps that are owed, as Run does after a while.
func (b *Engine) QueueOwed(ctx context.Context) error { return b.queueOwed(ctx) }

// Insert queues a job over a connection of the test's own.
func (b *Engine) Insert(ctx context.Context, tx pgx.Tx, args river.JobArgs) (id int64, err error) {
	inserted, err := b.config.Queue.Library().InsertTx(ctx, tx, args, nil)
	if err != nil {
		return 0, err
	}
	return inserted.Job.ID, nil
}

// WorkJob works on a job once, as a started queue does when it has fetched it: by
// the worker that is registered for its kind, under its timeout, and River notes
// what became of it. tx is of the test's own, so that faults of the database hit
// the work alone.
func (b *Engine) WorkJob(ctx context.Context, tb testing.TB, tx pgx.Tx, id int64) (*rivertest.WorkResult, error) {
	tb.Helper()
	job, err := b.config.Queue.Library().JobGetTx(ctx, tx, id)
	if err != nil {
		return nil, fmt.Errorf("reading job %d: %w", id, err)
	}
	config := b.config.Queue.WorkerConfig(nil, nil)
	config.Queues = nil // Nothing is fetched from them.
	for _, registered := range b.registrations() {
		if work := singly(tb, registered, config, job.Kind); work != nil {
			return work(ctx, tx, job)
		}
	}
	tb.Fatalf("no worker is registered for jobs of kind %s", job.Kind)
	return nil, nil
}

type workOne func(ctx context.Context, tx pgx.Tx, job *rivertype.JobRow) (*rivertest.WorkResult, error)

// singly gives the registered worker of a kind one job at a time; nil for another's.
func singly(tb testing.TB, registered queue.Registration, config *river.Config, kind string) workOne {
	tb.Helper()
	switch worker := registered.(type) {
	case *queue.Worker[queue.DeliveryJob]:
		return of(tb, worker, config, kind)
	case *queue.Worker[queue.OdooChangeJob]:
		return of(tb, worker, config, kind)
	case *queue.Worker[queue.MirrorJob]:
		return of(tb, worker, config, kind)
	case *queue.Worker[queue.SyncJob]:
		return of(tb, worker, config, kind)
	case *queue.Worker[queue.WriteBackJob]:
		return of(tb, worker, config, kind)
	case *queue.Worker[queue.SweepJob]:
		return of(tb, worker, config, kind)
	case *queue.Worker[queue.ReviveJob]:
		return of(tb, worker, config, kind)
	case *queue.Worker[queue.CleanupJob]:
		return of(tb, worker, config, kind)
	default:
		tb.Fatalf("no test can give %T a job", registered)
		return nil
	}
}

func of[T river.JobArgs](tb testing.TB, worker *queue.Worker[T], config *river.Config, kind string) workOne {
	tb.Helper()
	var args T
	if args.Kind() != kind {
		return nil
	}
	return func(ctx context.Context, tx pgx.Tx, job *rivertype.JobRow) (*rivertest.WorkResult, error) {
		return rivertest.NewWorker(tb, riverpgxv5.New(nil), config, river.Worker[T](worker)).WorkJob(ctx, tb, tx, job)
	}
}

// TakeUp is what a process does first when its queue starts.
func (b *Engine) TakeUp(ctx context.Context) error { return b.config.Queue.TakeUp(ctx) }
