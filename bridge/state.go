package bridge

import (
	"cmp"
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// state reads a work item out of the newest event.
func (p *deliveries) state(ctx context.Context, f folded) (seenItem, error) {
	event := f.newest
	item := seenItem{WorkItemState: WorkItemState{ID: event.EntityID, Deleted: event.Action == plane.ActionDeleted}, projectID: event.ProjectID}
	if event.WorkItem != nil {
		shown := *event.WorkItem
		shown.ID = event.EntityID
		var err error
		if item, err = p.reader.read(ctx, event.ProjectID, shown, item.Deleted); err != nil {
			return item, lookedUp(event, err)
		}
		item.URL = cmp.Or(event.URL, item.URL)
		item.StateName, item.assignee = cmp.Or(item.StateName, event.StateName), cmp.Or(item.assignee, event.AssigneeName)
	}
	item.ActorID, item.UpdatedAt, item.heard, item.asked = event.ActorID, f.at, f.heard, f.asked
	return item, nil
}

// lookedUp turns the failure of a look-up into one of the body when the body names
// no project that Plane could know: no later try finds more.
func lookedUp(event plane.Event, err error) error {
	if _, usual := usualUUID(event.ProjectID); !usual {
		return fmt.Errorf("%w: %w", errNoProject, err)
	}
	return err
}
