package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// maxBudgetWait is how long a job may hold a worker while it waits for Plane's
// rate limit. One that would wait longer is put back with a time.
const maxBudgetWait = 5 * time.Second

// flows are the flows that are switched on.
type flows []Flow

func (fs flows) byName(name string) (Flow, bool) {
	for _, flow := range fs {
		if flow.Scope().Flow == name {
			return flow, true
		}
	}
	return nil, false
}

func (fs flows) byModel(model string) (Flow, bool) {
	for _, flow := range fs {
		if flow.Model() == model {
			return flow, true
		}
	}
	return nil, false
}

// mirroring works through records of Odoo that may have changed.
type mirroring struct {
	mirror *Mirror
	queue  *Queue
	flows  flows
	logger *slog.Logger
}

// entity looks at one record again and brings its work item up to date.
func (m *mirroring) entity(ctx context.Context, job mirrorJob) Verdict {
	flow, found := m.flows.byName(job.Flow)
	if !found {
		return Ignored("flow " + job.Flow + " is switched off")
	}
	item, err := flow.WantedFor(ctx, job.Key)
	switch {
	case errors.Is(err, ErrNoRecord) && job.Task == taskCancel:
		return verdictOfStep(m.mirror.Cancel(plane.WithMaxWait(ctx, maxBudgetWait), flow, job.Key))
	case errors.Is(err, ErrNoRecord):
		return m.planSoon(ctx, job)
	case err != nil:
		return verdictOfFlow(err)
	}
	extent := WhatChanged
	if job.Task == taskRepair {
		extent = WhatDrifted
	}
	return verdictOfStep(m.mirror.Apply(plane.WithMaxWait(ctx, maxBudgetWait), flow, item, extent))
}

// planSoon leaves a record that is gone to a sync: only that sees how many are
// gone at once, and whether the brake has to hold.
func (m *mirroring) planSoon(ctx context.Context, job mirrorJob) Verdict {
	if err := m.queue.syncSoon(ctx, job.Flow); err != nil {
		return RetryLater(CauseOurs, err)
	}
	return Ignored("Odoo has no record for " + string(job.Key) + " any more; a sync decides about its work item")
}

func verdictOfStep(step Step, err error) Verdict {
	if errors.Is(err, ErrLocked) {
		return PutBack(time.Now().Add(lockedFor), err.Error())
	}
	if errors.Is(err, ErrNotWritable) {
		return Ignored(err.Error())
	}
	if err != nil {
		return verdictOfPlane(err)
	}
	return Done(string(step.Action))
}

// change looks at the record that Odoo says was changed. What it says is only a
// hint; the record itself is read.
func (m *mirroring) change(ctx context.Context, model string, id int64) Verdict {
	flow, found := m.flows.byModel(model)
	if !found {
		return Ignored("no flow mirrors " + model)
	}
	key, err := flow.KeyOf(ctx, id)
	if errors.Is(err, ErrNoRecord) {
		return m.gone(ctx, flow, id)
	}
	if err != nil {
		return verdictOfFlow(err)
	}
	return m.entity(ctx, mirrorJob{Flow: flow.Scope().Flow, Key: key})
}

// sync compares everything and queues what differs. Planning asks Odoo once and
// Plane not at all; the writes are jobs of their own, because at one request a
// second they may take long.
func (m *mirroring) sync(ctx context.Context, flowName string) Verdict {
	flow, found := m.flows.byName(flowName)
	if !found {
		return Ignored("flow " + flowName + " is switched off")
	}
	plan, err := m.mirror.Plan(ctx, flow, WhatChanged)
	if err != nil {
		return verdictOfFlow(err)
	}
	for _, conflict := range plan.Conflicts {
		m.logger.WarnContext(ctx, "two records in Odoo have one key; only one is mirrored", slog.String("key", string(conflict.Key)),
			slog.Int64("mirrored", conflict.MirroredID), slog.Int64("left_out", conflict.OdooID))
	}
	if err := m.mirror.NoteBrake(ctx, plan); err != nil {
		return RetryLater(CauseOurs, err)
	}
	if plan.Brake != nil {
		m.logger.ErrorContext(ctx, "cancelling is held by the brake", slog.String("flow", flowName), slog.String("why", plan.Brake.String()))
	}
	queued, err := m.queue.mirrorAll(ctx, flowName, jobsOf(plan))
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	m.logger.InfoContext(ctx, "compared Odoo with what was mirrored", slog.String("flow", flowName),
		slog.Int("create", plan.Count(ActionCreate)), slog.Int("change", plan.Count(ActionChange)), slog.Int("cancel", plan.Count(ActionCancel)),
		slog.Int("unchanged", plan.Count(ActionLeave)), slog.Int("queued", queued))
	return Done(fmt.Sprintf("%d queued", queued))
}

func jobsOf(plan Plan) []mirrorJob {
	var jobs []mirrorJob
	for _, step := range plan.Work() {
		job := mirrorJob{Flow: plan.Scope.Flow, Key: step.Item.Key}
		if step.Action == ActionCancel {
			job.Task = taskCancel
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// verdictOfFlow turns an error of a flow, which read Odoo, into a verdict.
func verdictOfFlow(err error) Verdict {
	var failure *FlowError
	if errors.As(err, &failure) && failure.Permanent {
		return GiveUp(failure.Cause, err)
	}
	if errors.As(err, &failure) {
		return RetryLater(failure.Cause, err)
	}
	return RetryLater(CauseOdoo, err)
}
