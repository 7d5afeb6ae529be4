package task

import (
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// setup is what differs from one Odoo to another: the version's fields, the
// project's board, and the time zone in which a day is a day.
type setup struct {
	fields   fields
	board    board
	location *time.Location
}

// fields are the differences between versions of project.task.
type fields struct {
	// FourPriorities: Odoo 19 knows 0 to 3, before there were only 0 and 1.
	FourPriorities bool
	// DateOnly: the deadline is a date. From Odoo 17 on it is a moment.
	DateOnly bool
	// Templates: tasks may be templates, which are nobody's work.
	Templates bool
}

func fieldsOf(described map[string]odoo.Field) fields {
	var f fields
	for _, choice := range described["priority"].Selection {
		f.FourPriorities = f.FourPriorities || choice[0] == "3"
	}
	f.DateOnly = described["date_deadline"].Type == "date"
	_, f.Templates = described["is_template"]
	return f
}

// priorityInOdoo is a priority in Odoo's words. Odoo has none below its default, so
// low and none are one to it; so are medium and those before Odoo 19.
func (f fields) priorityInOdoo(priority plane.Priority) string {
	switch {
	case priority == plane.PriorityUrgent && f.FourPriorities:
		return "3"
	case priority == plane.PriorityHigh && f.FourPriorities:
		return "2"
	case priority == plane.PriorityUrgent, priority == plane.PriorityHigh, priority == plane.PriorityMedium && f.FourPriorities:
		return "1"
	default:
		return "0"
	}
}

func (f fields) priorityInPlane(priority string) plane.Priority {
	switch {
	case priority == "3":
		return plane.PriorityUrgent
	case priority == "2", priority == "1" && !f.FourPriorities:
		return plane.PriorityHigh
	case priority == "1":
		return plane.PriorityMedium
	default:
		return plane.PriorityNone
	}
}

// day is the day of a deadline, YYYY-MM-DD, as the calendar in the office shows
// it; empty for none.
func (s setup) day(due string) string {
	if at, err := odoo.ParseDateTime(due); err == nil {
		return odoo.DateIn(at.Time, s.location).String()
	}
	return due
}

// endOfDay is where in its day a deadline lies that was given as a day: its last
// minute, so that the task is not late before the day is over.
const endOfDay = 23*time.Hour + 59*time.Minute

// deadline is a day as Odoo takes it. A deadline that had a time of day keeps it.
func (s setup) deadline(day, before string) any {
	date, err := odoo.ParseDate(day)
	if err != nil {
		return nil
	}
	if s.fields.DateOnly {
		return date
	}
	clock := endOfDay
	if at, err := odoo.ParseDateTime(before); err == nil {
		local := at.In(s.location)
		clock = time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	}
	return odoo.At(time.Date(date.Year, date.Month, date.Day, 0, 0, int(clock/time.Second), 0, s.location))
}

// fitting cuts a name to what Plane takes, and takes off the space around it, as
// Plane does.
func fitting(name string) string {
	return strings.TrimSpace(odooflow.Clip(strings.TrimSpace(name), plane.MaxNameLength))
}
