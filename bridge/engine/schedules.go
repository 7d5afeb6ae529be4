package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
)

// periodic are the schedules. River fires each once in the whole cluster.
func (b *Engine) periodic() []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for _, flow := range b.config.Flows {
		name := flow.Scope().Flow
		jobs = append(jobs, river.NewPeriodicJob(b.config.SyncSchedule, func() (river.JobArgs, *river.InsertOpts) {
			return queue.SyncJob{Flow: name}, nil
		}, &river.PeriodicJobOpts{RunOnStart: true}))
		jobs = append(jobs, river.NewPeriodicJob(b.config.ReconcileSchedule, func() (river.JobArgs, *river.InsertOpts) {
			return queue.SweepJob{Flow: name}, nil
		}, nil))
	}
	jobs = append(jobs, b.writeBacks()...)
	jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(reviveEvery), func() (river.JobArgs, *river.InsertOpts) {
		return queue.ReviveJob{}, nil
	}, nil))
	return append(jobs, river.NewPeriodicJob(b.config.CleanupSchedule, func() (river.JobArgs, *river.InsertOpts) {
		return queue.CleanupJob{}, nil
	}, nil))
}

// writeBackEvery is how far the state that Odoo shows may lag behind.
const writeBackEvery = time.Minute

// writeBacks are the schedules of the flows that show a state in Odoo.
func (b *Engine) writeBacks() []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for _, flow := range b.config.Flows {
		if _, keeps := flow.(bridge.StatusKeeper); !keeps {
			continue
		}
		name := flow.Scope().Flow
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(writeBackEvery), func() (river.JobArgs, *river.InsertOpts) {
			return queue.WriteBackJob{Flow: name}, nil
		}, nil))
	}
	return jobs
}

// ShowStatus brings what Odoo shows of a flow's records up to date now, for a sync
// that runs without workers.
func (b *Engine) ShowStatus(ctx context.Context, flow bridge.Flow) error {
	return b.statuses.WriteBack(ctx, flow.Scope().Flow).Err
}

// reviveEvery is how often dead letters are looked at whose cause may be over.
const reviveEvery = 5 * time.Minute

// cleanup removes deliveries that were finished long ago, and gives a job to
// open ones that have none, such as those whose job died with its worker too
// often.
func (b *Engine) cleanup(ctx context.Context) bridge.Verdict {
	removed, err := ledger.DeliveriesIn(b.config.Pool).Forget(ctx, b.config.Retention)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	if err := sweep.Forget(ctx, b.config.Pool); err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	stranded, err := b.config.Queue.RequeueStranded(ctx)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	b.logger.InfoContext(ctx, "cleaned up", slog.Int64("deliveries_removed", removed), slog.Int("deliveries_without_job", stranded))
	return bridge.Done(fmt.Sprintf("%d removed, %d queued again", removed, stranded))
}
