package odoo_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// visitModel is a model that no package of the simulated Odoo knows.
const visitModel = "x.visit"

func visits() sim.Model {
	return sim.Model{
		Name: visitModel, Label: "Visit", Module: "x_visits", Writers: []string{sim.GroupAccounting},
		Fields: []*sim.Field{
			sim.Char("name", "Name").Must(),
			sim.Date("day", "Day").Must(),
			sim.Selection("state", "State", [2]string{"planned", "Planned"}, [2]string{"over", "Over"}).Must().StartsAs("planned"),
			sim.Many2One("company_id", "Company", "res.company").StartsFrom(sim.OwnCompany),
			sim.Float("hours", "Hours"),
		},
		Methods: map[string]*sim.Method{"action_end": {Needs: "write", Existing: true, Run: endVisits}},
	}
}

// endVisits ends visits and answers Python's None.
func endVisits(c *sim.Call) (any, error) {
	for _, visit := range c.Records() {
		if visit.Text("state") == "over" {
			return nil, sim.UserError("%s is over already", visit.Text("name"))
		}
		if err := c.Change(visit, map[string]any{"state": "over"}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

type visit struct {
	Name    string        `odoo:"name"`
	Day     odoo.Date     `odoo:"day"`
	State   string        `odoo:"state"`
	Company odoo.Many2One `odoo:"company_id"`
	Hours   float64       `odoo:"hours"`
}

// clientOfVisits is a client of an Odoo whose only model beside the stock ones is declared here.
func clientOfVisits(t *testing.T, protocol odoo.Protocol, now func() time.Time) (*odoo.Client, *sim.Server) {
	t.Helper()
	server := sim.New(sim.Options{Now: now})
	server.Declare(visits())
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.example", Database: "odoo", Login: server.LeastPrivilege().Login, Secret: server.LeastPrivilege().APIKey,
		Protocol: protocol, HTTPClient: &http.Client{Transport: server.RoundTripper()},
	})
	must(t, err)
	return client, server
}

func TestADeclaredModelIsCreatedReadSearchedWrittenAndLoaded(t *testing.T) {
	t.Parallel()
	for _, protocol := range []odoo.Protocol{odoo.JSONRPC, odoo.JSON2} {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			client, _ := clientOfVisits(t, protocol, nil)
			made, err := client.Create(t.Context(), visitModel, odoo.Values{"name": "Audit", "day": "2026-12-01", "hours": 1.5})
			must(t, err)
			must(t, client.Write(t.Context(), visitModel, made, odoo.Values{"day": odoo.Date{Year: 2026, Month: 12, Day: 2}}))
			row := [][]string{{"x_visits.second", "Audit again", "2026-12-03", "base.main_company"}}
			loaded, err := client.Load(t.Context(), visitModel, []string{"id", "name", "day", "company_id/id"}, row)
			must(t, err)
			again, err := client.Load(t.Context(), visitModel, []string{"id", "name", "day", "company_id/id"}, row)
			must(t, err)
			must(t, client.Call(t.Context(), visitModel, "action_end", loaded, nil, nil))

			own := odoo.Many2One{ID: 1, Name: "My Company"}
			first := visit{Name: "Audit", Day: odoo.Date{Year: 2026, Month: 12, Day: 2}, State: "planned", Company: own, Hours: 1.5}
			second := visit{Name: "Audit again", Day: odoo.Date{Year: 2026, Month: 12, Day: 3}, State: "over", Company: own}
			var read, found []visit
			must(t, client.Read(t.Context(), visitModel, made, odoo.FieldsOf[visit](), &read))
			options := odoo.ReadOptions{Fields: odoo.FieldsOf[visit](), Order: "day desc"}
			must(t, client.SearchRead(t.Context(), visitModel, odoo.Where("company_id.name", "=", "My Company"), options, &found))
			if diff := cmp.Diff([][]visit{{first}, {second, first}}, [][]visit{read, found}); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(loaded, again); diff != "" {
				t.Errorf("the same external id loaded twice: %s", diff)
			}
		})
	}
}

// What is odd about Odoo is the engine's: a declaration says nothing of it.
func TestADeclaredModelHasTheOdditiesOfTheRealServer(t *testing.T) {
	t.Parallel()
	for _, protocol := range []odoo.Protocol{odoo.JSONRPC, odoo.JSON2} {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
			client, server := clientOfVisits(t, protocol, func() time.Time { return now })
			made, err := client.Create(t.Context(), visitModel, odoo.Values{"name": "Audit", "day": "2026-12-01T00:00:00Z"})
			must(t, err)
			before := server.Records(visitModel)[0]
			now = now.Add(time.Minute)
			must(t, client.Write(t.Context(), visitModel, append(made, 99), odoo.Values{"name": "Audit"}))
			after := server.Records(visitModel)[0]
			if before["day"] != "2026-12-01" || before["write_date"] == after["write_date"] {
				t.Errorf("a day with a time is cut, and a write of the same value moves write_date: %v, then %v", before, after)
			}
			_, err = client.Load(t.Context(), visitModel, []string{"name", "day", "state"}, [][]string{{"a", "2026-12-01", "nowhere"}})
			var refused *odoo.Error
			if !errors.As(err, &refused) || len(refused.Messages) == 0 || len(server.Records(visitModel)) != 1 {
				t.Errorf("load() with a wrong selection: %v; want messages and nothing kept", err)
			}
			if err := client.Call(t.Context(), visitModel, "_end", made, nil, nil); !errors.Is(err, odoo.ErrAccess) {
				t.Errorf("a private method: %v", err)
			}
			must(t, client.Call(t.Context(), visitModel, "action_end", made, nil, nil))
			if err := client.Call(t.Context(), visitModel, "action_end", made, nil, nil); !errors.Is(err, odoo.ErrUser) {
				t.Errorf("a method that refuses: %v", err)
			}
		})
	}
}
