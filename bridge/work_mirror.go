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

// inProject reports whether a flow mirrors into a project of Plane.
func (fs flows) inProject(projectID string) bool {
	for _, flow := range fs {
		if flow.Scope().ProjectID == projectID {
			return true
		}
	}
	return false
}

// labelColor asks the flow of a project which colour a label is to have.
func (fs flows) labelColor(projectID, name string) string {
	for _, flow := range fs {
		if colorer, colors := flow.(LabelColorer); colors && flow.Scope().ProjectID == projectID {
			return colorer.LabelColor(name)
		}
	}
	return ""
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
	if job.Task == taskDoubles {
		retired, err := m.mirror.RetireDoubles(plane.WithMaxWait(ctx, maxBudgetWait), flow, job.Key)
		return verdictOf(fmt.Sprintf("%d doubles cancelled", retired), err)
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

func verdictOfStep(step Step, err error) Verdict { return verdictOf(string(step.Action), err) }

func verdictOf(outcome string, err error) Verdict {
	if errors.Is(err, ErrLocked) {
		return PutBack(time.Now().Add(lockedFor), err.Error())
	}
	if errors.Is(err, ErrNotWritable) {
		return Ignored(err.Error())
	}
	if errors.As(err, new(*FlowError)) {
		return verdictOfFlow(err)
	}
	if err != nil {
		return verdictOfPlane(err)
	}
	return Done(outcome)
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

// sync compares everything and queues what differs. Planning asks Odoo once; the
// writes are jobs of their own, because at one request a second they may take
// long.
func (m *mirroring) sync(ctx context.Context, flowName string) Verdict {
	flow, found := m.flows.byName(flowName)
	if !found {
		return Ignored("flow " + flowName + " is switched off")
	}
	asking := plane.WithMaxWait(plane.WithLane(ctx, plane.LaneBackfill), maxBudgetWait)
	plan, err := m.mirror.Plan(asking, flow, WhatChanged)
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
	adopted := m.prepare(asking, flow, &plan)
	queued, err := m.queue.mirrorAll(ctx, flowName, jobsOf(plan))
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	m.logger.InfoContext(ctx, "compared Odoo with what was mirrored", slog.String("flow", flowName),
		slog.Int("create", plan.Count(ActionCreate)), slog.Int("adopted", adopted), slog.Int("adopt", plan.Count(ActionAdopt)), slog.Int("change", plan.Count(ActionChange)), slog.Int("cancel", plan.Count(ActionCancel)),
		slog.Int("unchanged", plan.Count(ActionLeave)), slog.Int("queued", queued))
	return Done(fmt.Sprintf("%d queued", queued))
}

// prepare does once what every replica would find out by itself: it makes the
// labels that are missing, and binds work items that are there already and show
// what is wanted, which takes no request, and returns how many. What fails is left
// to the jobs.
func (m *mirroring) prepare(ctx context.Context, flow Flow, plan *Plan) (adopted int) {
	if len(plan.Labels) > 0 {
		if _, err := m.mirror.catalog.LabelIDs(ctx, plan.Scope.ProjectID, plan.Labels...); err != nil {
			m.logger.Log(ctx, levelOf(err), "labels could not be made ahead; they are made with the work items", slog.Any("error", err))
		}
	}
	for i, step := range plan.Steps {
		if step.Action != ActionAdopt || len(step.Fields) > 0 {
			continue
		}
		if _, err := m.mirror.Apply(ctx, flow, step.Item, WhatChanged); err != nil {
			m.logger.Log(ctx, levelOf(err), "a work item could not be adopted; a job tries again",
				slog.String("key", string(step.Item.Key)), slog.Any("error", err))
			continue
		}
		plan.Steps[i].Action, adopted = ActionLeave, adopted+1
	}
	return adopted
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
