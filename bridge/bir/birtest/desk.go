package birtest

import (
	"fmt"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// Desk is the place of whoever works with deadlines at Odoo's own screens.
type Desk struct{ odoo *sim.Server }

// Deadline is one filing deadline as stored; Key is company/form/year/month.
type Deadline struct {
	ID        int64
	Key       string
	Name      string
	FormType  string
	Month     int
	Year      int
	Due       string
	State     string
	CompanyID int64
	ReturnID  int64
}

// Deadlines lists the deadlines by id.
func (d Desk) Deadlines() []Deadline {
	all := []Deadline{}
	for _, record := range d.odoo.Records(Model) {
		r := sim.Row(record)
		all = append(all, Deadline{
			ID: r.ID(), Key: keyOf(r), Name: r.Text("name"), FormType: r.Text("form_type"),
			Month: int(r.Number("period_month")), Year: int(r.Number("period_year")), Due: r.Text("deadline_date"),
			State: r.Text("state"), CompanyID: r.Number("company_id"), ReturnID: r.Number("return_id"),
		})
	}
	return all
}

// keyOf is a deadline's identity across regenerations: company/form/year/month.
func keyOf(r sim.Row) string {
	return strings.Join([]string{
		fmt.Sprint(r.Number("company_id")), r.Text("form_type"),
		fmt.Sprint(r.Number("period_year")), fmt.Sprint(r.Number("period_month")),
	}, "/")
}

// GenerateDeadlines does what the scheduled generator does: it creates what is missing of the 60
// deadlines of a company and year (48 monthly, 8 quarterly, 4 annual). A deleted one comes back
// under a new id.
func (d Desk) GenerateDeadlines(companyID int64, year int) {
	d.odoo.Act("generating deadlines", func(tx *sim.Tx) error { return generateYear(tx, companyID, year) })
}

// DeleteDeadline deletes a deadline; GenerateDeadlines brings it back under a new id.
func (d Desk) DeleteDeadline(id int64) { d.odoo.Remove(Model, id) }

// Extend moves a deadline to another day ("YYYY-MM-DD"), which also refreshes its state.
func (d Desk) Extend(id int64, day string) {
	d.odoo.Change(Model, id, map[string]any{"deadline_date": day})
}

// AddReturn creates a draft return of the company for the form and gives its id.
func (d Desk) AddReturn(companyID int64, formType string) int64 {
	return d.odoo.Add(ReturnModel, map[string]any{
		"name": formType + " return", "form_type": formType, "company_id": companyID,
	})
}

// LinkReturn links a return to a deadline.
func (d Desk) LinkReturn(deadlineID, returnID int64) {
	d.odoo.Change(Model, deadlineID, map[string]any{"return_id": returnID})
}

// MarkFiled makes the deadline with this key (company/form/year/month) filed, in the only way that
// lasts: through a return in state filed, created and linked where there is none.
func (d Desk) MarkFiled(key string) {
	for _, deadline := range d.Deadlines() {
		if deadline.Key != key {
			continue
		}
		if deadline.ReturnID == 0 {
			deadline.ReturnID = d.AddReturn(deadline.CompanyID, deadline.FormType)
			d.LinkReturn(deadline.ID, deadline.ReturnID)
		}
		d.odoo.Change(ReturnModel, deadline.ReturnID, map[string]any{"state": "filed"})
		return
	}
	panic("birtest: no deadline " + key)
}
