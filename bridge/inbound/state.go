package inbound

import (
	"cmp"
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// state reads a work item out of the newest event.
func (p *Worker) state(ctx context.Context, f folded) (shown.Item, error) {
	event := f.newest
	item := shown.Item{WorkItemState: bridge.WorkItemState{ID: event.EntityID, Deleted: event.Action == plane.ActionDeleted}, ProjectID: event.ProjectID}
	if event.WorkItem != nil {
		shown := *event.WorkItem
		shown.ID = event.EntityID
		var err error
		if item, err = p.Reader.Read(ctx, event.ProjectID, shown, item.Deleted); err != nil {
			return item, lookedUp(event, err)
		}
		item.URL = cmp.Or(event.URL, item.URL)
		item.StateName, item.Assignee = cmp.Or(item.StateName, event.StateName), cmp.Or(item.Assignee, event.AssigneeName)
	}
	item.ActorID, item.UpdatedAt, item.ReportedAt, item.Asked = event.ActorID, f.at, f.reportedAt, f.asked
	return item, nil
}

// lookedUp turns the failure of a look-up into one of the body when the body names
// no project that Plane could know: no later try finds more.
func lookedUp(event plane.Event, err error) error {
	if _, usual := ledger.UsualUUID(event.ProjectID); !usual {
		return fmt.Errorf("%w: %w", bridge.ErrNoProject, err)
	}
	return err
}
