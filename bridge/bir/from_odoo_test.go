package bir

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

var today = odoo.Date{Year: 2026, Month: 3, Day: 10}

func openIn19(model string, id int64) string {
	return fmt.Sprintf("https://odoo.example.com/odoo/%s/%d", model, id)
}

func due(day odoo.Date) deadline {
	return deadline{
		ID: 77, Name: "2550M - 02/2026", FormType: "2550M", Month: 2, Year: 2026, Due: day, State: "upcoming",
		Company: odoo.Many2One{ID: 1, Name: "Acme & Sons"},
	}
}

func TestUrgencyFollowsTheDateAndNotOdoosState(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		days     int
		state    string
		priority string
		group    string
		labels   []string
	}{
		{30, "overdue", "medium", "unstarted", []string{"area:compliance", "form:2550M", "status:upcoming"}},
		{6, "upcoming", "medium", "unstarted", []string{"area:compliance", "form:2550M", "status:upcoming"}},
		{5, "upcoming", "high", "unstarted", []string{"area:compliance", "form:2550M", "status:due_soon"}},
		{2, "upcoming", "high", "unstarted", []string{"area:compliance", "form:2550M", "risk:deliverability", "status:due_soon"}},
		{0, "upcoming", "high", "unstarted", []string{"area:compliance", "form:2550M", "risk:deliverability", "status:due_soon"}},
		{-1, "upcoming", "urgent", "unstarted", []string{"area:compliance", "form:2550M", "risk:deliverability", "status:overdue"}},
		{-1, "filed", "none", "completed", []string{"area:compliance", "form:2550M", "status:filed"}},
	} {
		d := due(today.AddDays(row.days))
		d.State = row.state
		got := fromOdoo(d, today, openIn19)
		want := mapping.Fields{
			Name: "[2550M] 2550M - 02/2026", DescriptionHTML: got.DescriptionHTML, TargetDate: d.Due.String(),
			Priority: row.priority, Group: row.group, Labels: row.labels,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d days before, %s in Odoo (-want +got):\n%s", row.days, row.state, diff)
		}
	}
}

func TestTheDescriptionLinksBackAndEscapes(t *testing.T) {
	t.Parallel()
	d := due(today)
	d.Return = odoo.Many2One{ID: 5, Name: "VAT <return>"}
	got := describe(d, openIn19)
	for _, want := range []string{
		`<a href="https://odoo.example.com/odoo/bir.filing.deadline/77">Open in Odoo</a>`,
		`<a href="https://odoo.example.com/odoo/bir.tax.return/5">VAT &lt;return&gt;</a>`, "Acme &amp; Sons", "02/2026",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the description lacks %s:\n%s", want, got)
		}
	}
}

func TestTheDescriptionDoesNotChangeFromDayToDay(t *testing.T) {
	t.Parallel()
	d := due(today.AddDays(3))
	if a, b := fromOdoo(d, today, openIn19), fromOdoo(d, today.AddDays(10), openIn19); a.DescriptionHTML != b.DescriptionHTML {
		t.Errorf("the description follows the calendar:\n%s\n%s", a.DescriptionHTML, b.DescriptionHTML)
	}
}

func TestPeriodsReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]deadline{
		"2026": {FormType: "1700", Year: 2026}, "Q3 2026": {FormType: "2550Q", Year: 2026, Month: 9}, "07/2026": {FormType: "1601C", Year: 2026, Month: 7},
	} {
		if got := period(d); got != want {
			t.Errorf("period of %+v = %s, want %s", d, got, want)
		}
	}
}

func TestAKeyFindsItsDeadlineAgain(t *testing.T) {
	t.Parallel()
	d := due(today)
	got, err := parseKey(d.key())
	if err != nil || got != (identity{company: 1, form: "2550M", year: 2026, month: 2}) {
		t.Errorf("parseKey(%s) = %+v, %v", d.key(), got, err)
	}
	if want := mapping.Key("bir.filing.deadline,1/2550M/2026/2"); d.key() != want {
		t.Errorf("key = %s, want %s", d.key(), want)
	}
	for _, wrong := range []mapping.Key{"project.task,1", "bir.filing.deadline,77", "bir.filing.deadline,1//2026/2", "bir.filing.deadline,x/2550M/2026/2"} {
		if _, err := parseKey(wrong); err == nil {
			t.Errorf("parseKey(%s) has no error", wrong)
		}
	}
}

func TestOneKeyIsMirroredForItsLowestID(t *testing.T) {
	t.Parallel()
	first, second, other := due(today), due(today), due(today)
	first.ID, second.ID, other.ID, other.Month = 5, 9, 7, 3
	flow := New(Config{Location: time.UTC})
	wanted := flow.wanted([]deadline{second, other, first}, openIn19)
	if len(wanted.Items) != 2 || wanted.Items[0].OdooID != 5 {
		t.Errorf("mirrored: %+v", wanted.Items)
	}
	if len(wanted.Conflicts) != 1 || wanted.Conflicts[0].OdooID != 9 || wanted.Conflicts[0].MirroredID != 5 {
		t.Errorf("conflicts: %+v", wanted.Conflicts)
	}
}
