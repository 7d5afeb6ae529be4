package mirror

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// find looks a record's work item up by its external pair, archived ones
// included. Where several work items carry the pair, Plane answers the look-up
// with an error, so the list is read and the oldest taken; the sweep reports the
// others.
func (m *Mirror) find(ctx context.Context, scope mapping.Scope, key mapping.Key) (plane.WorkItem, error) {
	found, err := m.Plane.WorkItemByExternalID(ctx, scope.ProjectID, mapping.ExternalSource, string(key), plane.View{})
	if err == nil || !errors.Is(err, plane.ErrServer) {
		return found, wrapLookup(key, err)
	}
	var oldest plane.WorkItem
	for item, err := range m.Plane.WorkItems(ctx, scope.ProjectID, plane.ListOptions{OrderBy: "created_at"}) {
		if errors.Is(err, plane.ErrUnreadable) {
			continue // Where no other carries the pair the look-up's own error stands.
		}
		if err != nil {
			return plane.WorkItem{}, wrapLookup(key, err)
		}
		if item.ExternalSource == mapping.ExternalSource && item.ExternalID == string(key) &&
			(oldest.ID == "" || item.SequenceID < oldest.SequenceID) {
			oldest = item
		}
	}
	if oldest.ID == "" {
		return plane.WorkItem{}, wrapLookup(key, err)
	}
	return oldest, nil
}

func wrapLookup(key mapping.Key, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("looking up the work item of %s: %w", key, err)
}

// ContentOf reads a work item as Plane keeps it, with groups and names in place
// of ids. The group is empty for a state that the project does not list.
func (m *Mirror) ContentOf(ctx context.Context, scope mapping.Scope, item plane.WorkItem) (mapping.Fields, error) {
	group, err := m.Catalog.GroupOf(ctx, scope.ProjectID, item.State.ID)
	if errors.Is(err, plane.ErrNoState) {
		m.Catalog.Forget(scope.ProjectID)
		group, err = m.Catalog.GroupOf(ctx, scope.ProjectID, item.State.ID)
	}
	if err != nil && !errors.Is(err, plane.ErrNoState) {
		return mapping.Fields{}, fmt.Errorf("reading the state of work item %s: %w", item.ID, err)
	}
	names, err := m.Catalog.LabelNames(ctx, scope.ProjectID, item.Labels.IDs()...)
	if err != nil {
		return mapping.Fields{}, fmt.Errorf("reading the labels of work item %s: %w", item.ID, err)
	}
	return mapping.Fields{
		Name: item.Name, DescriptionHTML: item.DescriptionHTML, TargetDate: string(item.TargetDate), Priority: string(item.Priority),
		Group: string(group), Labels: slices.Sorted(maps.Values(names)),
	}, nil
}

// newWorkItem turns wanted fields into what Plane's create takes: ids, where a
// flow speaks of groups and names.
func (m *Mirror) newWorkItem(ctx context.Context, scope mapping.Scope, item bridge.WantedItem) (plane.NewWorkItem, error) {
	state, err := m.Catalog.StateFor(ctx, scope.ProjectID, plane.StateGroup(item.Fields.Group))
	if err != nil {
		return plane.NewWorkItem{}, fmt.Errorf("choosing the state of %s: %w", item.Key, err)
	}
	labels, err := m.Catalog.LabelIDs(ctx, scope.ProjectID, item.Fields.Labels...)
	if err != nil {
		return plane.NewWorkItem{}, fmt.Errorf("finding the labels of %s: %w", item.Key, err)
	}
	return plane.NewWorkItem{
		Name: item.Fields.Name, DescriptionHTML: item.Fields.DescriptionHTML, StateID: state.ID,
		Priority: plane.Priority(item.Fields.Priority), TargetDate: plane.Date(item.Fields.TargetDate), LabelIDs: labels,
		ExternalSource: mapping.ExternalSource, ExternalID: string(item.Key),
	}, nil
}

// patch turns the given fields into what Plane's PATCH takes. current are the
// ids of the labels on the work item now.
func (m *Mirror) patch(ctx context.Context, scope mapping.Scope, wanted, last mapping.Fields, fields []mapping.Field, current []string) (plane.WorkItemPatch, error) {
	var patch plane.WorkItemPatch
	for _, field := range fields {
		switch field {
		case mapping.FieldName:
			patch.Name = plane.Set(wanted.Name)
		case mapping.FieldDescription:
			patch.DescriptionHTML = plane.Set(wanted.DescriptionHTML)
		case mapping.FieldTargetDate:
			patch.TargetDate = plane.Set(plane.Date(wanted.TargetDate))
		case mapping.FieldPriority:
			patch.Priority = plane.Set(plane.Priority(wanted.Priority))
		case mapping.FieldState:
			state, err := m.Catalog.StateFor(ctx, scope.ProjectID, plane.StateGroup(wanted.Group))
			if err != nil {
				return patch, fmt.Errorf("choosing a state: %w", err)
			}
			patch.StateID = plane.Set(state.ID)
		case mapping.FieldLabels:
			labels, err := m.mergedLabels(ctx, scope, wanted, last, current)
			if err != nil {
				return patch, err
			}
			patch.LabelIDs = plane.Set(labels)
		}
	}
	return patch, nil
}

// labelsNow are the ids of the labels on a work item. One that comes without the list
// says nothing about them, and writing the list would take off those of people.
func labelsNow(item plane.WorkItem, fields []mapping.Field) ([]string, error) {
	if item.Labels == nil && slices.Contains(fields, mapping.FieldLabels) {
		return nil, fmt.Errorf("writing the labels of work item %s: %w: it came without them", item.ID, shown.ErrUnproven)
	}
	return item.Labels.IDs(), nil
}

func (m *Mirror) mergedLabels(ctx context.Context, scope mapping.Scope, wanted, last mapping.Fields, current []string) ([]string, error) {
	add, err := m.Catalog.LabelIDs(ctx, scope.ProjectID, wanted.Labels...)
	if err != nil {
		return nil, fmt.Errorf("finding labels: %w", err)
	}
	// Only labels that are on the work item can be taken off it, so a label that
	// nobody has any more is not created for this.
	known, err := m.Catalog.LabelNames(ctx, scope.ProjectID, current...)
	if err != nil {
		return nil, fmt.Errorf("finding labels: %w", err)
	}
	var ours []string
	for id, name := range known {
		if slices.Contains(last.Labels, name) {
			ours = append(ours, id)
		}
	}
	return mapping.MergeLabels(current, ours, add), nil
}
