package main

import (
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// flowFlag chooses the flow that a command works on.
type flowFlag struct {
	Flow string `help:"The flow: bir for filing deadlines, task for a project's tasks." default:"bir" enum:"bir,task"`
}

// switches are the settings that switch each flow on.
var switches = map[string]settings.Need{bir.Name: settings.BIR, task.Name: settings.Task}

// switchedOn is needed by whatever works on one flow. It says that the flow is off
// and which settings switch it on.
func switchedOn(name string) settings.Need {
	return func(s settings.Settings) []error {
		faults := switches[name](s)
		if len(faults) == 0 {
			return nil
		}
		return append([]error{fmt.Errorf("flow %s is off", name)}, faults...)
	}
}

// onFlow runs a command that needs both servers and one flow.
func (p *process) onFlow(name string, do func(a *app, flow bridge.Flow) error) error {
	needs := []settings.Need{settings.Database, settings.Odoo, settings.PlaneKey, switchedOn(name)}
	return p.onDatabase(needs, func(a *app) error {
		flow, err := a.flow(name)
		if err != nil {
			return err
		}
		return do(a, flow)
	})
}

func (a *app) flow(name string) (bridge.Flow, error) {
	for _, flow := range a.bridge.Flows() {
		if flow.Scope().Flow == name {
			return flow, nil
		}
	}
	return nil, fmt.Errorf("%w: flow %s is off", errUsage, name)
}

// flows are the flows that the settings switch on.
func (a *app) flows() []bridge.Flow {
	var on []bridge.Flow
	if a.odoo != nil && settings.BIR(a.settings) == nil {
		on = append(on, a.birFlow())
	}
	if a.odoo != nil && settings.Task(a.settings) == nil {
		on = append(on, a.taskFlow())
	}
	return on
}

func (a *app) birFlow() *bir.Flow {
	return bir.New(bir.Config{
		Odoo: a.odoo, OdooURL: a.settings.OdooURL.String(), Workspace: string(a.settings.PlaneWorkspaceSlug),
		ProjectID: string(a.settings.PlaneBIRProjectID), Location: a.settings.Location(),
		Module: a.settings.BIRModule, OnCompleted: bir.OnCompleted(a.settings.BIROnCompleted), ReminderUser: a.settings.BIRReminderUser,
		Names: bir.NameStyle(a.settings.BIRWorkItemNames), Logger: a.logger,
	})
}

func (a *app) taskFlow() bridge.Flow {
	return task.New(task.Config{
		Odoo: a.odoo, OdooProjectID: int64(a.settings.OdooTaskProjectID), Workspace: string(a.settings.PlaneWorkspaceSlug),
		ProjectID: string(a.settings.PlaneTaskProjectID), Location: a.settings.Location(), Links: mapping.NewStore(a.pool),
	})
}
