package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// syncRun carries out a plan step by step. One step that fails does not hold up the
// others; a server that is away does.
type syncRun struct {
	p      *process
	a      *app
	flow   bridge.Flow
	extent mirror.Extent
	result syncResult
	// away are failures that are not of one work item alone.
	away int
	// later are steps that have to wait: their create may still take effect, sent by
	// this sync or an earlier one, or a worker is busy with their record, and may have
	// read it before it changed.
	later []mirror.Step
}

func carryOut(p *process, a *app, flow bridge.Flow, plan mirror.Plan, extent mirror.Extent) (syncResult, error) {
	r := &syncRun{p: p, a: a, flow: flow, extent: extent, result: syncResult{
		Left: plan.Left(), Held: plan.Count(mirror.ActionHold), Conflicts: len(plan.Conflicts),
	}}
	if plan.Brake != nil {
		r.result.Brake = plan.Brake.String()
	}
	ctx, cancel := p.inHand(a.logger)
	defer cancel()
	ctx = plane.WithLane(ctx, plane.LaneBackfill)
	progress := newProgress(p.stderr, "mirroring", len(plan.Work()))
	defer progress.Done()
	for _, step := range plan.Work() {
		if err := r.stopped(); err != nil {
			return r.result, err
		}
		done, err := r.apply(ctx, step)
		r.count(step, done, err)
		progress.Step()
		if r.away >= maxFailures && r.result.written() == 0 {
			return r.result, fmt.Errorf("the first work items all failed%s; the last: %w", whyAll(r.away, err), err)
		}
	}
	return r.result, r.finishLater(ctx)
}

// apply carries out one step of a plan.
func (r *syncRun) apply(ctx context.Context, step mirror.Step) (mirror.Step, error) {
	if step.Action == mirror.ActionCancel {
		return r.a.bridge.Mirror().Cancel(ctx, r.flow, step.Item.Key)
	}
	return r.a.bridge.Mirror().Apply(ctx, r.flow, step.Item, r.extent)
}

// stopped is the error of a sync that was told to stop.
func (r *syncRun) stopped() error {
	if r.p.ctx.Err() == nil {
		return nil
	}
	r.result.Stopped = true
	return fmt.Errorf("stopped; what is done is kept, and the next sync goes on: %w", context.Cause(r.p.ctx))
}

// count notes what became of a step.
func (r *syncRun) count(step, done mirror.Step, err error) {
	if holdsAll(err) {
		r.away++
	}
	switch {
	case err == nil:
		r.countDone(done.Action)
	case errors.Is(err, bridge.ErrLocked), mayStillTakeEffect(step, err):
		r.later = append(r.later, step)
	case r.p.ctx.Err() != nil && errors.Is(err, context.Canceled):
		// It was not begun.
	default:
		r.fail(err)
	}
}

func (r *syncRun) countDone(action mirror.Action) {
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

func (r *syncRun) fail(err error) {
	r.a.logger.DebugContext(r.p.ctx, "a work item could not be written", slog.Any("error", err))
	r.result.Failed++
	r.result.Errors = append(r.result.Errors, err.Error())
}

// finishLater does what had to wait, and says for how long it waits. Nothing of it
// is left to another sync, so that one sync after a crash is enough.
func (r *syncRun) finishLater(ctx context.Context) error {
	for _, step := range r.later {
		if err := r.stopped(); err != nil {
			return err
		}
		done, err := r.applyWhenFree(ctx, step)
		var underWay *bridge.UnderWayError
		if errors.As(err, &underWay) {
			r.a.logger.InfoContext(ctx, "waiting for a create that was cut off: Plane may still carry it out, and what it makes must not be made twice",
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
func (r *syncRun) applyWhenFree(ctx context.Context, step mirror.Step) (mirror.Step, error) {
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
func (r *syncRun) waitUntil(at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.p.ctx.Done():
		return false
	}
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

// whyAll says why work items fail one after the other, where that is certain: who
// answers and refuses is not away.
func whyAll(n int, err error) string {
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case slices.ContainsFunc([]error{plane.ErrForbidden, plane.ErrBadKey, plane.ErrUnauthorized, bridge.ErrKeyMissing}, is):
		return fmt.Sprintf(", %d of them because Plane refuses them", n)
	case slices.ContainsFunc([]error{odoo.ErrDenied, odoo.ErrAccess, odoo.ErrUser, odoo.ErrValidation}, is):
		return fmt.Sprintf(", %d of them because Odoo refuses them", n)
	case slices.ContainsFunc([]error{plane.ErrServer, plane.ErrUnreachable, plane.ErrForeign, plane.ErrUncertain, odoo.ErrBusy, odoo.ErrUncertain, odoo.ErrDatabase}, is):
		return fmt.Sprintf(", %d of them because a server is away", n)
	default:
		return ""
	}
}

// maxFailures is how many steps may fail in a row from the start before a sync
// gives up: Plane is away then, and more tries only cost time.
const maxFailures = 3

// inHand returns the context for work that is finished before the process stops. It
// outlives the process's own by the drain time; nothing new is begun in it then, and
// nothing waited for.
func (p *process) inHand(logger *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(p.ctx))
	release := context.AfterFunc(p.ctx, func() {
		logger.InfoContext(ctx, "told to stop; what is under way is finished first, and another Ctrl-C ends it at once",
			slog.Duration("within", engine.DrainTime))
		time.AfterFunc(engine.DrainTime, func() { cancel(context.Cause(p.ctx)) })
	})
	return plane.WithStop(ctx, p.ctx), func() {
		release()
		cancel(nil)
	}
}
