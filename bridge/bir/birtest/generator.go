package birtest

import (
	"fmt"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

var (
	monthlyForms   = []string{"2550M", "1601C", "1601E", "1601F"}
	quarterlyForms = []string{"2550Q", "1701Q"}
	annualForms    = []string{"1604CF", "1700", "1701", "1702RT"}
)

// generate runs the generator for every company and the current year.
func generate(tx *sim.Tx) error {
	for _, company := range tx.Rows("res.company") {
		if err := generateYear(tx, company.ID(), tx.Today().Year()); err != nil {
			return err
		}
	}
	return nil
}

// generateYear creates what is missing of a company's 60 deadlines of a year. It looks before it
// creates, so a rerun adds nothing, but a deadline deleted meanwhile comes back under a new id.
func generateYear(tx *sim.Tx, company int64, year int) error {
	for _, values := range deadlinesOfYear(year) {
		values["company_id"] = company
		if periodExists(tx, values) {
			continue
		}
		if _, err := tx.Create(Model, values); err != nil {
			return fmt.Errorf("generating deadline %s: %w", values["name"], err)
		}
	}
	return nil
}

func periodExists(tx *sim.Tx, values map[string]any) bool {
	for _, r := range tx.Rows(Model) {
		if r["company_id"] == values["company_id"] && r["form_type"] == values["form_type"] &&
			r["period_year"] == values["period_year"] && r["period_month"] == values["period_month"] {
			return true
		}
	}
	return false
}

func deadlinesOfYear(year int) []map[string]any {
	all := []map[string]any{}
	add := func(form, period string, month int, due time.Time) {
		all = append(all, map[string]any{
			"name": form + " - " + period, "form_type": form, "period_year": int64(year),
			"period_month": int64(month), "deadline_date": due.Format(time.DateOnly),
		})
	}
	for month := 1; month <= 12; month++ {
		for _, form := range monthlyForms {
			add(form, fmt.Sprintf("%02d/%d", month, year), month, dayAfterMonth(year, month, 20))
		}
	}
	for quarter := 1; quarter <= 4; quarter++ {
		for _, form := range quarterlyForms {
			add(form, fmt.Sprintf("Q%d/%d", quarter, year), 3*quarter, dayAfterMonth(year, 3*quarter, 25))
		}
	}
	for _, form := range annualForms {
		add(form, fmt.Sprint(year), 0, time.Date(year+1, time.April, 15, 0, 0, 0, 0, time.UTC))
	}
	return all
}

// dayAfterMonth is the given day of the month that follows.
func dayAfterMonth(year, month, day int) time.Time {
	return time.Date(year, time.Month(month+1), day, 0, 0, 0, 0, time.UTC)
}
