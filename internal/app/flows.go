package app

import (
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/web"
	"github.com/insightpulseai/odoo-plane-bridge/internal/flows"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// SwitchedOn is needed by whatever works on one flow. It says that the flow is off
// and which settings switch it on.
func SwitchedOn(name string) settings.Need {
	return func(s settings.Settings) []error {
		kind, known := flows.ByName(name)
		if !known {
			return []error{fmt.Errorf("there is no flow %s", name)}
		}
		faults := settings.FlowOn(kind)(s)
		if len(faults) == 0 {
			return nil
		}
		return append([]error{fmt.Errorf("flow %s is off", name)}, faults...)
	}
}

// Kinds are the flows that the settings switch on; where none is on, the one that an
// installation is made ready for first.
func Kinds(s settings.Settings) []bridge.Kind {
	if on := s.FlowsOn(); len(on) > 0 {
		return on
	}
	return flows.Known()[:1]
}

// Flow is the flow of a name, if it is switched on.
func (a *App) Flow(name string) (bridge.Flow, error) {
	if flow, on := bridge.Flows(a.Engine.Flows()).ByName(name); on {
		return flow, nil
	}
	return nil, fmt.Errorf("%w: flow %s is off", settings.ErrUsage, name)
}

// flows are the flows that the settings switch on.
func (a *App) flows() []bridge.Flow {
	var on []bridge.Flow
	if a.Odoo == nil {
		return nil
	}
	for _, kind := range a.Settings.FlowsOn() {
		on = append(on, a.FlowOf(kind))
	}
	return on
}

// FlowOf makes a flow, whether it is switched on or not.
func (a *App) FlowOf(kind bridge.Kind) bridge.Flow {
	parts := PartsFor(a.Settings, a.Odoo)
	parts.Links, parts.Logger = mapping.NewStore(a.Pool), a.Logger
	return kind.New(parts)
}

// PartsFor are what a flow is made from that needs no database: links and a logger are
// not among them.
func PartsFor(s settings.Settings, client *odoo.Client) bridge.Parts {
	return bridge.Parts{
		Odoo: client, OdooURL: s.OdooURL.String(), Workspace: string(s.PlaneWorkspaceSlug), Location: s.Location(), Setting: s.Flow,
	}
}

// hooks are the calls of Odoo's own modules that come in as webhooks, whichever flows
// are on: the forwarder that sends them does not know.
func hooks() []web.Hook {
	var all []web.Hook
	for _, kind := range flows.Known() {
		if kind.Hook != "" {
			all = append(all, web.Hook{Model: kind.Model, Method: kind.Hook})
		}
	}
	return all
}
