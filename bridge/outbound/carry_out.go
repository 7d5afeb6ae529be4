package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/wait"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Run is one sync that carries out a plan without the queue, step by step. One step
// that fails does not hold up the others; a server that is away does.
type Run struct {
	Mirror *mirror.Mirror
	Flow   bridge.Flow
	Extent mirror.Extent
	// Stop ends when nothing new is to be begun. What is under way is finished.
	Stop context.Context //nolint:containedctx // it is the run's own end
	// Step is called after each step.
	Step   func()
	Logger *slog.Logger
}

// Result is what a sync did.
type Result struct {
	Created   int `json:"created"`
	Adopted   int `json:"adopted"`
	Changed   int `json:"changed"`
	Cancelled int `json:"cancelled"`
	Left      int `json:"left"`
	// Held are work items whose record is gone from Odoo and that the brake keeps.
	Held      int      `json:"held"`
	Brake     string   `json:"brake,omitempty"`
	Failed    int      `json:"failed"`
	Conflicts int      `json:"conflicts"`
	Stopped   bool     `json:"stopped,omitempty"`
	Errors    []string `json:"errors,omitempty"`
}

// written is how many work items were written or bound.
func (r Result) written() int { return r.Created + r.Adopted + r.Changed + r.Cancelled }

// AllFailedError says that the first steps of a run all failed, so that it was given up.
type AllFailedError struct {
	Steps int
	Last  error
}

func (e *AllFailedError) Error() string {
	return fmt.Sprintf("the first work items all failed; the last: %v", e.Last)
}

// Unwrap returns the last failure.
func (e *AllFailedError) Unwrap() error { return e.Last }

// run is a Run under way.
type run struct {
	Run
	result Result
	// away are failures that are not of one work item alone.
	away int
	// later are steps that have to wait: their create may still take effect, sent by
	// this sync or an earlier one, or a worker is busy with their record, and may have
	// read it before it changed.
	later []mirror.Step
}

// CarryOut does what a plan says. ctx is for what is under way, and outlives Stop.
func (r Run) CarryOut(ctx context.Context, plan mirror.Plan) (Result, error) {
	under := &run{Run: r, result: Result{Left: plan.Left(), Held: plan.Count(mirror.ActionHold), Conflicts: len(plan.Conflicts)}}
	if plan.Brake != nil {
		under.result.Brake = plan.Brake.String()
	}
	err := under.all(plane.WithLane(ctx, plane.LaneBackfill), plan.Work())
	return under.result, err
}

func (r *run) all(ctx context.Context, steps []mirror.Step) error {
	for _, step := range steps {
		if err := r.stopped(); err != nil {
			return err
		}
		done, err := r.apply(ctx, step)
		r.count(step, done, err)
		r.Step()
		if r.away >= maxFailures && r.result.written() == 0 {
			return &AllFailedError{Steps: r.away, Last: err}
		}
	}
	return r.finishLater(ctx)
}

// apply carries out one step of a plan.
func (r *run) apply(ctx context.Context, step mirror.Step) (mirror.Step, error) {
	if step.Action == mirror.ActionCancel {
		return r.Mirror.Cancel(ctx, r.Flow, step.Item.Key)
	}
	return r.Mirror.Apply(ctx, r.Flow, step.Item, r.Extent)
}

// stopped is the error of a sync that was told to stop.
func (r *run) stopped() error {
	if r.Stop.Err() == nil {
		return nil
	}
	r.result.Stopped = true
	return fmt.Errorf("stopped; what is done is kept, and the next sync goes on: %w", context.Cause(r.Stop))
}

// count notes what became of a step.
func (r *run) count(step, done mirror.Step, err error) {
	if holdsAll(err) {
		r.away++
	}
	switch {
	case err == nil:
		r.countDone(done.Action)
	case errors.Is(err, bridge.ErrLocked), mayStillTakeEffect(step, err):
		r.later = append(r.later, step)
	case r.Stop.Err() != nil && errors.Is(err, context.Canceled):
		// It was not begun.
	default:
		r.fail(err)
	}
}

func (r *run) countDone(action mirror.Action) {
	switch action {
	case mirror.ActionCreate:
		r.result.Created++
	case mirror.ActionAdopt:
		r.result.Adopted++
	case mirror.ActionChange:
		r.result.Changed++
	case mirror.ActionCancel:
		r.result.Cancelled++
	case mirror.ActionLeave, mirror.ActionHold:
		r.result.Left++
	}
}

func (r *run) fail(err error) {
	r.Logger.DebugContext(r.Stop, "a work item could not be written", slog.Any("error", err))
	r.result.Failed++
	r.result.Errors = append(r.result.Errors, err.Error())
}

// finishLater does what had to wait, and says for how long it waits. Nothing of it
// is left to another sync, so that one sync after a crash is enough.
func (r *run) finishLater(ctx context.Context) error {
	for _, step := range r.later {
		if err := r.stopped(); err != nil {
			return err
		}
		done, err := r.applyWhenFree(ctx, step)
		var underWay *bridge.UnderWayError
		if errors.As(err, &underWay) {
			r.Logger.InfoContext(ctx, "waiting for a create that was cut off: Plane may still carry it out, and what it makes must not be made twice",
				slog.String("key", string(underWay.Key)), slog.Duration("wait", time.Until(underWay.Until).Round(time.Second)))
			if !r.waitUntil(underWay.Until) {
				return r.stopped()
			}
			done, err = r.applyWhenFree(ctx, step)
		}
		switch {
		case err == nil:
			r.countDone(done.Action)
		case r.stopped() != nil:
			return r.stopped()
		default:
			r.fail(err)
		}
	}
	return nil
}

const (
	// busyFor is how long a sync waits for the worker that is busy with a record: a
	// little longer than a job may take.
	busyFor = queue.JobTimeout + 5*time.Second
	// busyEvery is how often it looks whether the record is free.
	busyEvery = 200 * time.Millisecond
)

// applyWhenFree carries out a step once no other worker is busy with its record.
func (r *run) applyWhenFree(ctx context.Context, step mirror.Step) (mirror.Step, error) {
	for until := time.Now().Add(busyFor); ; {
		done, err := r.apply(ctx, step)
		if !errors.Is(err, bridge.ErrLocked) {
			return done, err
		}
		if time.Now().After(until) || !r.waitUntil(time.Now().Add(busyEvery)) {
			return done, fmt.Errorf("mirroring %s: %w", step.Item.Key, err)
		}
	}
}

// waitUntil reports whether the time came before the process was told to stop.
func (r *run) waitUntil(at time.Time) bool {
	return wait.For(r.Stop, time.Until(at)) == nil
}

// mayStillTakeEffect reports whether a create was sent of which nobody knows what
// became.
func mayStillTakeEffect(step mirror.Step, err error) bool {
	var underWay *bridge.UnderWayError
	return errors.As(err, &underWay) || step.Action == mirror.ActionCreate && errors.Is(err, plane.ErrUncertain)
}

// holdsAll reports whether a failure is not of one work item alone.
func holdsAll(err error) bool {
	var underWay *bridge.UnderWayError
	return err != nil && !errors.Is(err, bridge.ErrLocked) && !errors.Is(err, mirror.ErrNotWritable) && !errors.Is(err, plane.ErrInvalid) && !errors.Is(err, plane.ErrTooLarge) &&
		!errors.As(err, &underWay)
}

// maxFailures is how many steps may fail in a row from the start before a sync
// gives up: Plane is away then, and more tries only cost time.
const maxFailures = 3
