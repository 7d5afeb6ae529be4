package odootest

import (
	"encoding/json"
	"strings"
)

// automationModels come with the module base_automation.
func automationModels() []*model {
	system := []string{groupSystem}
	return []*model{
		{
			name: "base.automation", label: "Automation Rule", readers: system, writers: system,
			fields: []*field{
				char("name", "Automation Rule Name").must(), many2one("model_id", "Model", "ir.model").must(),
				selection("trigger", "Trigger", [2]string{"on_create_or_write", "On create and edit"},
					[2]string{"on_create", "On create"}, [2]string{"on_write", "On update"},
					[2]string{"on_unlink", "On deletion"}, [2]string{"on_webhook", "On webhook"}).must(),
				char("filter_domain", "Apply on"), char("filter_pre_domain", "Before Update Domain"),
				many2many("trigger_field_ids", "Trigger Fields", "ir.model.fields"),
				boolean("active", "Active").startsAs(true),
				one2many("action_server_ids", "Actions", "ir.actions.server", "base_automation_id"),
			},
			removed: func(tx *transaction, r row) { tx.removeActionsOf(r.id()) },
		},
		{
			name: "ir.actions.server", label: "Server Actions", readers: system, writers: system,
			fields: []*field{
				char("name", "Name").must(), many2one("model_id", "Model", "ir.model").must(),
				char("state", "Type").must().startsAs("code"), char("usage", "Usage").startsAs("ir_actions_server"),
				char("webhook_url", "Webhook URL"), text("code", "Python Code"),
				many2many("webhook_field_ids", "Webhook Fields", "ir.model.fields"),
				many2one("base_automation_id", "Automation Rule", "base.automation"),
			},
		},
	}
}

// removeActionsOf deletes a rule's actions with the rule.
func (tx *transaction) removeActionsOf(rule int64) {
	actions := tx.db.tables["ir.actions.server"]
	for _, r := range actions.sorted() {
		if r.number("base_automation_id") == rule {
			tx.remove(actions, r)
			tx.forgetReferences(actions, r.id())
		}
	}
}

// parseLiteral reads the small part of Python that domains and selections are written in.
func parseLiteral(text string) ([]any, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	asJSON := strings.NewReplacer("(", "[", ")", "]", "'", `"`, "False", "false", "True", "true", "None", "null", ",]", "]", ",)", "]").
		Replace(text)
	var parsed []any
	decoder := json.NewDecoder(strings.NewReader(asJSON))
	decoder.UseNumber()
	if err := decoder.Decode(&parsed); err != nil {
		return nil, valueError("malformed node or string: %s", pythonRepr(text))
	}
	list, ok := plainJSON(parsed).([]any)
	if !ok {
		return nil, valueError("malformed node or string: %s", pythonRepr(text))
	}
	return list, nil
}
