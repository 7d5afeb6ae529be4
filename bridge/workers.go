package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

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
	f.metrics.verdict(kind, v.Name())
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
			log.ErrorContext(ctx, "work failed for the last time; it waits for someone to act", slog.String("cause", string(v.cause)), slog.Any("error", v.err))
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
