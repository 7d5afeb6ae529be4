// Package flows lists the kinds of flows that the program knows. A flow that is added
// here brings everything else with it.
package flows

import (
	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
)

// Known are the kinds of flows. The first is the one that commands mean when none is
// named, and that an installation without any is asked to switch on.
func Known() []bridge.Kind { return []bridge.Kind{bir.Kind(), task.Kind()} }

// ByName is the kind of a name.
func ByName(name string) (bridge.Kind, bool) {
	for _, kind := range Known() {
		if kind.Name == name {
			return kind, true
		}
	}
	return bridge.Kind{}, false
}
