package main

import (
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// checkTasks looks at the task flow's project in Odoo; the flow may be off.
func (a *app) checkTasks(ctx context.Context) []plane.Finding {
	if settings.Task(a.settings) != nil {
		return nil
	}
	const advice = "Install the module Project, check ODOO_TASK_PROJECT_ID, and let the bridge's user see the project (Project / User)."
	project := int64(a.settings.OdooTaskProjectID)
	exists, err := a.odoo.Exists(ctx, "project.project", project)
	if err == nil && !exists[project] {
		err = fmt.Errorf("the bridge's user sees no project %d", project)
	}
	if err != nil {
		return []plane.Finding{failed("tasks", err, advice)}
	}
	n, err := a.odoo.SearchCount(ctx, task.Model, odoo.Where("project_id", "=", project))
	if err != nil {
		return []plane.Finding{failed("tasks", err, advice)}
	}
	return []plane.Finding{ok("tasks", fmt.Sprintf("%d in project %d in Odoo", n, project))}
}

// checkTaskProject looks at the project in Plane that tasks are mirrored into, where
// it is not the one that was looked at already.
func (a *app) checkTaskProject(ctx context.Context) []plane.Finding {
	if settings.Task(a.settings) != nil || a.settings.PlaneBIRProjectID == "" {
		return nil
	}
	project, err := a.plane.Project(plane.WithLane(ctx, plane.LaneInteractive), string(a.settings.PlaneTaskProjectID))
	if err != nil {
		return []plane.Finding{failed("task project", err, "Check PLANE_TASK_PROJECT_ID, and add the key's user to the project as a member.")}
	}
	return []plane.Finding{ok("task project", project.Name)}
}
