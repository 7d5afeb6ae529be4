package shown

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// The fields that Plane keeps as ids: the state, of which a content has the group, and the
// labels, of which it has the names.

// named returns the state of a work item. One that the project does not list is left as it
// is shown: that of Intake is in no list.
func (s *seen) named(ctx context.Context) (plane.State, error) {
	if s.state != nil {
		return *s.state, nil
	}
	state, err := stateOf(ctx, s.catalog, s.projectID, s.item.State)
	if err == nil {
		s.state = &state
	}
	return state, err
}

func stateOf(ctx context.Context, c *plane.Catalog, projectID string, ref plane.Ref[plane.State]) (plane.State, error) {
	var shown plane.State
	if ref.Value != nil {
		shown = *ref.Value
	}
	if shown.Group != "" && shown.Name != "" || ref.ID == "" {
		return shown, nil
	}
	state, err := c.State(ctx, projectID, ref.ID)
	if errors.Is(err, plane.ErrNoState) {
		// The state may be newer than what is remembered.
		c.Forget(projectID)
		state, err = c.State(ctx, projectID, ref.ID)
	}
	if errors.Is(err, plane.ErrNoState) {
		return shown, nil
	}
	return state, err
}

func nameGroup(ctx context.Context, s *seen) (string, error) {
	state, err := s.named(ctx)
	return string(state.Group), err
}

func createState(ctx context.Context, c *plane.Catalog, projectID string, wanted mapping.Fields, request *plane.NewWorkItem) error {
	state, err := stateFor(ctx, c, projectID, wanted)
	request.StateID = state
	return err
}

func changeState(ctx context.Context, c *plane.Catalog, projectID string, change Change, request *plane.WorkItemPatch) error {
	state, err := stateFor(ctx, c, projectID, change.Wanted)
	request.StateID = plane.Set(state)
	return err
}

func stateFor(ctx context.Context, c *plane.Catalog, projectID string, wanted mapping.Fields) (string, error) {
	state, err := c.StateFor(ctx, projectID, plane.StateGroup(wanted.Group))
	if err != nil {
		return "", fmt.Errorf("choosing a state: %w", err)
	}
	return state.ID, nil
}

func nameLabels(ctx context.Context, s *seen) (string, error) {
	names := make([]string, 0, len(s.item.Labels))
	var unnamed []string
	for _, label := range s.item.Labels {
		switch {
		case label.Value != nil && label.Value.Name != "":
			names = append(names, label.Value.Name)
		case label.ID != "":
			unnamed = append(unnamed, label.ID)
		}
	}
	if len(unnamed) > 0 {
		found, err := s.catalog.LabelNames(ctx, s.projectID, unnamed...)
		if err != nil {
			return "", err
		}
		for _, name := range found {
			names = append(names, name)
		}
	}
	return lines(names), nil
}

func createLabels(ctx context.Context, c *plane.Catalog, projectID string, wanted mapping.Fields, request *plane.NewWorkItem) error {
	labels, err := labelIDs(ctx, c, projectID, wanted)
	request.LabelIDs = labels
	return err
}

// changeLabels keeps what people added, and takes off what is ours and not wanted any more.
func changeLabels(ctx context.Context, c *plane.Catalog, projectID string, change Change, request *plane.WorkItemPatch) error {
	add, err := labelIDs(ctx, c, projectID, change.Wanted)
	if err != nil {
		return err
	}
	// Only labels that are on the work item can be taken off it, so a label that
	// nobody has any more is not created for this.
	known, err := c.LabelNames(ctx, projectID, change.Labels...)
	if err != nil {
		return fmt.Errorf("finding labels: %w", err)
	}
	var ours []string
	for id, name := range known {
		if slices.Contains(change.Ours.Labels, name) {
			ours = append(ours, id)
		}
	}
	request.LabelIDs = plane.Set(mapping.MergeLabels(change.Labels, ours, add))
	return nil
}

func labelIDs(ctx context.Context, c *plane.Catalog, projectID string, wanted mapping.Fields) ([]string, error) {
	ids, err := c.LabelIDs(ctx, projectID, wanted.Labels...)
	if err != nil {
		return nil, fmt.Errorf("finding labels: %w", err)
	}
	return ids, nil
}
