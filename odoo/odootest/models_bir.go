package odootest

import (
	"fmt"
	"strings"
	"time"
)

const (
	generatorCode  = "model._cron_generate_deadlines()"
	dueSoonDays    = 5
	deadlineModel  = "bir.filing.deadline"
	taxReturnModel = "bir.tax.return"
)

var (
	monthlyForms   = []string{"2550M", "1601C", "1601E", "1601F"}
	quarterlyForms = []string{"2550Q", "1701Q"}
	annualForms    = []string{"1604CF", "1700", "1701", "1702RT"}

	formTypes = [][2]string{
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
)

func birModels(planeFields bool) []*model {
	accounting := []string{groupAccounting}
	deadline := &model{
		name: deadlineModel, label: "BIR Filing Deadline",
		readers: []string{groupAccounting, "Show Full Accounting Features"}, writers: accounting,
		fields: []*field{
			char("name", "Description").must(),
			selection("form_type", "Form Type", formTypes...).must(),
			integer("period_month", "Period Month").startsAs(int64(0)),
			integer("period_year", "Period Year").startsAs(int64(0)),
			date("deadline_date", "Filing Deadline").must(),
			date("reminder_date", "Reminder Date").shown(),
			many2one("company_id", "Company", "res.company").must().startsFrom(ownCompany),
			many2one("return_id", "Linked Return", taxReturnModel),
			selection("state", "Status", [2]string{"upcoming", "Upcoming"}, [2]string{"due_soon", "Due Soon (5 days)"},
				[2]string{"overdue", "Overdue"}, [2]string{"filed", "Filed"}).shown(),
		},
		stored: deadlineStored,
	}
	if planeFields {
		deadline.fields = append(deadline.fields, planeStateFields()...)
	}
	return []*model{deadline, taxReturn(accounting)}
}

// planeStateFields are the four columns of the user's own sync module, where it is installed.
func planeStateFields() []*field {
	return []*field{
		char("plane_issue_id", "Plane Issue ID"),
		selection("plane_sync_status", "Plane Sync Status", [2]string{"not_synced", "Not Synced"},
			[2]string{"synced", "Synced"}, [2]string{"pending", "Pending"}, [2]string{"error", "Error"}).must().startsAs("not_synced"),
		text("plane_sync_error", "Plane Sync Error"),
		datetime("plane_last_sync", "Plane Last Sync"),
	}
}

func taxReturn(accounting []string) *model {
	return &model{
		name: taxReturnModel, label: "BIR Tax Return", thread: true, readers: accounting, writers: accounting,
		fields: []*field{
			char("name", "Reference").must().startsAs("New"),
			selection("form_type", "Form Type", formTypes...).must(),
			many2one("company_id", "Company", "res.company").must().startsFrom(ownCompany),
			date("period_start", "Period Start"), date("period_end", "Period End"),
			datetime("filed_date", "Filed On"),
			selection("state", "Status", [2]string{"draft", "Draft"}, [2]string{"computed", "Computed"},
				[2]string{"validated", "Validated"}, [2]string{"filed", "Filed"}, [2]string{"confirmed", "Confirmed"},
				[2]string{"cancelled", "Cancelled"}).must().startsAs("draft"),
		},
		stored: returnStored,
		methods: map[string]*method{
			"action_compute":        returnAction("computed", "", ""),
			"action_validate":       returnAction("validated", "computed", "Return must be computed before validation"),
			"action_mark_filed":     returnAction("filed", "validated", "Return must be validated before filing"),
			"action_reset_to_draft": returnAction("draft", "", ""),
		},
	}
}

// ownCompany is the company that a new record gets: the caller's.
func ownCompany(tx *transaction) any {
	if user, ok := tx.db.tables["res.users"].rows[tx.user.id]; ok && user["company_id"] != nil {
		return user["company_id"]
	}
	return int64(1)
}

// returnAction moves a return to a state and answers nothing at all (Python's None).
func returnAction(state, from, refusal string) *method {
	return &method{needs: "write", existing: true, run: func(c *call) (any, error) {
		for _, r := range c.table.find(c.ids) {
			if from != "" && r.text("state") != from {
				return nil, userError("%s", refusal)
			}
			values := map[string]any{"state": state}
			c.log(r.id(), values)
			if err := c.write(c.table, []int64{r.id()}, values); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}}
}

// deadlineStored recomputes what depends on the date or the linked return, and only then: a date
// that merely passes leaves the state as it was.
func deadlineStored(tx *transaction, r row, names map[string]bool, created bool) error {
	computed := map[string]any{}
	if created || names["deadline_date"] {
		if due, err := time.Parse(dateLayout, r.text("deadline_date")); err == nil {
			computed["reminder_date"] = due.AddDate(0, 0, -dueSoonDays).Format(dateLayout)
		}
	}
	if created || names["deadline_date"] || names["return_id"] {
		computed["state"] = tx.deadlineState(r)
	}
	tx.recompute(tx.db.tables[deadlineModel], r, computed)
	return nil
}

// recompute stores computed values; when one differs the record counts as written once more.
func (tx *transaction) recompute(t *table, r row, computed map[string]any) {
	changed := map[string]bool{}
	for name, value := range computed {
		if !sameValue(r[name], value) {
			tx.set(r, name, value)
			changed[name] = true
		}
	}
	if len(changed) == 0 {
		return
	}
	tx.touch(r)
	tx.note(event{table: t, id: r.id(), changed: changed, computed: true})
}

func (tx *transaction) deadlineState(r row) string {
	if linked, ok := tx.db.tables[taxReturnModel].rows[r.number("return_id")]; ok {
		if state := linked.text("state"); state == "filed" || state == "confirmed" {
			return "filed"
		}
	}
	due, err := time.Parse(dateLayout, r.text("deadline_date"))
	today := tx.today()
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
func returnStored(tx *transaction, r row, names map[string]bool, _ bool) error {
	if !names["state"] {
		return nil
	}
	deadlines := tx.db.tables[deadlineModel]
	for _, deadline := range deadlines.sorted() {
		if deadline.number("return_id") == r.id() {
			tx.recompute(deadlines, deadline, map[string]any{"state": tx.deadlineState(deadline)})
		}
	}
	return nil
}

// generateYear creates what is missing of a company's 60 deadlines of a year. It looks before it
// creates, so a rerun adds nothing, but a deadline deleted meanwhile comes back under a new id.
func (tx *transaction) generateYear(company int64, year int) error {
	for _, values := range deadlinesOfYear(year) {
		values["company_id"] = company
		if tx.periodExists(values) {
			continue
		}
		if _, err := tx.create(tx.db.tables[deadlineModel], values); err != nil {
			return fmt.Errorf("generating deadline %s: %w", values["name"], err)
		}
	}
	return nil
}

func (tx *transaction) periodExists(values map[string]any) bool {
	for _, r := range tx.db.tables[deadlineModel].rows {
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
			"period_month": int64(month), "deadline_date": due.Format(dateLayout),
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

// deadlineKey is a deadline's identity across regenerations: company/form/year/month.
func deadlineKey(r row) string {
	return strings.Join([]string{
		fmt.Sprint(r.number("company_id")), r.text("form_type"),
		fmt.Sprint(r.number("period_year")), fmt.Sprint(r.number("period_month")),
	}, "/")
}
