package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// Kind is one kind of flow that the program knows: what it is called, which settings
// it brings, what Odoo reports of it, and how it is made. It is a value, so that a
// flow can be made from a declaration as well as from a package.
type Kind struct {
	// Name is what the flow is called in commands, links and logs.
	Name string
	// Records is what people call what it mirrors, such as "deadlines", and Title says
	// in the help what the flow is for.
	Records, Title string
	// Model is the Odoo model that it mirrors.
	Model string
	// Settings are those that only this flow has. Those with a Todo switch it on.
	Settings []Setting
	// Triggers are the fields of the model whose change in Odoo shows in Plane. A rule in
	// Odoo reports their changes, once `odoo setup-push` has made it.
	Triggers []string
	// Hook is the method of the model by which a module in Odoo took Plane's webhooks
	// before the bridge did; empty where none did. Calls of it are taken still.
	Hook string
	// New makes the flow. It makes no connection.
	New func(Parts) Flow
}

// Setting is one that a flow brings. It is read from wherever the others are.
type Setting struct {
	// Name is the environment variable, and OdooKey the ir.config_parameter that it
	// falls back to; empty for none.
	Name, OdooKey string
	// Default is the value when nothing sets it; empty for none.
	Default string
	Form    Form
	// Check says what else is expected of a value; nil for nothing.
	Check func(value string) error
	// Todo says what to set it to where the flow cannot be on without it; empty for a
	// setting that may be left alone.
	Todo string
}

// Form is the form that every value of a setting has.
type Form int

// The forms of values.
const (
	// FormText is a line of text.
	FormText Form = iota
	// FormPlaneProject is the id of the project in Plane that the flow mirrors into. No
	// two flows share one.
	FormPlaneProject
	// FormRecord is the id of a record in Odoo.
	FormRecord
)

// Project is the setting that names the project in Plane; the zero Setting when the
// flow brings none.
func (k Kind) Project() Setting {
	for _, setting := range k.Settings {
		if setting.Form == FormPlaneProject {
			return setting
		}
	}
	return Setting{}
}

// Parts are what a flow is made from.
type Parts struct {
	Odoo *odoo.Client
	// OdooURL is where people open Odoo.
	OdooURL string
	// Workspace is the slug of the Plane workspace.
	Workspace string
	// Location is the time zone in which a day is reckoned.
	Location *time.Location
	Links    *mapping.Store
	// Setting is the value of one of the settings that the flow brings, in its form.
	Setting func(name string) string
	Logger  *slog.Logger
}

// Checker is a flow that looks at what it depends on in Odoo.
type Checker interface {
	// Check changes nothing. What fails is a finding.
	Check(ctx context.Context) []Finding
}

// StatusFields are the fields of a model that show how the mirroring of a record
// stands.
type StatusFields struct {
	// Present are those that there are, and Missing those that can be added.
	Present []string
	Missing []odoo.FieldSpec
}
