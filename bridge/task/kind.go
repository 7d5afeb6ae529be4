package task

import (
	"strconv"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// The settings that the flow brings. Both unset leave it off.
const (
	odooProjectSetting = "ODOO_TASK_PROJECT_ID"
	projectSetting     = "PLANE_TASK_PROJECT_ID"
)

// Kind is the flow as the program knows it. What the bridge writes itself is reported
// back by Odoo, once, and found as it should be.
func Kind() bridge.Kind {
	return bridge.Kind{
		Name: Name, Records: "tasks", Title: "a project's tasks", Model: Model,
		Settings: []bridge.Setting{
			{Name: odooProjectSetting, Form: bridge.FormRecord, Todo: "set it to the id of the project in Odoo whose tasks are mirrored"},
			{Name: projectSetting, Form: bridge.FormPlaneProject, Todo: "set it to the id of the project in Plane that tasks are mirrored into"},
		},
		Triggers: []string{"name", "description", "priority", "stage_id", "state", "date_deadline", "active", "project_id"},
		New:      fromParts,
	}
}

func fromParts(p bridge.Parts) bridge.Flow {
	project, err := strconv.ParseInt(p.Setting(odooProjectSetting), 10, 64)
	if err != nil {
		project = 0 // The flow is off, and Odoo has no project 0.
	}
	return New(Config{
		Odoo: p.Odoo, OdooProjectID: project, Workspace: p.Workspace, ProjectID: p.Setting(projectSetting), Location: p.Location, Links: p.Links,
	})
}
