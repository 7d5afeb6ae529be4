package birtest

import (
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

const dueSoonDays = 5

// returnAction moves a return to a state and answers nothing at all (Python's None).
func returnAction(state, from, refusal string) *sim.Method {
	return &sim.Method{Needs: "write", Existing: true, Run: func(c *sim.Call) (any, error) {
		for _, r := range c.Records() {
			if from != "" && r.Text("state") != from {
				return nil, sim.UserError("%s", refusal)
			}
			if err := c.Change(r, map[string]any{"state": state}); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}}
}

// deadlineStored recomputes what depends on the date or the linked return, and only then: a date
// that merely passes leaves the state as it was.
func deadlineStored(tx *sim.Tx, r sim.Row, names map[string]bool, created bool) error {
	computed := map[string]any{}
	if created || names["deadline_date"] {
		if due, err := time.Parse(time.DateOnly, r.Text("deadline_date")); err == nil {
			computed["reminder_date"] = due.AddDate(0, 0, -dueSoonDays).Format(time.DateOnly)
		}
	}
	if created || names["deadline_date"] || names["return_id"] {
		computed["state"] = stateOf(tx, r)
	}
	tx.Recompute(Model, r, computed)
	return nil
}

func stateOf(tx *sim.Tx, r sim.Row) string {
	// A row that is not there has no state.
	if state := tx.Row(ReturnModel, r.Number("return_id")).Text("state"); state == "filed" || state == "confirmed" {
		return "filed"
	}
	due, err := time.Parse(time.DateOnly, r.Text("deadline_date"))
	today := tx.Today()
	switch {
	case err != nil:
		return "upcoming"
	case due.Before(today):
		return "overdue"
	case !due.After(today.AddDate(0, 0, dueSoonDays)):
		return "due_soon"
	}
	return "upcoming"
}

// returnStored passes a change of a return's state on to the deadlines linked to it.
func returnStored(tx *sim.Tx, r sim.Row, names map[string]bool, _ bool) error {
	if !names["state"] {
		return nil
	}
	for _, deadline := range tx.Rows(Model) {
		if deadline.Number("return_id") == r.ID() {
			tx.Recompute(Model, deadline, map[string]any{"state": stateOf(tx, deadline)})
		}
	}
	return nil
}
