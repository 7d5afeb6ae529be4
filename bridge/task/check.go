package task

import (
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

var _ bridge.Checker = (*Flow)(nil)

// Check says how many tasks the project has, as the bridge's user sees it.
func (f *Flow) Check(ctx context.Context) []bridge.Finding {
	n, err := f.count(ctx)
	if err != nil {
		return []bridge.Finding{bridge.Failed("tasks", err,
			"Install the module Project, check ODOO_TASK_PROJECT_ID, and let the bridge's user see the project (Project / User).")}
	}
	return []bridge.Finding{bridge.Fine("tasks", fmt.Sprintf("%d in project %d in Odoo", n, f.config.OdooProjectID))}
}

func (f *Flow) count(ctx context.Context) (int, error) {
	project := f.config.OdooProjectID
	exists, err := f.config.Odoo.Exists(ctx, "project.project", project)
	if err != nil {
		return 0, fmt.Errorf("looking for project %d in Odoo: %w", project, err)
	}
	if !exists[project] {
		return 0, fmt.Errorf("the bridge's user sees no project %d", project)
	}
	n, err := f.config.Odoo.SearchCount(ctx, Model, odoo.Where("project_id", "=", project))
	if err != nil {
		return 0, fmt.Errorf("counting tasks: %w", err)
	}
	return n, nil
}
