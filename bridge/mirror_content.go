package bridge

import (
	"context"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// newWorkItem turns wanted fields into what Plane's create takes: ids, where a
// flow speaks of groups and names.
func (m *Mirror) newWorkItem(ctx context.Context, scope mapping.Scope, item WantedItem) (plane.NewWorkItem, error) {
	state, err := m.catalog.StateFor(ctx, scope.ProjectID, plane.StateGroup(item.Fields.Group))
	if err != nil {
		return plane.NewWorkItem{}, fmt.Errorf("choosing the state of %s: %w", item.Key, err)
	}
	labels, err := m.catalog.LabelIDs(ctx, scope.ProjectID, item.Fields.Labels...)
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
			state, err := m.catalog.StateFor(ctx, scope.ProjectID, plane.StateGroup(wanted.Group))
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

func (m *Mirror) mergedLabels(ctx context.Context, scope mapping.Scope, wanted, last mapping.Fields, current []string) ([]string, error) {
	add, err := m.catalog.LabelIDs(ctx, scope.ProjectID, wanted.Labels...)
	if err != nil {
		return nil, fmt.Errorf("finding labels: %w", err)
	}
	// Only labels that are on the work item can be taken off it, so a label that
	// nobody has any more is not created for this.
	known, err := m.catalog.LabelNames(ctx, scope.ProjectID, current...)
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
