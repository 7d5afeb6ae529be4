package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/robfig/cron/v3"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/inbound"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/internal/wait"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Config is what a bridge is built from.
type Config struct {
	Pool  *pgxpool.Pool
	Queue *queue.Queue
	Plane *plane.Client
	// Workspace is the slug of the Plane workspace, and AppURL where people open it.
	Workspace string
	AppURL    string
	Flows     []bridge.Flow
	// Remote are the checks that say whether the servers "plane" and "odoo" answer.
	Remote  map[string]bridge.Check
	Metrics *observe.Metrics
	Logger  *slog.Logger

	SyncSchedule      cron.Schedule
	ReconcileSchedule cron.Schedule
	CleanupSchedule   cron.Schedule
	// ReportDrift leaves edits in Plane of what Odoo owns as they are and only says
	// so; otherwise they are reverted.
	ReportDrift bool
	// CancelBrake is the share of links whose work items one run may cancel.
	CancelBrake float64
	// People act in Plane for who made a change in Odoo; nil is nobody.
	People mirror.People
	// Retention is how long finished deliveries are kept.
	Retention time.Duration
}

// Engine works through the queue and runs the schedules.
type Engine struct {
	config     Config
	mirror     *mirror.Mirror
	worker     *inbound.Worker
	mirroring  *outbound.Mirroring
	statuses   *outbound.StatusWriter
	reconciler *sweep.Sweeper
	deliveries *inbound.Deliveries
	owed       *sweepOwed
	refused    atomic.Bool // a webhook was refused, which is not noted yet
	outages    *queue.Outages
	migrated   chan struct{} // closed once the tables are there
	metrics    *observe.Metrics
	logger     *slog.Logger
}

// New puts a bridge together. It makes no connection.
func New(config Config) *Engine {
	mirror := mirror.New(config.Pool, config.Plane, config.CancelBrake, config.Metrics, config.Logger,
		plane.WithLabelColors(bridge.Flows(config.Flows).LabelColor))
	mirror.People = config.People
	see := shown.Reader{Catalog: mirror.Catalog, AppURL: config.AppURL, Workspace: config.Workspace}
	b := &Engine{
		config: config, mirror: mirror, metrics: config.Metrics, logger: config.Logger, migrated: make(chan struct{}),
		worker: &inbound.Worker{
			Pool: config.Pool, Workspace: config.Workspace,
			Flows: config.Flows, Links: mirror.Links, Catalog: mirror.Catalog, Reader: see, Presence: mirror.Presence, Plane: config.Plane, Queue: config.Queue,
			Report: config.ReportDrift, Logger: config.Logger,
		},
		mirroring: &outbound.Mirroring{Mirror: mirror, Auditor: audit.New(mirror), Queue: config.Queue, Flows: config.Flows, Logger: config.Logger},
		statuses:  &outbound.StatusWriter{Links: mirror.Links, Flows: config.Flows, Logger: config.Logger},
		reconciler: &sweep.Sweeper{
			Pool: config.Pool, Links: mirror.Links, Plane: config.Plane, Reader: see, Presence: mirror.Presence,
			Inbox: ledger.NewInbox(config.Pool, config.Queue), Queue: config.Queue, Brake: config.CancelBrake, Logger: config.Logger, Now: config.Queue.Now,
		},
	}
	b.deliveries = &inbound.Deliveries{
		Pool: config.Pool, Queue: config.Queue, Process: b.worker, Remote: config.Remote, Flows: config.Flows, Logger: config.Logger,
	}
	b.owed = newSweepOwed(b.queueOwed, observe.WithoutRepeats(config.Logger))
	b.outages = queue.NewOutages(config.Queue, func(ctx context.Context) error { return b.deliveries.Revive(ctx).Err }, config.Remote, b.owed.note, config.Logger)
	b.outages.Resync = b.syncSoon
	return b
}

// OweSweep brings the next sweeps forward: a webhook was refused, and Plane may not
// send it again.
func (b *Engine) OweSweep() {
	b.refused.Store(true)
	b.owed.note()
}

func (b *Engine) queueOwed(ctx context.Context) error {
	if err := b.noteRefused(ctx); err != nil {
		return err
	}
	for _, flow := range b.config.Flows {
		if err := b.config.Queue.SweepOwed(ctx, flow.Scope().Flow); err != nil {
			return err
		}
	}
	return nil
}

// syncSoon queues a sync of every flow.
func (b *Engine) syncSoon(ctx context.Context) error {
	for _, flow := range b.config.Flows {
		if err := b.config.Queue.SyncSoon(ctx, flow.Scope().Flow); err != nil {
			return err
		}
	}
	return nil
}

// Migrated is closed once Run has found the database's tables as they have to be.
func (b *Engine) Migrated() <-chan struct{} { return b.migrated }

// Mirror is what the sync command writes through.
func (b *Engine) Mirror() *mirror.Mirror { return b.mirror }

// Deliveries is what the deliveries command works with.
func (b *Engine) Deliveries() *inbound.Deliveries { return b.deliveries }

// Auditor is what the mappings command works with.
func (b *Engine) Auditor() *audit.Auditor { return audit.New(b.mirror) }

// Reconciler is what the reconcile command sweeps with.
func (b *Engine) Reconciler() *sweep.Sweeper { return b.reconciler }

// Flows are the flows that are switched on.
func (b *Engine) Flows() []bridge.Flow { return b.config.Flows }

// DrainTime is how long work in hand may go on after a stop was asked for. It
// stays below the 30 s that Kubernetes and systemd grant by default.
const DrainTime = 20 * time.Second

// Run migrates the database, works until the context ends, and then lets work in
// hand finish. While the database cannot be reached it waits and tries again:
// webhooks are refused meanwhile with 500, and a sweep follows when it is back.
func (b *Engine) Run(ctx context.Context) error {
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
	b.logger.InfoContext(ctx, "working through the queue", slog.Int("workers", b.config.Queue.Workers()))
	b.outages.Run(ctx)
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTime)
	defer cancel()
	if err := stop(draining); err != nil {
		return fmt.Errorf("stopping the workers: %w", err)
	}
	return nil
}

// start tries until the database can be used or the context ends.
func (b *Engine) start(ctx context.Context) (stop func(context.Context) error, err error) {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		if stop, err = b.tryStart(ctx); err == nil {
			return stop, nil
		}
		b.logger.ErrorContext(ctx, "the database cannot be used yet; trying again", slog.Any("error", err), slog.Duration("wait", pause))
		if wait.For(ctx, pause) != nil {
			return nil, context.Cause(ctx)
		}
	}
}

func (b *Engine) tryStart(ctx context.Context) (stop func(context.Context) error, err error) {
	ran, err := migrations.Up(ctx, b.config.Pool, b.logger)
	if err != nil {
		return nil, fmt.Errorf("migrating the database: %w", err)
	}
	if ran > 0 {
		b.logger.InfoContext(ctx, "database migrated", slog.Int("migrations", ran))
	}
	if err := ledger.ForgetFormer(ctx, b.config.Pool, b.config.Flows); err != nil {
		return nil, err
	}
	select {
	case <-b.migrated: // An earlier try came as far as here.
	default:
		close(b.migrated)
	}
	return b.config.Queue.Work(ctx, b.workers(), b.periodic())
}
