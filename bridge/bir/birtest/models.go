// Package birtest declares the models of the BIR addon to a simulated Odoo: filing deadlines, tax returns and
// what they do to each other, as the addon was recorded doing it on a real Odoo 19.
package birtest

import (
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

const (
	// Model is the model of filing deadlines.
	Model = "bir.filing.deadline"
	// ReturnModel is the model of the returns that deadlines are linked to.
	ReturnModel = "bir.tax.return"
	// module is the addon that brings them.
	module = "ipai_bir_tax_compliance"
)

// Options says what is installed besides.
type Options struct {
	// WithPlaneFields gives deadlines the columns plane_issue_id, plane_sync_status,
	// plane_sync_error and plane_last_sync, as the user's own sync module does.
	WithPlaneFields bool
}

var formTypes = [][2]string{
	{"2550M", "2550M - Monthly VAT"},
	{"2550Q", "2550Q - Quarterly VAT"},
	{"1600", "1600 - VAT/Percentage WHT"},
	{"1601C", "1601-C - Compensation WHT"},
	{"1601E", "1601-E - Expanded WHT"},
	{"1601F", "1601-F - Final WHT"},
	{"1604CF", "1604-CF - Annual Alphalist"},
	{"1700", "1700 - Annual Income Tax"},
	{"1701", "1701 - Annual Income Tax"},
	{"1701Q", "1701Q - Quarterly Income Tax"},
	{"1702RT", "1702-RT - Corporate Tax"},
	{"2551M", "2551M - Monthly Percentage Tax"},
	{"2200A", "2200A - Excise (Alcohol)"},
	{"2200T", "2200T - Excise (Tobacco)"},
}

// Declare gives a simulated Odoo the models of the BIR addon, and a desk for whoever files returns there.
func Declare(s *sim.Server, options Options) Desk {
	s.Declare(deadline(options.WithPlaneFields), taxReturn(), taxpayer())
	return Desk{s}
}

func deadline(planeFields bool) sim.Model {
	declared := sim.Model{
		Name: Model, Label: "BIR Filing Deadline", Module: module, ModelID: 555,
		Readers: []string{sim.GroupAccounting, "Show Full Accounting Features"}, Writers: []string{sim.GroupAccounting},
		OnPage: []string{"id", "name", "form_type", "deadline_date", "state", "return_id"},
		Fields: []*sim.Field{
			sim.Char("name", "Description").Must(),
			sim.Selection("form_type", "Form Type", formTypes...).Must(),
			sim.Integer("period_month", "Period Month").StartsAs(int64(0)),
			sim.Integer("period_year", "Period Year").StartsAs(int64(0)),
			sim.Date("deadline_date", "Filing Deadline").Must(),
			sim.Date("reminder_date", "Reminder Date").ReadOnly(),
			sim.Many2One("company_id", "Company", "res.company").Must().StartsFrom(sim.OwnCompany),
			sim.Many2One("return_id", "Linked Return", ReturnModel),
			sim.Selection("state", "Status", [2]string{"upcoming", "Upcoming"}, [2]string{"due_soon", "Due Soon (5 days)"},
				[2]string{"overdue", "Overdue"}, [2]string{"filed", "Filed"}).ReadOnly(),
		},
		Stored: deadlineStored,
		Crons: []sim.Cron{{
			ID: 23, Name: "BIR: Generate Filing Deadlines", XMLName: "cron_generate_deadlines",
			Code: "model._cron_generate_deadlines()", Run: generate,
		}},
	}
	if planeFields {
		declared.Fields = append(declared.Fields, planeStateFields()...)
	}
	return declared
}

// planeStateFields are the four columns of the user's own sync module, where it is installed.
func planeStateFields() []*sim.Field {
	return []*sim.Field{
		sim.Char("plane_issue_id", "Plane Issue ID"),
		sim.Selection("plane_sync_status", "Plane Sync Status", [2]string{"not_synced", "Not Synced"},
			[2]string{"synced", "Synced"}, [2]string{"pending", "Pending"}, [2]string{"error", "Error"}).Must().StartsAs("not_synced"),
		sim.Text("plane_sync_error", "Plane Sync Error"),
		sim.Datetime("plane_last_sync", "Plane Last Sync"),
	}
}

func taxReturn() sim.Model {
	accounting := []string{sim.GroupAccounting}
	return sim.Model{
		Name: ReturnModel, Label: "BIR Tax Return", Module: module, ModelID: 556, Chatter: true, Readers: accounting, Writers: accounting,
		Fields: []*sim.Field{
			sim.Char("name", "Reference").Must().StartsAs("New"),
			sim.Selection("form_type", "Form Type", formTypes...).Must(),
			sim.Many2One("company_id", "Company", "res.company").Must().StartsFrom(sim.OwnCompany),
			sim.Date("period_start", "Period Start"), sim.Date("period_end", "Period End"),
			sim.Datetime("filed_date", "Filed On"),
			sim.Selection("state", "Status", [2]string{"draft", "Draft"}, [2]string{"computed", "Computed"},
				[2]string{"validated", "Validated"}, [2]string{"filed", "Filed"}, [2]string{"confirmed", "Confirmed"},
				[2]string{"cancelled", "Cancelled"}).Must().StartsAs("draft"),
		},
		Stored: returnStored,
		Methods: map[string]*sim.Method{
			"action_compute":        returnAction("computed", "", ""),
			"action_validate":       returnAction("validated", "computed", "Return must be computed before validation"),
			"action_mark_filed":     returnAction("filed", "validated", "Return must be validated before filing"),
			"action_reset_to_draft": returnAction("draft", "", ""),
		},
	}
}

// taxpayer is what the addon adds to contacts: a number that it checks.
func taxpayer() sim.Model {
	return sim.Model{Name: "res.partner", Module: module, Fields: []*sim.Field{sim.Char("tin", "TIN")}, Check: checkTIN}
}

func checkTIN(_ *sim.Tx, r sim.Row) error {
	tin := r.Text("tin")
	if tin == "" || tinShape(tin) {
		return nil
	}
	return sim.ValidationError("Invalid TIN format. Use XXX-XXX-XXX-XXX (e.g., 123-456-789-000)")
}

func tinShape(tin string) bool {
	groups := strings.Split(tin, "-")
	if len(groups) != 4 {
		return false
	}
	for _, group := range groups {
		if len(group) != 3 || strings.Trim(group, "0123456789") != "" {
			return false
		}
	}
	return true
}
