package sim

import (
	"encoding/json"
	"strings"
)

// automationModels come with the module base_automation.
func automationModels() []*Model {
	system := []string{groupSystem}
	return []*Model{
		{
			Name: "base.automation", Label: "Automation Rule", Readers: system, Writers: system,
			Fields: []*Field{
				Char("name", "Automation Rule Name").Must(), Many2One("model_id", "Model", "ir.model").Must(),
				Selection("trigger", "Trigger", [2]string{"on_create_or_write", "On create and edit"},
					[2]string{"on_create", "On create"}, [2]string{"on_write", "On update"},
					[2]string{"on_unlink", "On deletion"}, [2]string{"on_webhook", "On webhook"}).Must(),
				Char("filter_domain", "Apply on"), Char("filter_pre_domain", "Before Update Domain"),
				Many2Many("trigger_field_ids", "Trigger Fields", "ir.model.fields"),
				Boolean("active", "Active").StartsAs(true),
				One2Many("action_server_ids", "Actions", "ir.actions.server", "base_automation_id"),
			},
			Removed: func(tx *Tx, r Row) { tx.removeActionsOf(r.ID()) },
		},
		{
			Name: "ir.actions.server", Label: "Server Actions", Readers: system, Writers: system,
			Fields: []*Field{
				Char("name", "Name").Must(), Many2One("model_id", "Model", "ir.model").Must(),
				Char("state", "Type").Must().StartsAs("code"), Char("usage", "Usage").StartsAs("ir_actions_server"),
				Char("webhook_url", "Webhook URL"), Text("code", "Python Code"),
				Many2Many("webhook_field_ids", "Webhook Fields", "ir.model.fields"),
				Many2One("base_automation_id", "Automation Rule", "base.automation"),
			},
		},
	}
}

// removeActionsOf deletes a rule's actions with the rule.
func (tx *Tx) removeActionsOf(rule int64) {
	actions := tx.db.tables["ir.actions.server"]
	for _, r := range actions.sorted() {
		if r.Number("base_automation_id") == rule {
			tx.remove(actions, r)
			tx.forgetReferences(actions, r.ID())
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
