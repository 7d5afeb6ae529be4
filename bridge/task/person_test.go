package task_test

import (
	"net/http"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// as is a client of somebody else than the bridge.
func (o office) as(t *testing.T, user odootest.Credentials) *odoo.Client {
	t.Helper()
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.test", Database: "odoo", Login: user.Login, Secret: user.APIKey, HTTPClient: &http.Client{Transport: o.odoo.RoundTripper()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// user is the id of a user of Odoo.
func (o office) user(t *testing.T, login string) int64 {
	t.Helper()
	for _, record := range o.odoo.Records("res.users") {
		if record["login"] == login {
			return record["id"].(int64) //nolint:forcetypeassert // Every id is one.
		}
	}
	t.Fatalf("Odoo has no user %s", login)
	return 0
}

func TestATaskSaysWhoSavedItLast(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odootest.Options{})
	id := o.add(map[string]any{"name": "one"})
	maria := o.as(t, o.odoo.AddUser("maria", "Project/User"))
	if err := maria.Write(t.Context(), task.Model, []int64{id}, odoo.Values{"name": "two"}); err != nil {
		t.Fatal(err)
	}
	item, err := o.flow.WantedFor(t.Context(), "project.task,1")
	if err != nil || item.ChangedBy != o.user(t, "maria") {
		t.Fatalf("changed by %d, %v; want maria", item.ChangedBy, err)
	}
	if email, err := o.flow.EmailOf(t.Context(), item.ChangedBy); err != nil || email != "maria@example.com" {
		t.Errorf("the address is %q, %v", email, err)
	}
}

func TestOnlyAPersonOfTheOfficeWithAnAddressOfTheirOwnIsNamed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"without an address":                   {"email": nil},
		"from outside":                         {"share": true},
		"who has left":                         {"active": false},
		"whose address another user has":       {"email": "Admin@example.com"},
		"whose address is one of spaces alone": {"email": "  "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, odootest.Options{})
			o.odoo.AddUser("maria")
			maria := o.user(t, "maria")
			o.odoo.Change("res.users", maria, change)
			if email, err := o.flow.EmailOf(t.Context(), maria); err != nil || email != "" {
				t.Errorf("named %q, %v", email, err)
			}
		})
	}
	o := newOffice(t, odootest.Options{})
	if email, err := o.flow.EmailOf(t.Context(), o.user(t, o.odoo.LeastPrivilege().Login)); err != nil || email != "" {
		t.Errorf("the bridge itself is named %q, %v", email, err)
	}
}
