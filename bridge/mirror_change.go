package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// change writes the fields of a step. Labels are read first, because Plane
// replaces the whole list.
func (m *Mirror) change(ctx context.Context, w work) error {
	var labels []string
	if slices.Contains(w.step.Fields, mapping.FieldLabels) {
		current, err := m.plane.WorkItem(ctx, w.scope.ProjectID, w.link.Issue(), plane.View{})
		if err != nil {
			return m.missing(ctx, w, err)
		}
		labels = current.Labels.IDs()
	}
	return m.write(ctx, w, labels)
}

// putBack reads the work item and writes what Odoo wants otherwise, and what Odoo
// owns and somebody edited.
func (m *Mirror) putBack(ctx context.Context, w work) error {
	current, err := m.plane.WorkItem(ctx, w.scope.ProjectID, w.link.Issue(), plane.View{})
	if err != nil {
		return m.missing(ctx, w, err)
	}
	content, err := m.contentOf(ctx, w.scope, current)
	if err != nil {
		return err
	}
	for _, field := range w.ownership.Drifted(w.link.Written, content) {
		if !slices.Contains(w.step.Fields, field) {
			w.step.Fields, w.step.Reason = append(w.step.Fields, field), "edited in Plane, owned by Odoo"
		}
	}
	if len(w.step.Fields) == 0 {
		return m.leave(ctx, w)
	}
	w.step.Action = ActionChange
	return m.write(ctx, w, current.Labels.IDs())
}

// leave ends a look that found nothing to write. What failed the last time took
// effect after all, or is not wanted any more.
func (m *Mirror) leave(ctx context.Context, w work) error {
	w.step.Action = ActionLeave
	if w.link.LastError == nil {
		return nil
	}
	return m.links.SetState(ctx, w.scope, w.item().Key, w.link.State, "")
}

func (m *Mirror) write(ctx context.Context, w work, labels []string) error {
	patch, err := m.patch(ctx, w.scope, w.item().Fields, w.link.LastPushed, w.step.Fields, labels)
	if err != nil {
		return err
	}
	answered, err := m.plane.UpdateWorkItem(ctx, w.scope.ProjectID, w.link.Issue(), patch)
	if err != nil {
		return m.missing(ctx, w, err)
	}
	// A crash before this line writes the same values once more; that is all.
	return m.bind(ctx, w, answered)
}

// missing decides what a 404 on a linked work item means: an archived one is
// still found by its external id, a deleted one is not. What Odoo owns is made
// again after a delete. Any other error passes.
func (m *Mirror) missing(ctx context.Context, w work, cause error) error {
	if !errors.Is(cause, plane.ErrNotFound) {
		return fmt.Errorf("changing the work item of %s: %w", w.item().Key, cause)
	}
	_, err := m.find(ctx, w.scope, w.item().Key)
	if err == nil {
		return m.breakLink(ctx, w, w.link.Issue())
	}
	if !errors.Is(err, plane.ErrNotFound) {
		return err
	}
	m.logger.WarnContext(ctx, "a work item was deleted in Plane; it is created again, because Odoo still has its record",
		slog.String("key", string(w.item().Key)), slog.String("work_item", w.link.Issue()))
	if err := m.links.Unbind(ctx, w.scope, w.item().Key); err != nil {
		return err
	}
	w.step.Action, w.link = ActionCreate, mapping.Link{State: mapping.Intended}
	return m.create(ctx, w)
}

// cancel closes the work item of a record that is gone: a comment that says why,
// and the state. It is never deleted, and one that is closed already stays so.
func (m *Mirror) cancel(ctx context.Context, w work) error {
	content := mapping.Content{Pushed: w.link.LastPushed, Written: w.link.Written}
	key, issue := w.item().Key, w.link.Issue()
	if !content.Pushed.Closed() {
		_, err := m.plane.CreateComment(ctx, w.scope.ProjectID, issue, plane.NewComment{
			HTML:           "<p>Odoo has no record for this work item any more, so it is cancelled. If the record comes back, the work item is opened again.</p>",
			ExternalSource: mapping.ExternalSource, ExternalID: string(key) + "#gone",
		})
		if err != nil && !errors.Is(err, plane.ErrConflict) && !errors.Is(err, plane.ErrNotFound) {
			return fmt.Errorf("saying why the work item of %s is cancelled: %w", key, err)
		}
		content.Pushed.Group = string(plane.GroupCancelled)
		patch, err := m.patch(ctx, w.scope, content.Pushed, w.link.LastPushed, []mapping.Field{mapping.FieldState}, nil)
		if err != nil {
			return err
		}
		answered, err := m.plane.UpdateWorkItem(ctx, w.scope.ProjectID, issue, patch)
		if errors.Is(err, plane.ErrNotFound) {
			return m.links.SetState(ctx, w.scope, key, mapping.Cancelled, "the work item is gone from Plane too")
		}
		if err != nil {
			return fmt.Errorf("cancelling the work item of %s: %w", key, err)
		}
		if content.Written, err = m.contentOf(ctx, w.scope, answered); err != nil {
			return err
		}
	}
	return m.links.Close(ctx, w.scope, key, w.link.OdooID, issue, content)
}
