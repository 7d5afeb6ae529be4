//go:build odoo19

package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// The rows of the way to Odoo that a person there sees, on a real Odoo 19, with
// every fault at each of its writes.
func TestOdoo19NoFaultOnTheWayShowsAfterwards(t *testing.T) {
	t.Parallel()
	real, queue := odoo19.Start(t), pgtest.Pool(t)
	user := real.LeastPrivilege(t)
	filing := real.Call(t, "bir.tax.return", "create", []any{map[string]any{"name": "return", "form_type": "2550M"}}, nil)
	real.Call(t, "bir.filing.deadline", "create", []any{map[string]any{
		"name": "2550M - 01/2000", "form_type": "2550M", "period_year": 2000, "period_month": 1, "deadline_date": "2000-02-20", "return_id": filing,
	}}, nil)
	office := &realOffice{real.URL, real.DB, user.Login, user.APIKey, "bridge_test_bir"}
	run := func(t *testing.T, row faultRow, at int, kind fault) (outcome, []string) {
		forgetMessages(t, real)
		w := newWorld(t, queue)
		defer w.close()
		w.office = office
		// For anybody else Odoo leaves a message about the reminder, which nobody may remove
		// before the next row.
		w.configure = func(c *bir.Config) { c.ReminderUser = user.Login }
		return row.runIn(w, at, kind), messages(t, real)
	}
	for _, row := range rowsOfOdoo19() {
		t.Run(row.name, func(t *testing.T) {
			reference, want := run(t, row.faultRow, 0, counting)
			if len(want) != row.leaves {
				t.Fatalf("without faults Odoo has %v, want %d", want, row.leaves)
			}
			for i, p := range reference.points {
				for _, kind := range p.faults {
					if p.side != sideOdoo || !p.writes {
						continue
					}
					t.Run(fmt.Sprintf("%d %s %s", i+1, p.what, kind), func(t *testing.T) {
						got, left := run(t, row.faultRow, i+1, kind)
						if diff := cmp.Diff(want, left); diff != "" || !got.struck {
							t.Errorf("Odoo differs from a run without faults, struck %t (-without +with):\n%s", got.struck, diff)
						}
					})
				}
			}
		})
	}
}

// odoo19Row is a row of which that many messages are left in Odoo.
type odoo19Row struct {
	faultRow
	leaves int
}

func rowsOfOdoo19() []odoo19Row {
	move := func(group string) func(*world) {
		return func(w *world) { w.must(w.plane.MoveItem("maria", w.item(), group)) }
	}
	return []odoo19Row{
		{faultRow{name: "completed leaves a reminder", act: move("completed")}, 1},
		{faultRow{name: "started leaves a note", act: move("started")}, 1},
		{faultRow{name: "opened again takes the reminder back", act: move("unstarted"), before: func(w *world) {
			mirrored(w)
			move("completed")(w)
			mirrored(w)
		}}, 0},
		{faultRow{name: "a comment becomes a note", act: func(w *world) {
			_, err := w.plane.Comment("maria", w.item(), "<p>sent by courier</p>")
			w.must(err)
		}}, 1},
	}
}

// ours chooses what the bridge left in Odoo.
var ours = map[string][]any{
	"mail.activity": {[]any{"summary", "like", "in Plane"}},
	"mail.message":  {[]any{"body", "like", "Plane"}},
}

func forgetMessages(t *testing.T, real *odoo19.Instance) {
	t.Helper()
	for model, domain := range ours {
		found := real.Call(t, model, "search", []any{domain}, nil)
		real.Call(t, model, "unlink", []any{found}, nil)
	}
}

// messages are what the bridge left in Odoo, without made-up ids.
func messages(t *testing.T, real *odoo19.Instance) []string {
	t.Helper()
	var lines []string
	for model, fields := range map[string][]string{"mail.activity": {"summary", "res_model", "note"}, "mail.message": {"body", "model"}} {
		found, _ := real.Call(t, model, "search_read", []any{ours[model]}, map[string]any{"fields": fields}).([]any)
		for _, each := range found {
			record, _ := each.(map[string]any)
			delete(record, "id")
			lines = append(lines, ids.ReplaceAllString(fmt.Sprint(model, record), "*"))
		}
	}
	slices.Sort(lines)
	return lines
}
