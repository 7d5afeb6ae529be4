package bridge

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Words that ops.work_items.status holds besides the names of states.
const (
	statusOfDeleted  = "deleted"
	statusOfArchived = "archived"
)

// seenItem is a work item as a delivery shows it, with what only the ledger's
// own tables need.
type seenItem struct {
	WorkItemState
	projectID string
	assignee  string
}

// state reads a work item out of the newest event. Webhooks of version 1 carry
// states, labels and people; version 2 carries ids, which are looked up.
func (p *deliveries) state(ctx context.Context, f folded) (seenItem, error) {
	event := f.newest
	item := seenItem{
		WorkItemState: WorkItemState{ID: event.EntityID, ActorID: event.ActorID, UpdatedAt: f.at, Deleted: event.Action == plane.ActionDeleted},
		projectID:     event.ProjectID,
	}
	seen := event.WorkItem
	if seen == nil {
		return item, nil
	}
	item.URL = workItemURL(p.appURL, p.workspace, event.ProjectID, event.EntityID)
	item.Archived = !seen.ArchivedAt.IsZero()
	item.Fields = mapping.Fields{
		Name: seen.Name, DescriptionHTML: seen.DescriptionHTML, TargetDate: string(seen.TargetDate), Priority: string(seen.Priority),
	}
	if item.Deleted {
		return item, nil
	}
	state, err := p.stateOf(ctx, event)
	if err != nil {
		return item, err
	}
	item.StateName, item.Fields.Group = state.Name, string(state.Group)
	if item.Fields.Labels, err = p.labelsOf(ctx, event); err != nil {
		return item, err
	}
	item.assignee, err = p.assigneeOf(ctx, event)
	return item, err
}

func (p *deliveries) stateOf(ctx context.Context, event plane.Event) (plane.State, error) {
	ref := event.WorkItem.State
	switch {
	case ref.Value != nil && ref.Value.Group != "":
		return *ref.Value, nil
	case ref.ID == "":
		return plane.State{}, nil // The body names none; what is known stays.
	}
	state, err := p.catalog.State(ctx, event.ProjectID, ref.ID)
	if !errors.Is(err, plane.ErrNoState) {
		return state, err
	}
	// The state is newer than what is remembered, or in no list: an Intake item's.
	p.catalog.Forget(event.ProjectID)
	state, err = p.catalog.State(ctx, event.ProjectID, ref.ID)
	if errors.Is(err, plane.ErrNoState) {
		return plane.State{}, nil // What is known stays.
	}
	return state, err
}

func (p *deliveries) labelsOf(ctx context.Context, event plane.Event) ([]string, error) {
	names := make([]string, 0, len(event.WorkItem.Labels))
	var unnamed []string
	for _, label := range event.WorkItem.Labels {
		if label.Value != nil && label.Value.Name != "" {
			names = append(names, label.Value.Name)
		} else {
			unnamed = append(unnamed, label.ID)
		}
	}
	if len(unnamed) > 0 {
		found, err := p.catalog.LabelNames(ctx, event.ProjectID, unnamed...)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
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
