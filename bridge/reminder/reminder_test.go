package reminder_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/reminder"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// deskOf is a desk for a flow of visits, whose records the simulated Odoo does not even know.
func deskOf(t *testing.T, server *sim.Server, user string) reminder.Desk {
	t.Helper()
	bridge := server.LeastPrivilege()
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.example", Database: "odoo", Login: bridge.Login, Secret: bridge.APIKey,
		HTTPClient: &http.Client{Transport: server.RoundTripper()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return reminder.Desk{Odoo: client, Record: "visit", User: user, Setting: "VISITS_REMIND", Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
}

func visit() reminder.Reminder {
	return reminder.Reminder{
		Name: "visit_1", About: "x.visit,1", Summary: "Write the report", Due: odoo.Date{Year: 2099, Month: 12, Day: 1},
		Company: odoo.Many2One{ID: 1, Name: "My Company"},
	}
}

func TestAReminderIsLeftOnceAndTakenBackOnce(t *testing.T) {
	t.Parallel()
	server := sim.New(sim.Options{})
	desk := deskOf(t, server, "reader")
	for _, want := range []string{"reminder left for reader on the contact of My Company", "the reminder in Odoo was there already"} {
		if got, err := desk.Leave(t.Context(), visit()); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if open := server.Activities("reader").Open; len(open) != 1 || open[0]["summary"] != "Write the report" {
		t.Errorf("open activities %v", open)
	}
	for _, want := range []string{"the reminder is taken back", "the reminder is gone already"} {
		if got, err := desk.TakeBack(t.Context(), "visit_1", "x.visit,1"); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}

func TestWhoCannotBeRemindedIsNamedWithTheSetting(t *testing.T) {
	t.Parallel()
	desk := deskOf(t, sim.New(sim.Options{}), "nobody")
	err := desk.CheckUser(t.Context(), []odoo.Many2One{{ID: 1, Name: "My Company"}})
	want := "VISITS_REMIND is nobody, and Odoo shows the bridge no user with this login. Set VISITS_REMIND to the login of an active user of the office"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestAMissingRightToWriteContactsIsNamed(t *testing.T) {
	t.Parallel()
	server := sim.New(sim.Options{})
	server.Withdraw(server.LeastPrivilege().Login, sim.GroupContacts)
	missing, err := deskOf(t, server, "").MissingRights(t.Context(), nil)
	want := "the bridge's user may not write contacts in Odoo, and reminders hang on the contact of a visit's company. " +
		"Give it the group Contact / Creation (base.group_partner_manager)"
	if err != nil || len(missing) != 1 || missing[0].Error() != want {
		t.Errorf("%v, %v", missing, err)
	}
}
