package bir

import (
	"context"
	"fmt"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// NameStyle is how work items are called. Changing it renames every work item, one
// request each, so an installation that has some decides for itself.
type NameStyle string

const (
	// NameFormFirst puts the form before the deadline's name, which mostly begins
	// with it: "[2550M] 2550M - 01/2026".
	NameFormFirst NameStyle = "form_first"
	// NameOnce says the form once, and the company where there are several:
	// "2550M - 01/2026 (Acme Manila)".
	NameOnce NameStyle = "once"
)

// name is what the work item of a deadline is called.
func (s NameStyle) name(d deadline, several bool) string {
	if s != NameOnce {
		return odooflow.Clip("["+d.FormType+"] "+d.Name, plane.MaxNameLength)
	}
	name := d.Name
	if !strings.Contains(strings.ToUpper(name), strings.ToUpper(d.FormType)) {
		name = d.FormType + " - " + name
	}
	if !several || d.Company.Name == "" {
		return odooflow.Clip(name, plane.MaxNameLength)
	}
	// What is cut off a long name is not the company, which may be all that tells
	// two work items apart.
	company := odooflow.Clip(" ("+d.Company.Name+")", plane.MaxNameLength/2)
	return odooflow.Clip(name, plane.MaxNameLength-len([]rune(company))) + company
}

// hasOtherCompanies reports whether a company beside the deadline's has deadlines.
// It asks Odoo only where names depend on it.
func (f *Flow) hasOtherCompanies(ctx context.Context, d deadline) (bool, error) {
	if f.config.Names != NameOnce {
		return false, nil
	}
	others, err := f.config.Odoo.Search(ctx, Model, odoo.Where("company_id", "!=", d.Company.ID), odoo.ReadOptions{Limit: 1})
	if err != nil {
		return false, odooflow.Classify(fmt.Errorf("looking for deadlines of other companies: %w", err))
	}
	return len(others) > 0, nil
}
