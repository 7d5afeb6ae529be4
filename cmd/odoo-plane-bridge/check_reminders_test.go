package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

func TestCheckRefusesRemindersThatCannotBeLeft(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, setting, value, says string
		fails                      bool
		before                     func(s *stage)
	}{
		{name: "nobody is set", says: "else bridge, the bridge's own user", before: func(*stage) {}},
		{name: "a user", setting: "BIR_REMINDER_USER", value: "maria", says: "go to maria", before: func(*stage) {}},
		{name: "an unknown user", setting: "BIR_REMINDER_USER", value: "nobody", says: "no user with this login", fails: true, before: func(*stage) {}},
		{name: "a user who has left", setting: "BIR_REMINDER_USER", value: "maria", says: "is archived", fails: true, before: func(s *stage) {
			s.changeUser("maria", map[string]any{"active": false})
		}},
		{name: "a portal user", setting: "BIR_REMINDER_USER", value: "maria", says: "portal user", fails: true, before: func(s *stage) {
			s.changeUser("maria", map[string]any{"share": true})
		}},
		{name: "a user of another company", setting: "BIR_REMINDER_USER", value: "maria", says: "does not see company My Company", fails: true, before: func(s *stage) {
			company := s.odoo.AddCompany("Acme Cebu")
			s.changeUser("maria", map[string]any{"company_ids": []any{[]any{int64(6), int64(0), []any{company}}}})
		}},
		{name: "a missing right", says: "Contact / Creation (base.group_partner_manager)", fails: true, before: func(s *stage) {
			s.odoo.Withdraw("bridge", odootest.GroupContacts)
		}},
		{name: "a company that the bridge does not see", says: "does not see company Acme Cebu", fails: true, before: func(s *stage) {
			s.odoo.GenerateDeadlines(s.odoo.AddCompany("Acme Cebu"), 2099)
		}},
		{name: "nothing", setting: "BIR_ON_COMPLETED", value: "nothing", says: "none; BIR_ON_COMPLETED is nothing", before: func(s *stage) {
			s.odoo.Withdraw("bridge", odootest.GroupContacts)
		}},
		{name: "a field that is not there", setting: "BIR_ON_COMPLETED", value: "field:x_done", says: "names field x_done, which", fails: true, before: func(*stage) {}},
		{name: "a field that is no boolean", setting: "BIR_ON_COMPLETED", value: "field:name", says: "of type char", fails: true, before: func(*stage) {}},
		{name: "a field", setting: "BIR_ON_COMPLETED", value: "field:x_done", says: "none; BIR_ON_COMPLETED is field:x_done", before: func(s *stage) {
			s.odoo.Add("ir.model.fields", map[string]any{"name": "x_done", "field_description": "Done", "model_id": int64(555), "ttype": "boolean"})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.odoo.GenerateDeadlines(1, 2099)
			s.odoo.AddUser("maria")
			row.before(s)
			if row.setting != "" {
				s.settings[row.setting] = row.value
			}
			code, stdout, stderr := s.command("check", "--json")
			var findings []bridge.Finding
			if err := json.Unmarshal([]byte(stdout), &findings); err != nil {
				t.Fatalf("check = %d, %v\n%s%s", code, err, stdout, stderr)
			}
			findings = slices.DeleteFunc(findings, func(f bridge.Finding) bool { return f.Name != "reminders" })
			if len(findings) == 0 || (findings[0].Grade == bridge.GradeFail) != row.fails || !strings.Contains(findings[0].Found+findings[0].Do, row.says) {
				t.Errorf("check finds %+v, want %q, failing %t", findings, row.says, row.fails)
			}
		})
	}
}

// changeUser changes a user of Odoo.
func (s *stage) changeUser(login string, values map[string]any) {
	for _, user := range s.odoo.Records("res.users") {
		if id, isNumber := user["id"].(int64); isNumber && user["login"] == login {
			s.odoo.Change("res.users", id, values)
		}
	}
}
