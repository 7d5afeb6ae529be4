package inbound

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// folded is what a batch of deliveries of one entity comes to: the newest state
// among them, and which deliveries it stands for.
type folded struct {
	newest plane.Event
	// states are all that the batch says, oldest first by Plane's clock. Of a work item
	// only the newest counts; each text of a comment is a note.
	states []reported
	// at is when the newest state was true, by Plane's clock.
	at time.Time
	// reportedAt is when the newest webhook came, and asked when the newest state was asked
	// for, both by the database's clock. asked is zero where a webhook stands for the
	// batch.
	reportedAt, asked time.Time
	// doubtful says that nobody can tell from the batch alone what is true: two states
	// differ whose times are too close to be ordered, or a webhook says that the entity
	// was deleted, which takes proof.
	doubtful   bool
	ids        []uuid.UUID
	unreadable []unreadable
	// passed are deliveries that nothing is done about.
	passed []uuid.UUID
}

// unreadable is a delivery whose body cannot be worked with, and why.
type unreadable struct {
	id  uuid.UUID
	why error
}

// reported is one delivery that could be read.
type reported struct {
	event             plane.Event
	at                time.Time
	reportedAt, asked time.Time
}

// fold keeps the newest state of a batch. One change in Plane sends a webhook
// per field, each with the state at the time of sending, and they arrive in any
// order; the newest stands for them all. What a sweep asked for is newer than
// every webhook that had come before it asked.
func fold(batch []ledger.Delivery) folded {
	var f folded
	var all []reported
	for _, d := range batch {
		event, err := d.Read()
		switch {
		case errors.Is(err, ledger.ErrNotMirrored):
			f.passed = append(f.passed, d.ID)
			continue
		case err != nil:
			f.unreadable = append(f.unreadable, unreadable{d.ID, err})
			continue
		}
		f.ids = append(f.ids, d.ID)
		t := reported{event: event, at: eventTime(event, d), reportedAt: d.ReceivedAt}
		if d.AskedAt != nil {
			t.reportedAt, t.asked = time.Time{}, *d.AskedAt
		}
		all = append(all, t)
	}
	f.choose(all)
	return f
}

func (f *folded) choose(all []reported) {
	var asked time.Time
	for _, t := range all {
		asked = latest(asked, t.asked)
		f.reportedAt = latest(f.reportedAt, t.reportedAt)
	}
	all = slices.DeleteFunc(all, func(t reported) bool {
		return t.asked.Before(asked) && !t.reportedAt.After(asked)
	})
	slices.SortStableFunc(all, func(a, b reported) int { return a.at.Compare(b.at) })
	f.states = all
	if len(all) > 0 {
		last := all[len(all)-1]
		f.newest, f.at, f.asked = last.event, last.at, last.asked
	}
	for _, t := range all {
		deleted := t.asked.IsZero() && t.event.Action == plane.ActionDeleted
		unordered := f.at.Sub(t.at) <= shown.ClockTolerance && !sameState(f.newest, t.event)
		f.doubtful = f.doubtful || deleted || unordered
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sameState reports whether two events of a work item show it alike.
func sameState(a, b plane.Event) bool {
	if a.WorkItem == nil || b.WorkItem == nil {
		return true
	}
	x, y := a.WorkItem, b.WorkItem
	return a.Action == plane.ActionDeleted == (b.Action == plane.ActionDeleted) && a.ProjectID == b.ProjectID &&
		x.ArchivedAt.IsZero() == y.ArchivedAt.IsZero() && shown.Alike(*x, *y) && sameIDs(x.Assignees.IDs(), y.Assignees.IDs())
}

func sameIDs(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// eventTime is when the state in an event was true. A delete carries the times
// of the old record, so it counts from when it was reported.
func eventTime(event plane.Event, d ledger.Delivery) time.Time {
	switch {
	case event.Action == plane.ActionDeleted:
		return d.ReceivedAt
	case event.WorkItem != nil && !event.WorkItem.UpdatedAt.IsZero():
		return event.WorkItem.UpdatedAt.Time
	case event.Comment != nil && !event.Comment.UpdatedAt.IsZero():
		return event.Comment.UpdatedAt.Time
	default:
		return d.ReceivedAt
	}
}

// standing is what a batch says beside what is known.
type standing int

const (
	// standingNews: it is newer, or says the same once more.
	standingNews standing = iota
	// standingOld: what is known is newer.
	standingOld
	// standingDoubtful: which of the two is true takes a look at the work item.
	standingDoubtful
)

// standing orders a batch and the row that is known of its work item. It is the one
// place that knows how far clocks are believed: the order of updated_at holds beyond
// the tolerance, and not for times in the future; what was asked for is newer than
// what was reported before, whatever its times say. now is the database's time.
func (f folded) standing(content string, row *ledger.WorkItem, now time.Time) standing {
	if row == nil {
		row = &ledger.WorkItem{}
	}
	future := now.Add(shown.ClockTolerance)
	switch {
	case !f.asked.IsZero() && (shown.IsAfter(row.ReportedAt, f.asked) && shown.IsAfter(row.ReportedAt, f.reportedAt) || shown.IsAfter(row.AskedAt, f.asked)):
		return standingOld
	case f.asked.IsZero() && !f.doubtful && !row.Gone() && row.Content == content:
		return standingNews // It says the same once more; a replay has to take effect.
	case f.asked.IsZero() && row.AskedAt != nil && !row.AskedAt.Before(f.reportedAt):
		return standingOld
	case f.doubtful:
		return standingDoubtful
	case !f.asked.IsZero():
		return standingNews
	case row.Gone():
		return standingDoubtful
	case f.at.After(future), row.UpdatedAt.After(future):
		return standingDoubtful
	case row.UpdatedAt.IsZero():
		return standingNews
	case f.at.Before(row.UpdatedAt.Add(-shown.ClockTolerance)):
		return standingOld
	case !f.at.After(row.UpdatedAt.Add(shown.ClockTolerance)):
		return standingDoubtful
	default:
		return standingNews
	}
}
