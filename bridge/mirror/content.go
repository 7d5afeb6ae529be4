package mirror

import (
	"context"
	"errors"
	"fmt"
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
	return shown.Content(ctx, m.Catalog, scope.ProjectID, item)
}

// newWorkItem is what Plane's create takes for a record.
func (m *Mirror) newWorkItem(ctx context.Context, scope mapping.Scope, item bridge.WantedItem) (plane.NewWorkItem, error) {
	request, err := shown.NewWorkItem(ctx, m.Catalog, scope.ProjectID, item.Fields)
	if err != nil {
		return request, fmt.Errorf("describing the work item of %s: %w", item.Key, err)
	}
	request.ExternalSource, request.ExternalID = mapping.ExternalSource, string(item.Key)
	return request, nil
}

// labelsNow are the ids of the labels on a work item. One that comes without the list
// says nothing about them, and writing the list would take off those of people.
func labelsNow(item plane.WorkItem, fields []mapping.Field) ([]string, error) {
	if item.Labels == nil && slices.Contains(fields, mapping.FieldLabels) {
		return nil, fmt.Errorf("writing the labels of work item %s: %w: it came without them", item.ID, shown.ErrUnproven)
	}
	return item.Labels.IDs(), nil
}
