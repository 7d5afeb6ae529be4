package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// MaxBudgetWait is how long a job may hold a worker while it waits for Plane's
// rate limit. One that would wait longer is snoozed.
const MaxBudgetWait = 5 * time.Second

// Mirroring works through records of Odoo that may have changed.
type Mirroring struct {
	Mirror  *mirror.Mirror
	Auditor *audit.Auditor
	Queue   *queue.Queue
	Flows   bridge.Flows
	Logger  *slog.Logger
}

// Entity looks at one record again and brings its work item up to date.
func (m *Mirroring) Entity(ctx context.Context, job queue.MirrorJob) bridge.Verdict {
	flow, found := m.Flows.ByName(job.Flow)
	if !found {
		return bridge.Ignored("flow " + job.Flow + " is switched off")
	}
	if job.Task == queue.TaskDuplicates {
		retired, err := m.Auditor.RetireDuplicates(plane.WithMaxWait(ctx, MaxBudgetWait), flow, job.Key)
		return verdictOf(fmt.Sprintf("%d duplicates cancelled", retired), err)
	}
	item, err := flow.WantedFor(ctx, job.Key)
	switch {
	case errors.Is(err, bridge.ErrNoRecord) && job.Task == queue.TaskCancel:
		return verdictOfStep(m.Mirror.Cancel(plane.WithMaxWait(ctx, MaxBudgetWait), flow, job.Key))
	case errors.Is(err, bridge.ErrNoRecord):
		return m.planSoon(ctx, job)
	case err != nil:
		return bridge.VerdictOfFlow(err)
	}
	extent := mirror.WhatChanged
	if job.Task == queue.TaskRepair {
		extent = mirror.WhatDrifted
	}
	return verdictOfStep(m.Mirror.Apply(plane.WithMaxWait(ctx, MaxBudgetWait), flow, item, extent))
}

// planSoon leaves a record that is gone to a sync: only that sees how many are
// gone at once, and whether the brake has to hold.
func (m *Mirroring) planSoon(ctx context.Context, job queue.MirrorJob) bridge.Verdict {
	if err := m.Queue.SyncSoon(ctx, job.Flow); err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return bridge.Ignored("Odoo has no record for " + string(job.Key) + " any more; a sync decides about its work item")
}

func verdictOfStep(step mirror.Step, err error) bridge.Verdict {
	return verdictOf(string(step.Action), err)
}

func verdictOf(outcome string, err error) bridge.Verdict {
	if errors.Is(err, bridge.ErrLocked) {
		return bridge.Snooze(time.Now().Add(ledger.LockedFor), err.Error())
	}
	if errors.Is(err, mirror.ErrNotWritable) {
		return bridge.Ignored(err.Error())
	}
	if errors.As(err, new(*bridge.FlowError)) {
		return bridge.VerdictOfFlow(err)
	}
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	return bridge.Done(outcome)
}

// Change looks at the record that Odoo says was changed. What it says is only a
// hint; the record itself is read.
func (m *Mirroring) Change(ctx context.Context, model string, id int64) bridge.Verdict {
	flow, found := m.Flows.ByModel(model)
	if !found {
		return bridge.Ignored("no flow mirrors " + model)
	}
	key, err := flow.KeyOf(ctx, id)
	if errors.Is(err, bridge.ErrNoRecord) {
		return m.gone(ctx, flow, id)
	}
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	return m.Entity(ctx, queue.MirrorJob{Flow: flow.Scope().Flow, Key: key})
}

// Sync compares everything and queues what differs. Planning asks Odoo once; the
// writes are jobs of their own, because at one request a second they may take
// long.
func (m *Mirroring) Sync(ctx context.Context, flowName string) bridge.Verdict {
	flow, found := m.Flows.ByName(flowName)
	if !found {
		return bridge.Ignored("flow " + flowName + " is switched off")
	}
	asking := plane.WithMaxWait(plane.WithLane(ctx, plane.LaneBackfill), MaxBudgetWait)
	plan, err := m.Mirror.Plan(asking, flow, mirror.WhatChanged)
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	for _, conflict := range plan.Conflicts {
		m.Logger.WarnContext(ctx, "two records in Odoo have one key; only one is mirrored", slog.String("key", string(conflict.Key)),
			slog.Int64("mirrored", conflict.MirroredID), slog.Int64("left_out", conflict.OdooID))
	}
	if err := m.Mirror.NoteBrake(ctx, plan); err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	if plan.Brake != nil {
		m.Logger.ErrorContext(ctx, "cancelling is held by the brake", slog.String("flow", flowName), slog.String("why", plan.Brake.String()))
	}
	adopted := m.prepare(asking, flow, &plan)
	queued, err := m.Queue.MirrorAll(ctx, flowName, jobsOf(plan))
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	m.Logger.InfoContext(ctx, "compared Odoo with what was mirrored", slog.String("flow", flowName),
		slog.Int("create", plan.Count(mirror.ActionCreate)), slog.Int("adopted", adopted), slog.Int("adopt", plan.Count(mirror.ActionAdopt)), slog.Int("change", plan.Count(mirror.ActionChange)), slog.Int("cancel", plan.Count(mirror.ActionCancel)),
		slog.Int("unchanged", plan.Count(mirror.ActionLeave)), slog.Int("queued", queued))
	return bridge.Done(fmt.Sprintf("%d queued", queued))
}

// prepare does once what every replica would find out by itself: it makes the
// labels that are missing, and binds work items that are there already and show
// what is wanted, which takes no request, and returns how many. What fails is left
// to the jobs.
func (m *Mirroring) prepare(ctx context.Context, flow bridge.Flow, plan *mirror.Plan) (adopted int) {
	if len(plan.Labels) > 0 {
		if _, err := m.Mirror.Catalog.LabelIDs(ctx, plan.Scope.ProjectID, plan.Labels...); err != nil {
			m.Logger.Log(ctx, mirror.LevelOf(err), "labels could not be made ahead; they are made with the work items", slog.Any("error", err))
		}
	}
	for i, step := range plan.Steps {
		if step.Action != mirror.ActionAdopt || len(step.Fields) > 0 {
			continue
		}
		if _, err := m.Mirror.Apply(ctx, flow, step.Item, mirror.WhatChanged); err != nil {
			m.Logger.Log(ctx, mirror.LevelOf(err), "a work item could not be adopted; a job tries again",
				slog.String("key", string(step.Item.Key)), slog.Any("error", err))
			continue
		}
		plan.Steps[i].Action, adopted = mirror.ActionLeave, adopted+1
	}
	return adopted
}

func jobsOf(plan mirror.Plan) []queue.MirrorJob {
	var jobs []queue.MirrorJob
	for _, step := range plan.Work() {
		job := queue.MirrorJob{Flow: plan.Scope.Flow, Key: step.Item.Key}
		if step.Action == mirror.ActionCancel {
			job.Task = queue.TaskCancel
		}
		jobs = append(jobs, job)
	}
	return jobs
}
