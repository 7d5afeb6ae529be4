package check

import (
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// checkTasks looks at the task flow's project in Odoo; the flow may be off.
func (c checks) checkTasks(ctx context.Context) []bridge.Finding {
	if settings.Task(c.app.Settings) != nil {
		return nil
	}
	const advice = "Install the module Project, check ODOO_TASK_PROJECT_ID, and let the bridge's user see the project (Project / User)."
	project := int64(c.app.Settings.OdooTaskProjectID)
	exists, err := c.app.Odoo.Exists(ctx, "project.project", project)
	if err == nil && !exists[project] {
		err = fmt.Errorf("the bridge's user sees no project %d", project)
	}
	if err != nil {
		return []bridge.Finding{bridge.Failed("tasks", err, advice)}
	}
	n, err := c.app.Odoo.SearchCount(ctx, task.Model, odoo.Where("project_id", "=", project))
	if err != nil {
		return []bridge.Finding{bridge.Failed("tasks", err, advice)}
	}
	return []bridge.Finding{bridge.Fine("tasks", fmt.Sprintf("%d in project %d in Odoo", n, project))}
}

// checkTaskProject looks at the project in Plane that tasks are mirrored into, where
// it is not the one that was looked at already.
func (c checks) checkTaskProject(ctx context.Context) []bridge.Finding {
	if settings.Task(c.app.Settings) != nil || c.app.Settings.PlaneBIRProjectID == "" {
		return nil
	}
	project, err := c.app.Plane.Project(plane.WithLane(ctx, plane.LaneInteractive), string(c.app.Settings.PlaneTaskProjectID))
	if err != nil {
		return []bridge.Finding{bridge.Failed("task project", err, "Check PLANE_TASK_PROJECT_ID, and add the key's user to the project as a member.")}
	}
	return []bridge.Finding{bridge.Fine("task project", project.Name)}
}
