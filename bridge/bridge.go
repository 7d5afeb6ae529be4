package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/robfig/cron/v3"

	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Config is what a bridge is built from.
type Config struct {
	Pool  *pgxpool.Pool
	Queue *Queue
	Plane *plane.Client
	// Workspace is the slug of the Plane workspace, and AppURL where people open it.
	Workspace string
	AppURL    string
	Flows     []Flow
	// Remote are the checks that say whether the servers "plane" and "odoo" answer.
	Remote  map[string]Check
	Metrics *Metrics
	Logger  *slog.Logger

	SyncSchedule      cron.Schedule
	ReconcileSchedule cron.Schedule
	CleanupSchedule   cron.Schedule
	// ReportDrift leaves edits in Plane of what Odoo owns as they are and only says
	// so; otherwise they are put back.
	ReportDrift bool
	// CancelBrake is the share of links whose work items one run may cancel.
	CancelBrake float64
	// Retention is how long finished deliveries are kept.
	Retention time.Duration
}

// Bridge works through the queue and runs the schedules.
type Bridge struct {
	config     Config
	mirror     *Mirror
	deliveries *deliveries
	mirroring  *mirroring
	statuses   *statusWriter
	reconciler *Reconciler
	letters    *DeadLetters
	owed       *sweepOwed
	refused    atomic.Bool // a webhook was refused, which is not noted yet
	outages    *outages
	migrated   chan struct{} // closed once the tables are there
	metrics    *Metrics
	logger     *slog.Logger
}

// New puts a bridge together. It makes no connection.
func New(config Config) *Bridge {
	mirror := NewMirror(config.Pool, config.Plane, config.CancelBrake, config.Metrics, config.Logger,
		plane.WithLabelColors(flows(config.Flows).labelColor))
	see := reader{catalog: mirror.catalog, appURL: config.AppURL, workspace: config.Workspace}
	b := &Bridge{
		config: config, mirror: mirror, metrics: config.Metrics, logger: config.Logger, migrated: make(chan struct{}),
		deliveries: &deliveries{
			pool: config.Pool, workspace: config.Workspace,
			flows: config.Flows, links: mirror.links, catalog: mirror.catalog, reader: see, presence: mirror.presence, queue: config.Queue,
			self: &self{plane: config.Plane}, report: config.ReportDrift, logger: config.Logger,
		},
		mirroring: &mirroring{mirror: mirror, queue: config.Queue, flows: config.Flows, logger: config.Logger},
		statuses:  &statusWriter{links: mirror.links, flows: config.Flows, logger: config.Logger},
		reconciler: &Reconciler{
			pool: config.Pool, links: mirror.links, plane: config.Plane, reader: see, presence: mirror.presence,
			inbox: NewInbox(config.Pool, config.Queue), queue: config.Queue, brake: config.CancelBrake, logger: config.Logger, now: config.Queue.clock.Now,
		},
	}
	b.letters = &DeadLetters{
		pool: config.Pool, queue: config.Queue, process: b.deliveries, remote: config.Remote, flows: config.Flows, logger: config.Logger,
	}
	b.owed = newSweepOwed(b.queueOwed, withoutRepeats(config.Logger))
	b.outages = newOutages(config.Queue, b.letters, config.Remote, b.owed.note, config.Logger)
	b.outages.resync = b.syncSoon
	return b
}

// OweSweep brings the next sweeps forward: a webhook was refused, and Plane may not
// send it again.
func (b *Bridge) OweSweep() {
	b.refused.Store(true)
	b.owed.note()
}

func (b *Bridge) queueOwed(ctx context.Context) error {
	if err := b.noteRefused(ctx); err != nil {
		return err
	}
	for _, flow := range b.config.Flows {
		if err := b.config.Queue.sweepOwed(ctx, flow.Scope().Flow); err != nil {
			return err
		}
	}
	return nil
}

// syncSoon queues a sync of every flow.
func (b *Bridge) syncSoon(ctx context.Context) error {
	for _, flow := range b.config.Flows {
		if err := b.config.Queue.syncSoon(ctx, flow.Scope().Flow); err != nil {
			return err
		}
	}
	return nil
}

// Migrated is closed once Run has found the database's tables as they have to be.
func (b *Bridge) Migrated() <-chan struct{} { return b.migrated }

// Mirror is what the sync command writes through.
func (b *Bridge) Mirror() *Mirror { return b.mirror }

// DeadLetters is what the deliveries command works with.
func (b *Bridge) DeadLetters() *DeadLetters { return b.letters }

// Auditor is what the mappings command works with.
func (b *Bridge) Auditor() *Auditor { return &Auditor{mirror: b.mirror} }

// Reconciler is what the reconcile command sweeps with.
func (b *Bridge) Reconciler() *Reconciler { return b.reconciler }

// Flows are the flows that are switched on.
func (b *Bridge) Flows() []Flow { return b.config.Flows }

// DrainTime is how long work in hand may go on after a stop was asked for. It
// stays below the 30 s that Kubernetes and systemd grant by default.
const DrainTime = 20 * time.Second

// Run migrates the database, works until the context ends, and then lets work in
// hand finish. While the database cannot be reached it waits and tries again:
// webhooks are refused meanwhile with 500, and a sweep follows when it is back.
func (b *Bridge) Run(ctx context.Context) error {
	owing, end := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { b.owed.run(owing) })
	defer ended.Wait()
	defer end()
	stop, err := b.start(ctx)
	if ctx.Err() != nil && err != nil {
		return nil // Told to stop before there was anything to stop.
	}
	if err != nil {
		return err
	}
	b.logger.InfoContext(ctx, "working through the queue", slog.Int("workers", b.config.Queue.config.Workers))
	b.outages.run(ctx)
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTime)
	defer cancel()
	if err := stop(draining); err != nil {
		return fmt.Errorf("stopping the workers: %w", err)
	}
	return nil
}

// start tries until the database can be used or the context ends.
func (b *Bridge) start(ctx context.Context) (stop func(context.Context) error, err error) {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		if stop, err = b.tryStart(ctx); err == nil {
			return stop, nil
		}
		b.logger.ErrorContext(ctx, "the database cannot be used yet; trying again", slog.Any("error", err), slog.Duration("wait", wait))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

func (b *Bridge) tryStart(ctx context.Context) (stop func(context.Context) error, err error) {
	ran, err := migrations.Up(ctx, b.config.Pool, b.logger)
	if err != nil {
		return nil, fmt.Errorf("migrating the database: %w", err)
	}
	if ran > 0 {
		b.logger.InfoContext(ctx, "database migrated", slog.Int("migrations", ran))
	}
	if err := forgetFormer(ctx, b.config.Pool, b.config.Flows); err != nil {
		return nil, err
	}
	select {
	case <-b.migrated: // An earlier try came as far as here.
	default:
		close(b.migrated)
	}
	return b.config.Queue.work(ctx, b.workers(), b.periodic())
}

// periodic are the schedules. River fires each once in the whole cluster.
func (b *Bridge) periodic() []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for _, flow := range b.config.Flows {
		name := flow.Scope().Flow
		jobs = append(jobs, river.NewPeriodicJob(b.config.SyncSchedule, func() (river.JobArgs, *river.InsertOpts) {
			return syncJob{name}, nil
		}, &river.PeriodicJobOpts{RunOnStart: true}))
		jobs = append(jobs, river.NewPeriodicJob(b.config.ReconcileSchedule, func() (river.JobArgs, *river.InsertOpts) {
			return sweepJob{Flow: name}, nil
		}, nil))
	}
	jobs = append(jobs, b.writeBacks()...)
	jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(reviveEvery), func() (river.JobArgs, *river.InsertOpts) {
		return reviveJob{}, nil
	}, nil))
	return append(jobs, river.NewPeriodicJob(b.config.CleanupSchedule, func() (river.JobArgs, *river.InsertOpts) {
		return cleanupJob{}, nil
	}, nil))
}

// cleanup removes deliveries that were finished long ago, and gives a job to
// open ones that have none, such as those whose job died with its worker too
// often.
func (b *Bridge) cleanup(ctx context.Context) Verdict {
	removed, err := ledger{b.config.Pool}.forget(ctx, b.config.Retention)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	if _, err := b.config.Pool.Exec(ctx, sqlForgetSweeps); err != nil {
		return RetryLater(CauseOurs, fmt.Errorf("removing old sweeps: %w", err))
	}
	if _, err := b.config.Pool.Exec(ctx, sqlForgetLooks); err != nil {
		return RetryLater(CauseOurs, fmt.Errorf("removing old look-ups: %w", err))
	}
	stranded, err := b.config.Queue.requeueStranded(ctx)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	b.logger.InfoContext(ctx, "cleaned up", slog.Int64("deliveries_removed", removed), slog.Int("deliveries_without_job", stranded))
	return Done(fmt.Sprintf("%d removed, %d put back", removed, stranded))
}
