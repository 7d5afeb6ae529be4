// Package bir keeps BIR filing deadlines and the work items of one Plane project
// in step. Odoo owns the deadlines: Plane is told everything, and Odoo is only
// reminded of what people did in Plane.
package bir

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// Model is the Odoo model that the flow mirrors.
const Model = "bir.filing.deadline"

// returnModel holds the returns that a deadline may be linked to.
const returnModel = "bir.tax.return"

// stateFiled is the one state that is taken from Odoo. The others go stale there
// and are derived from the date.
const stateFiled = "filed"

// deadline is a record of bir.filing.deadline, as far as the flow reads it.
type deadline struct {
	ID       int64         `odoo:"id"`
	Name     string        `odoo:"name"`
	FormType string        `odoo:"form_type"`
	Month    int           `odoo:"period_month"`
	Year     int           `odoo:"period_year"`
	Due      odoo.Date     `odoo:"deadline_date"`
	Company  odoo.Many2One `odoo:"company_id"`
	Return   odoo.Many2One `odoo:"return_id"`
	State    string        `odoo:"state"`
	Creator  odoo.Many2One `odoo:"create_uid"`
}

// key is the identity of a deadline: company, form and period. Its id is none,
// because a deleted deadline is generated again under a new one.
func (d deadline) key() mapping.Key {
	return mapping.MakeKey(Model, fmt.Sprintf("%d/%s/%d/%d", d.Company.ID, d.FormType, d.Year, d.Month))
}

func (d deadline) filed() bool { return d.State == stateFiled }

// identity is what a key says about a deadline.
type identity struct {
	company     int64
	form        string
	year, month int
}

// parseKey is key's way back, for reading the records that may carry a key.
func parseKey(key mapping.Key) (identity, error) {
	wrong := fmt.Errorf("external id %q is not a deadline's: want %s,<company>/<form>/<year>/<month>", string(key), Model)
	model, text, err := key.Parse()
	parts := strings.Split(text, "/")
	if err != nil || model != Model || len(parts) != 4 {
		return identity{}, wrong
	}
	company, badCompany := strconv.ParseInt(parts[0], 10, 64)
	year, badYear := strconv.Atoi(parts[2])
	month, badMonth := strconv.Atoi(parts[3])
	if errors.Join(badCompany, badYear, badMonth) != nil || parts[1] == "" {
		return identity{}, wrong
	}
	return identity{company: company, form: parts[1], year: year, month: month}, nil
}

// domain finds the records that carry this identity.
func (i identity) domain() odoo.Domain {
	return odoo.And(
		odoo.Where("company_id", "=", i.company), odoo.Where("form_type", "=", i.form),
		odoo.Where("period_year", "=", i.year), odoo.Where("period_month", "=", i.month),
	)
}

// externalName is the identity in the letters that Odoo's external ids may hold.
func (i identity) externalName(what string) string {
	return fmt.Sprintf("bir_%s_%d_%s_%d_%d", what, i.company, i.form, i.year, i.month)
}

// reminderName is the external id's name of the reminder of one completion.
func (i identity) reminderName(completion int) string {
	name := i.externalName(string(tellCompleted))
	if completion > 0 {
		name += "_" + strconv.Itoa(completion)
	}
	return name
}

// underscored is a model's name as it stands in external ids.
func underscored(model string) string { return strings.ReplaceAll(model, ".", "_") }
