package queue

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Worker runs one kind of job: a handler gives the verdict, and a Finisher turns it into
// what River does next.
type Worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	handle  Handler[T]
	finish  Finisher
	longest time.Duration
}

// Handler does one job and says what became of it.
type Handler[T river.JobArgs] func(ctx context.Context, job *river.Job[T]) bridge.Verdict

// NewWorker returns the worker of one kind of job. longest is for work that takes longer
// than most; 0 is the queue's own limit.
func NewWorker[T river.JobArgs](finish Finisher, longest time.Duration, handle Handler[T]) *Worker[T] {
	return &Worker[T]{handle: handle, finish: finish, longest: longest}
}

// Timeout bounds one run; the queue's rescuer heeds it too.
func (w *Worker[T]) Timeout(*river.Job[T]) time.Duration { return w.longest }

// Work runs one job.
func (w *Worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	defer w.finish.queue.inHand.take(job.ID)()
	ctx = plane.WithGate(ctx, w.finish.outages.gate("plane"))
	verdict := guardedVerdict(func() bridge.Verdict { return w.handle(ctx, job) })
	return w.finish.carryOut(ctx, job.Kind, job.JobRow, verdict)
}

// Finisher is the one place that decides what a verdict means for the queue.
type Finisher struct {
	queue   *Queue
	outages *Outages
	metrics *observe.Metrics
	logger  *slog.Logger
}

// NewFinisher returns what the workers of a queue finish with.
func NewFinisher(queue *Queue, outages *Outages, metrics *observe.Metrics, logger *slog.Logger) Finisher {
	return Finisher{queue, outages, metrics, logger}
}

func (f Finisher) carryOut(ctx context.Context, kind string, job *rivertype.JobRow, v bridge.Verdict) error {
	f.metrics.Verdict(kind, v.Name())
	if failure, panicked := PanicOf(v.Err); panicked {
		f.panicked(ctx, kind, job.ID, failure)
	}
	log := f.logger.With(slog.String("kind", kind), slog.Int64("job", job.ID), slog.Int("attempt", job.Attempt))
	switch v.Kind {
	case bridge.VerdictSnooze:
		f.noteWaiting(ctx, v.Cause)
		log.DebugContext(ctx, "work snoozed", slog.Time("until", v.Until), slog.String("reason", v.Outcome))
		return river.JobSnooze(max(time.Until(v.Until), 100*time.Millisecond))
	case bridge.VerdictRetry:
		f.noteWaiting(ctx, v.Cause)
		switch {
		case !f.outages.suspect(ctx, v.Cause, v.Err):
			// The outage has a line of its own.
			log.DebugContext(ctx, "work failed while a server is away", slog.String("cause", string(v.Cause)), slog.Any("error", v.Err))
		case !IsLast(job):
			log.WarnContext(ctx, "work failed and is tried again", slog.String("cause", string(v.Cause)), slog.Any("error", v.Err))
		case job.Queue == queueControl:
			log.ErrorContext(ctx, "work failed; its schedule comes again", slog.String("cause", string(v.Cause)), slog.Any("error", v.Err))
		default:
			log.ErrorContext(ctx, "work failed for the last time; it waits for its cause to end, or for someone to act", slog.String("cause", string(v.Cause)), slog.Any("error", v.Err))
		}
		return v.Err
	case bridge.VerdictDead:
		log.ErrorContext(ctx, "work cannot be done; it waits for someone to act", slog.String("cause", string(v.Cause)), slog.Any("error", v.Err))
		return river.JobCancel(v.Err)
	default:
		log.DebugContext(ctx, "work done", slog.String("outcome", v.Outcome))
		return nil
	}
}

// noteWaiting leaves in the job's row what it waits for, by which it is found when
// that is over. Work that waits for its turn alone waits for no server.
func (f Finisher) noteWaiting(ctx context.Context, cause bridge.Cause) {
	if err := river.RecordOutput(ctx, waitsFor{cause}); err != nil {
		f.logger.WarnContext(ctx, "what a job waits for could not be noted", slog.Any("error", err))
	}
}

func IsLast(job *rivertype.JobRow) bool { return job.Attempt >= job.MaxAttempts }

// Registration is the worker of one kind of job.
type Registration interface{ Register(all *river.Workers) }

func (w *Worker[T]) Register(all *river.Workers) { river.AddWorker(all, w) }
