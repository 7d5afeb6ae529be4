package bridge

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// folded is what a batch of deliveries of one entity comes to: the newest state
// among them, and which deliveries it stands for.
type folded struct {
	newest     plane.Event
	at         time.Time
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

// fold keeps the newest state of a batch. One change in Plane sends a webhook
// per field, each with the state at the time of sending, and they arrive in any
// order; the newest stands for them all.
func fold(batch []Delivery) folded {
	var f folded
	for _, d := range batch {
		event, err := readEvent(d.RawBody)
		switch {
		case errors.Is(err, errNotMirrored):
			f.passed = append(f.passed, d.ID)
			continue
		case err != nil:
			f.unreadable = append(f.unreadable, unreadable{d.ID, err})
			continue
		}
		f.ids = append(f.ids, d.ID)
		if at := eventTime(event, d); len(f.ids) == 1 || !at.Before(f.at) {
			f.newest, f.at = event, at
		}
	}
	return f
}

// eventTime is when the state in an event was true. A delete carries the times
// of the old record, so it counts from when we heard of it.
func eventTime(event plane.Event, d Delivery) time.Time {
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
