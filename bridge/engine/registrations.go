package engine

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// workers registers every kind of job.
func (b *Engine) workers() *river.Workers {
	all := river.NewWorkers()
	for _, w := range b.registrations() {
		w.Register(all)
	}
	return all
}

// registrations are the workers of all kinds of job. Tests run single jobs by
// them, so that no test has a dispatch of its own.
func (b *Engine) registrations() []queue.Registration {
	finish := queue.NewFinisher(b.config.Queue, b.outages, b.metrics, b.logger)
	return []queue.Registration{
		queue.NewWorker(finish, 0, func(ctx context.Context, job *river.Job[queue.DeliveryJob]) bridge.Verdict {
			ctx = plane.WithMaxWait(plane.WithLane(ctx, plane.LaneInteractive), outbound.MaxBudgetWait)
			return b.worker.Process(ctx, job.Args.DeliveryID, queue.IsLast(job.JobRow))
		}),
		queue.NewWorker(finish, 0, func(ctx context.Context, job *river.Job[queue.OdooChangeJob]) bridge.Verdict {
			return b.mirroring.Change(plane.WithLane(ctx, plane.LaneInteractive), job.Args.Model, job.Args.ID)
		}),
		queue.NewWorker(finish, 0, func(ctx context.Context, job *river.Job[queue.MirrorJob]) bridge.Verdict {
			return b.mirroring.Entity(plane.WithLane(ctx, plane.LaneBackfill), job.Args)
		}),
		queue.NewWorker(finish, 0, func(ctx context.Context, job *river.Job[queue.SyncJob]) bridge.Verdict {
			return b.mirroring.Sync(ctx, job.Args.Flow)
		}),
		queue.NewWorker(finish, 0, func(ctx context.Context, job *river.Job[queue.WriteBackJob]) bridge.Verdict {
			return b.statuses.WriteBack(ctx, job.Args.Flow)
		}),
		queue.NewWorker(finish, sweep.SweepTimeout, func(ctx context.Context, job *river.Job[queue.SweepJob]) bridge.Verdict {
			return b.reconciler.Work(ctx, b.config.Flows, job.Args)
		}),
		queue.NewWorker(finish, 0, func(ctx context.Context, _ *river.Job[queue.ReviveJob]) bridge.Verdict {
			return b.deliveries.Revive(ctx)
		}),
		queue.NewWorker(finish, 0, func(ctx context.Context, _ *river.Job[queue.CleanupJob]) bridge.Verdict {
			return b.cleanup(ctx)
		}),
	}
}
