package settings

import (
	"errors"
	"strconv"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/flows"
)

// Flow is the value of a setting that a flow brings, in its form; empty when it is
// not set and has no default.
func (s Settings) Flow(name string) string { return s.flows[name] }

// FlowsOn are the kinds of flows that are switched on.
func (s Settings) FlowsOn() []bridge.Kind {
	var on []bridge.Kind
	for _, kind := range flows.Known() {
		if FlowOn(kind)(s) == nil {
			on = append(on, kind)
		}
	}
	return on
}

// FlowOn is needed to switch a flow on.
func FlowOn(kind bridge.Kind) Need {
	return func(s Settings) []error {
		var faults []error
		for _, setting := range kind.Settings {
			faults = append(faults, missing(setting.Todo != "" && s.Flow(setting.Name) == "", setting.Name, setting.Todo)...)
		}
		return append(faults, sharedProject(kind, s)...)
	}
}

// FlowsIfAny accepts every flow switched off, and refuses one that is half set.
func FlowsIfAny(s Settings) []error {
	var faults []error
	for _, kind := range flows.Known() {
		if begun(kind, s) {
			faults = append(faults, FlowOn(kind)(s)...)
		}
	}
	return faults
}

func begun(kind bridge.Kind, s Settings) bool {
	for _, setting := range kind.Settings {
		if setting.Todo != "" && s.Flow(setting.Name) != "" {
			return true
		}
	}
	return false
}

// sharedProject refuses the project of a flow that is known before this one.
func sharedProject(kind bridge.Kind, s Settings) []error {
	own := kind.Project().Name
	for _, other := range flows.Known() {
		if other.Name == kind.Name {
			return nil
		}
		if theirs := other.Project().Name; s.Flow(own) != "" && s.Flow(own) == s.Flow(theirs) {
			return []error{Fault{own, "is the project of " + theirs + ": each flow needs a project of its own"}}
		}
	}
	return nil
}

func flowSpecs() []Spec {
	var specs []Spec
	for _, kind := range flows.Known() {
		for _, setting := range kind.Settings {
			specs = append(specs, Spec{Name: setting.Name, Default: setting.Default, OdooKey: setting.OdooKey})
		}
	}
	return specs
}

// flowValues are the values of what flows bring, and what is wrong with them.
func flowValues(raw, origins map[string]string) (map[string]string, []error) {
	values := make(map[string]string)
	var faults []error
	for _, kind := range flows.Known() {
		for _, setting := range kind.Settings {
			value, err := flowValue(setting, raw[setting.Name])
			if err != nil {
				faults = append(faults, faultOf(setting.Name, err.Error(), origins))
			}
			values[setting.Name] = value
		}
	}
	return values, faults
}

// flowValue is a value in the form of its setting; empty when it is wrong.
func flowValue(setting bridge.Setting, raw string) (string, error) {
	if raw == "" {
		return setting.Default, nil
	}
	value, err := formed(setting.Form, raw)
	if err == nil && setting.Check != nil {
		err = setting.Check(value)
	}
	if err != nil {
		return "", err
	}
	return value, nil
}

func formed(form bridge.Form, raw string) (string, error) {
	switch form {
	case bridge.FormPlaneProject:
		id, err := uuid.Parse(raw)
		if err != nil {
			return "", errors.New("expected a UUID, as it stands in the project's address in Plane")
		}
		return id.String(), nil
	case bridge.FormRecord:
		id, err := strconv.ParseInt(raw, 10, 64)
		if err != nil || id < 1 {
			return "", errors.New("expected the id of a record in Odoo, a whole number of at least 1")
		}
		return strconv.FormatInt(id, 10), nil
	case bridge.FormText:
	}
	return raw, withoutComment(raw)
}
