package bridge

import (
	"context"
	"errors"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// seenItem is a work item as a delivery shows it, with what only the ledger's
// own tables need.
type seenItem struct {
	WorkItemState
	projectID string
	assignee  string
}

// state reads a work item out of the newest event. Webhooks of version 1 carry
// the state and the people; version 2 carries ids, which are looked up.
func (p *deliveries) state(ctx context.Context, f folded) (seenItem, error) {
	event := f.newest
	item := seenItem{
		WorkItemState: WorkItemState{ID: event.EntityID, ActorID: event.ActorID, UpdatedAt: f.at, Deleted: event.Action == plane.ActionDeleted},
		projectID:     event.ProjectID,
	}
	if event.WorkItem == nil {
		return item, nil
	}
	item.Name, item.TargetDate = event.WorkItem.Name, string(event.WorkItem.TargetDate)
	item.URL = workItemURL(p.appURL, p.workspace, event.ProjectID, event.EntityID)
	if item.Deleted {
		return item, nil
	}
	state, err := p.stateOf(ctx, event)
	if err != nil {
		return item, err
	}
	item.StateName, item.Group = state.Name, state.Group
	item.assignee, err = p.assigneeOf(ctx, event)
	return item, err
}

func (p *deliveries) stateOf(ctx context.Context, event plane.Event) (plane.State, error) {
	ref := event.WorkItem.State
	if ref.Value != nil && ref.Value.Group != "" {
		return *ref.Value, nil
	}
	state, err := p.catalog.State(ctx, event.ProjectID, ref.ID)
	if !errors.Is(err, plane.ErrNotFound) {
		return state, err
	}
	// The state is newer than what is remembered.
	p.catalog.Forget(event.ProjectID)
	return p.catalog.State(ctx, event.ProjectID, ref.ID)
}

func (p *deliveries) assigneeOf(ctx context.Context, event plane.Event) (string, error) {
	if len(event.WorkItem.Assignees) == 0 {
		return "", nil
	}
	first := event.WorkItem.Assignees[0]
	if first.Value != nil && first.Value.DisplayName != "" {
		return first.Value.DisplayName, nil
	}
	return p.catalog.MemberName(ctx, event.ProjectID, first.ID)
}

// workItemURL is where people open a work item. Webhooks carry no address.
func workItemURL(appURL, workspace, projectID, id string) string {
	return strings.Join([]string{strings.TrimRight(appURL, "/"), workspace, "projects", projectID, "issues", id}, "/")
}
