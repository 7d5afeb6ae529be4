package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
)

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

// writeBackEvery is how far the state that Odoo shows may lag behind.
const writeBackEvery = time.Minute

// writeBacks are the schedules of the flows that show a state in Odoo.
func (b *Bridge) writeBacks() []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for _, flow := range b.config.Flows {
		if _, keeps := flow.(StatusKeeper); !keeps {
			continue
		}
		name := flow.Scope().Flow
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(writeBackEvery), func() (river.JobArgs, *river.InsertOpts) {
			return writeBackJob{name}, nil
		}, nil))
	}
	return jobs
}

// ShowStatus brings what Odoo shows of a flow's records up to date now, for a sync
// that runs without workers.
func (b *Bridge) ShowStatus(ctx context.Context, flow Flow) error {
	return b.statuses.writeBack(ctx, flow.Scope().Flow).err
}

// reviveEvery is how often dead letters are looked at whose cause may be over.
const reviveEvery = 5 * time.Minute

// cleanup removes deliveries that were finished long ago, and gives a job to
// open ones that have none, such as those whose job died with its worker too
// often.
func (b *Bridge) cleanup(ctx context.Context) Verdict {
	removed, err := ledger{b.config.Pool}.forget(ctx, b.config.Retention)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	if err := forgetSweeps(ctx, b.config.Pool); err != nil {
		return RetryLater(CauseOurs, err)
	}
	stranded, err := b.config.Queue.requeueStranded(ctx)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	b.logger.InfoContext(ctx, "cleaned up", slog.Int64("deliveries_removed", removed), slog.Int("deliveries_without_job", stranded))
	return Done(fmt.Sprintf("%d removed, %d put back", removed, stranded))
}
