package bridge

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// workers registers every kind of job.
func (b *Bridge) workers() *river.Workers {
	all := river.NewWorkers()
	for _, w := range b.registrations() {
		w.register(all)
	}
	return all
}

// registrations are the workers of all kinds of job. Tests run single jobs by
// them, so that no test has a dispatch of its own.
func (b *Bridge) registrations() []registration {
	finish := finisher{b.config.Queue, b.outages, b.metrics, b.logger}
	return []registration{
		&worker[deliveryJob]{finish: finish, handle: func(ctx context.Context, job *river.Job[deliveryJob]) Verdict {
			ctx = plane.WithMaxWait(plane.WithLane(ctx, plane.LaneInteractive), maxBudgetWait)
			return b.deliveries.process(ctx, job.Args.DeliveryID, isLast(job.JobRow))
		}},
		&worker[odooChangeJob]{finish: finish, handle: func(ctx context.Context, job *river.Job[odooChangeJob]) Verdict {
			return b.mirroring.change(plane.WithLane(ctx, plane.LaneInteractive), job.Args.Model, job.Args.ID)
		}},
		&worker[mirrorJob]{finish: finish, handle: func(ctx context.Context, job *river.Job[mirrorJob]) Verdict {
			return b.mirroring.entity(plane.WithLane(ctx, plane.LaneBackfill), job.Args)
		}},
		&worker[syncJob]{finish: finish, handle: func(ctx context.Context, job *river.Job[syncJob]) Verdict {
			return b.mirroring.sync(ctx, job.Args.Flow)
		}},
		&worker[writeBackJob]{finish: finish, handle: func(ctx context.Context, job *river.Job[writeBackJob]) Verdict {
			return b.statuses.writeBack(ctx, job.Args.Flow)
		}},
		&worker[sweepJob]{finish: finish, timeout: sweepTimeout, handle: func(ctx context.Context, job *river.Job[sweepJob]) Verdict {
			return b.reconciler.work(ctx, b.config.Flows, job.Args)
		}},
		&worker[reviveJob]{finish: finish, handle: func(ctx context.Context, _ *river.Job[reviveJob]) Verdict {
			return b.letters.revive(ctx)
		}},
		&worker[cleanupJob]{finish: finish, handle: func(ctx context.Context, _ *river.Job[cleanupJob]) Verdict {
			return b.cleanup(ctx)
		}},
	}
}
