package bir

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// urgency is how near a deadline is, derived from its date. Odoo has a field for
// it that goes stale: it is recomputed only when the date or the return changes.
type urgency string

const (
	upcoming urgency = "upcoming"
	dueSoon  urgency = "due_soon"
	overdue  urgency = "overdue"
	filed    urgency = "filed"
)

const (
	// soonDays is when a deadline becomes due soon: Odoo's reminder date lies five
	// days before the deadline.
	soonDays = 5
	// riskDays is when it is labelled as at risk.
	riskDays = 2
)

// urgencyOf reckons with today as the calendar in the office shows it, not as
// Odoo's server does, which is in UTC and eight hours late for Manila.
func urgencyOf(d deadline, today odoo.Date) urgency {
	days := today.DaysUntil(d.Due)
	switch {
	case d.filed():
		return filed
	case days < 0:
		return overdue
	case days <= soonDays:
		return dueSoon
	default:
		return upcoming
	}
}

// page makes the address of a record in Odoo's web client.
type page func(model string, id int64) string

// fromOdoo says what a deadline's work item should look like today.
func fromOdoo(d deadline, today odoo.Date, open page) mapping.Fields {
	urgent := urgencyOf(d, today)
	return mapping.Fields{
		Name:            NameFormFirst.name(d, false),
		DescriptionHTML: describe(d, open),
		TargetDate:      d.Due.String(),
		Priority:        string(priorityOf(urgent)),
		Group:           string(groupOf(urgent)),
		Labels:          labelsOf(d, urgent, today),
	}
}

func priorityOf(u urgency) plane.Priority {
	switch u {
	case overdue:
		return plane.PriorityUrgent
	case dueSoon:
		return plane.PriorityHigh
	case filed:
		return plane.PriorityNone
	default:
		return plane.PriorityMedium
	}
}

// groupOf leaves the choice among open groups to people: a work item is made as
// not started, and the bridge moves it only when Odoo files the deadline or takes
// that back.
func groupOf(u urgency) plane.StateGroup {
	if u == filed {
		return plane.GroupCompleted
	}
	return plane.GroupUnstarted
}

func labelsOf(d deadline, u urgency, today odoo.Date) []string {
	labels := []string{labelArea + "compliance", labelForm + d.FormType, labelStatus + string(u)}
	if u != filed && today.DaysUntil(d.Due) <= riskDays {
		labels = append(labels, labelRisk+"deliverability")
	}
	slices.Sort(labels)
	return labels
}

// describe writes what holds for the deadline itself and nothing that changes
// from day to day: the description is a field that people read, and each change
// of it costs a request.
func describe(d deadline, open page) string {
	var b strings.Builder
	b.WriteString("<h2>BIR filing deadline</h2>")
	for _, line := range [][2]string{
		{"Form", d.FormType}, {"Period", period(d)}, {"Company", d.Company.Name}, {"Due", d.Due.String()},
	} {
		fmt.Fprintf(&b, "<p><strong>%s</strong>: %s</p>", line[0], html.EscapeString(line[1]))
	}
	if !d.Return.IsZero() {
		fmt.Fprintf(&b, `<p><strong>Return</strong>: <a href="%s">%s</a></p>`,
			html.EscapeString(open(returnModel, d.Return.ID)), html.EscapeString(d.Return.Name))
	}
	fmt.Fprintf(&b, `<p><a href="%s">Open in Odoo</a></p>`, html.EscapeString(open(Model, d.ID)))
	b.WriteString("<p>Odoo owns this deadline. Its name, date and labels are written from there; file the return in Odoo to complete it.</p>")
	return b.String()
}

func period(d deadline) string {
	switch {
	case d.Month == 0:
		return fmt.Sprintf("%d", d.Year)
	case strings.HasSuffix(d.FormType, "Q"):
		return fmt.Sprintf("Q%d %d", (d.Month+2)/3, d.Year)
	default:
		return fmt.Sprintf("%02d/%d", d.Month, d.Year)
	}
}
