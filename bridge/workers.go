package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// syncJob compares everything a flow wants with what was mirrored.
type syncJob struct {
	Flow string `json:"flow"`
}

// Kind names the job in the queue.
func (syncJob) Kind() string { return "sync" }

// InsertOpts says where and how often it is tried. The schedule comes again, so
// a failure is not tried for long.
func (syncJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 4}
}

// cleanupJob removes what was finished long ago and finds work that lost its job.
type cleanupJob struct{}

// Kind names the job in the queue.
func (cleanupJob) Kind() string { return "cleanup" }

// InsertOpts says where and how often it is tried.
func (cleanupJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 4}
}

// worker runs one kind of job: a handler gives the verdict, carryOut turns it
// into what River does next.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	handle func(ctx context.Context, job *river.Job[T]) Verdict
	finish finisher
	// timeout is for work that takes longer than most; 0 is the queue's own.
	timeout time.Duration
}

// Timeout bounds one run; the queue's rescuer heeds it too.
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return w.timeout }

// Work runs one job.
func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	defer w.finish.queue.inHand.take(job.ID)()
	ctx = plane.WithGate(ctx, w.finish.outages.gate("plane"))
	verdict := guardedVerdict(func() Verdict { return w.handle(ctx, job) })
	return w.finish.carryOut(ctx, job.Kind, job.JobRow, verdict)
}

// finisher is the one place that decides what a verdict means for the queue.
type finisher struct {
	queue   *Queue
	outages *outages
	metrics *Metrics
	logger  *slog.Logger
}

func (f finisher) carryOut(ctx context.Context, kind string, job *rivertype.JobRow, v Verdict) error {
	f.metrics.verdict(kind, v)
	if failure, panicked := panicOf(v.err); panicked {
		f.panicked(ctx, kind, job.ID, failure)
	}
	log := f.logger.With(slog.String("kind", kind), slog.Int64("job", job.ID), slog.Int("attempt", job.Attempt))
	switch v.kind {
	case verdictPutBack:
		f.noteWaiting(ctx, v.cause)
		log.DebugContext(ctx, "work put back", slog.Time("until", v.until), slog.String("reason", v.outcome))
		return river.JobSnooze(max(time.Until(v.until), 100*time.Millisecond))
	case verdictRetry:
		f.noteWaiting(ctx, v.cause)
		switch {
		case !f.outages.suspect(v.cause):
			// The outage has a line of its own.
			log.DebugContext(ctx, "work failed while a server is away", slog.String("cause", string(v.cause)), slog.Any("error", v.err))
		case !isLast(job):
			log.WarnContext(ctx, "work failed and is tried again", slog.String("cause", string(v.cause)), slog.Any("error", v.err))
		case job.Queue == queueControl:
			log.ErrorContext(ctx, "work failed; its schedule comes again", slog.String("cause", string(v.cause)), slog.Any("error", v.err))
		default:
			log.ErrorContext(ctx, "work failed for the last time; it waits for its cause to end, or for someone to act", slog.String("cause", string(v.cause)), slog.Any("error", v.err))
		}
		return v.err
	case verdictDead:
		log.ErrorContext(ctx, "work cannot be done; it waits for someone to act", slog.String("cause", string(v.cause)), slog.Any("error", v.err))
		return river.JobCancel(v.err)
	default:
		log.DebugContext(ctx, "work done", slog.String("outcome", v.outcome))
		return nil
	}
}

// noteWaiting leaves in the job's row what it waits for, by which it is found when
// that is over. Work that waits for its turn alone waits for no server.
func (f finisher) noteWaiting(ctx context.Context, cause Cause) {
	if err := river.RecordOutput(ctx, waitsFor{cause}); err != nil {
		f.logger.WarnContext(ctx, "what a job waits for could not be noted", slog.Any("error", err))
	}
}

func isLast(job *rivertype.JobRow) bool { return job.Attempt >= job.MaxAttempts }

// registration is the worker of one kind of job.
type registration interface{ register(all *river.Workers) }

func (w *worker[T]) register(all *river.Workers) { river.AddWorker(all, w) }

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
