package app

import (
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// switches are the settings that switch each flow on.
var switches = map[string]settings.Need{bir.Name: settings.BIR, task.Name: settings.Task}

// SwitchedOn is needed by whatever works on one flow. It says that the flow is off
// and which settings switch it on.
func SwitchedOn(name string) settings.Need {
	return func(s settings.Settings) []error {
		faults := switches[name](s)
		if len(faults) == 0 {
			return nil
		}
		return append([]error{fmt.Errorf("flow %s is off", name)}, faults...)
	}
}

// Flow is the flow of a name, if it is switched on.
func (a *App) Flow(name string) (bridge.Flow, error) {
	for _, flow := range a.Engine.Flows() {
		if flow.Scope().Flow == name {
			return flow, nil
		}
	}
	return nil, fmt.Errorf("%w: flow %s is off", settings.ErrUsage, name)
}

// flows are the flows that the settings switch on.
func (a *App) flows() []bridge.Flow {
	var on []bridge.Flow
	if a.Odoo != nil && settings.BIR(a.Settings) == nil {
		on = append(on, a.BIRFlow())
	}
	if a.Odoo != nil && settings.Task(a.Settings) == nil {
		on = append(on, a.taskFlow())
	}
	return on
}

func (a *App) BIRFlow() *bir.Flow {
	return bir.New(bir.Config{
		Odoo: a.Odoo, OdooURL: a.Settings.OdooURL.String(), Workspace: string(a.Settings.PlaneWorkspaceSlug),
		ProjectID: string(a.Settings.PlaneBIRProjectID), Location: a.Settings.Location(),
		Module: a.Settings.BIRModule, OnCompleted: bir.OnCompleted(a.Settings.BIROnCompleted), ReminderUser: a.Settings.BIRReminderUser,
		Names: bir.NameStyle(a.Settings.BIRWorkItemNames), Logger: a.Logger,
	})
}

func (a *App) taskFlow() bridge.Flow {
	return task.New(task.Config{
		Odoo: a.Odoo, OdooProjectID: int64(a.Settings.OdooTaskProjectID), Workspace: string(a.Settings.PlaneWorkspaceSlug),
		ProjectID: string(a.Settings.PlaneTaskProjectID), Location: a.Settings.Location(), Links: mapping.NewStore(a.Pool),
	})
}
