package bir

import (
	"errors"
	"regexp"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// The settings that the flow brings.
const (
	projectSetting      = "PLANE_BIR_PROJECT_ID"
	moduleSetting       = "BIR_ODOO_MODULE"
	onCompletedSetting  = "BIR_ON_COMPLETED"
	reminderUserSetting = "BIR_REMINDER_USER"
	namesSetting        = "BIR_WORK_ITEM_NAMES"
)

// Kind is the flow as the program knows it. The fields of the status are not among the
// triggers, so the bridge's own writes are not reported back.
func Kind() bridge.Kind {
	return bridge.Kind{
		Name: Name, Records: "deadlines", Title: "filing deadlines", Model: Model,
		Settings: []bridge.Setting{
			{
				Name: projectSetting, OdooKey: "plane.bir_project_id", Form: bridge.FormPlaneProject,
				Todo: "set it to the id of the project that deadlines are mirrored into",
			},
			{Name: moduleSetting, Default: "ipai_bir_tax_compliance", Check: isModule},
			{Name: onCompletedSetting, Default: string(Remind), Check: isOnCompleted},
			{Name: reminderUserSetting},
			{Name: namesSetting, Default: string(NameFormFirst), Check: isNameStyle},
		},
		Triggers: []string{"name", "form_type", "period_month", "period_year", "deadline_date", "company_id", "return_id", "state"},
		Hook:     "handle_plane_webhook",
		New:      fromParts,
	}
}

func fromParts(p bridge.Parts) bridge.Flow {
	return New(Config{
		Odoo: p.Odoo, OdooURL: p.OdooURL, Workspace: p.Workspace, ProjectID: p.Setting(projectSetting), Location: p.Location,
		Module: p.Setting(moduleSetting), OnCompleted: OnCompleted(p.Setting(onCompletedSetting)), ReminderUser: p.Setting(reminderUserSetting),
		Names: NameStyle(p.Setting(namesSetting)), Logger: p.Logger,
	})
}

var moduleName = regexp.MustCompile(`^[a-z0-9_]+$`)

func isModule(value string) error {
	if !moduleName.MatchString(value) {
		return errors.New("expected the technical name of a module: small letters, digits and _")
	}
	return nil
}

func isOnCompleted(value string) error {
	name, marks := OnCompleted(value).field()
	if value == string(Remind) || value == string(Nothing) || marks && name != "" {
		return nil
	}
	return errors.New("expected remind, nothing, or field: and the name of a boolean field of the deadline")
}

func isNameStyle(value string) error {
	names := []string{string(NameFormFirst), string(NameOnce)}
	for _, name := range names {
		if value == name {
			return nil
		}
	}
	return errors.New("expected one of: " + strings.Join(names, ", "))
}
