package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// change writes the fields of a step. Labels are read first, because Plane
// replaces the whole list.
func (m *Mirror) change(ctx context.Context, w work) error {
	if !slices.Contains(w.step.Fields, mapping.FieldLabels) {
		return m.write(ctx, w, changeOf(w, w.link.Written), nil)
	}
	current, err := m.Plane.WorkItem(ctx, w.scope.ProjectID, w.link.Issue(), plane.View{})
	if err != nil {
		return m.missing(ctx, w, err)
	}
	labels, err := labelsNow(current, w.step.Fields)
	if err != nil {
		return err
	}
	return m.write(ctx, w, changeOf(w, w.link.Written), labels)
}

// catalogAge is how old the catalogue may be when a work item is compared in full.
// A label that was renamed keeps its id, so only a fresh list tells its name.
const catalogAge = 30 * time.Second

// compareInFull reads the work item and writes what it does not show as it should:
// what Odoo wants otherwise by now, what Odoo owns and somebody edited, and what
// was never confirmed, whatever the link says.
func (m *Mirror) compareInFull(ctx context.Context, w work) error {
	m.Catalog.ForgetOlder(w.scope.ProjectID, catalogAge)
	current, err := m.Plane.WorkItem(ctx, w.scope.ProjectID, w.link.Issue(), plane.View{})
	if err != nil {
		return m.missing(ctx, w, err)
	}
	content, err := m.ContentOf(ctx, w.scope, current)
	if err != nil {
		return err
	}
	content = shown.AsKnown(content, w.link.Written)
	agreed, outstanding := w.judge(content)
	sent := changeOf(w, content)
	sent.shownAt = current.UpdatedAt.Time
	sent.pushed, sent.written = w.agreeing(agreed, content)
	if len(outstanding) == 0 {
		return m.leave(ctx, w, sent, agreed)
	}
	labels, err := labelsNow(current, outstanding)
	if err != nil {
		return err
	}
	w.step.Action, w.step.Fields, sent.fields = ActionChange, outstanding, outstanding
	return m.write(ctx, w, sent, labels)
}

// judge compares what is wanted with what is shown, field by field: agreed are
// those that were to be written and show it already, outstanding those to write.
func (w work) judge(shown mapping.Fields) (agreed, outstanding []mapping.Field) {
	wanted, asked := w.item().Fields, w.step.Fields
	edited := w.ownership.Drifted(w.link, shown)
	for _, field := range mapping.AllFields {
		shows := shown.Shows(field, wanted) && (field != mapping.FieldLabels || !w.showsStale(shown))
		switch {
		case shows && slices.Contains(asked, field):
			agreed = append(agreed, field)
		case shows:
		case slices.Contains(asked, field), w.link.MayShow(field, shown):
			// Wanted otherwise, or a write of ours whose answer was lost and that is not
			// wanted any more.
			outstanding = append(outstanding, field)
		case w.waits(field):
		case slices.Contains(edited, field), w.ownership.Alone(field, wanted) && field != mapping.FieldDescription:
			// A description is never shown as it was sent, so only an edit tells.
			outstanding = append(outstanding, field)
			w.step.Reason = "edited in Plane, owned by Odoo"
		}
	}
	return agreed, outstanding
}

// showsStale reports whether a label of ours is shown that is not wanted any more.
func (w work) showsStale(shown mapping.Fields) bool {
	return len(mapping.Stale(w.ourLabels(), w.item().Fields.Labels, shown.Labels)) > 0
}

// ourLabels are the labels that we put on the work item at any of the last writes,
// those that took in part, or whose answer was lost, included.
func (w work) ourLabels() []string {
	return slices.Concat(w.link.LastPushed.Labels, w.link.Written.Labels, w.link.MayShowLabels())
}

// waits reports whether Plane refused the field and its wait is not over.
func (w work) waits(field mapping.Field) bool {
	return !w.link.LookDue && w.link.Refused.Has(field, w.item().Fields)
}

// agreeing is what the link notes once the agreed fields were read.
func (w work) agreeing(agreed []mapping.Field, shown mapping.Fields) (pushed, written mapping.Fields) {
	content := w.noting(w.link.LastPushed.With(w.item().Fields, agreed...), w.link.Written, shown, agreed)
	return content.Pushed, content.Written
}

// leave ends a look that found nothing to write. What failed the last time took
// effect after all, or is not wanted any more.
func (m *Mirror) leave(ctx context.Context, w work, seen write, agreed []mapping.Field) error {
	w.step.Action, w.step.Fields = ActionLeave, nil
	if !w.link.LookDue && len(agreed) == 0 {
		return nil
	}
	content := mapping.Content{Pushed: seen.pushed, Written: seen.written, ShownAt: seen.shownAt}
	return m.confirm(ctx, w, w.link.Issue(), content)
}

func (m *Mirror) write(ctx context.Context, w work, sent write, labels []string) error {
	ours := w.link.LastPushed
	ours.Labels = w.ourLabels()
	patch, err := shown.Patch(ctx, m.Catalog, w.scope.ProjectID, shown.Change{Wanted: w.item().Fields, Fields: sent.fields, Ours: ours, Labels: labels})
	if err != nil {
		return err
	}
	if err := m.Links.Sending(ctx, w.scope, w.item().Key, mapping.ValuesOf(w.item().Fields, sent.fields)); err != nil {
		return err
	}
	answered, err := m.send(ctx, w, patch)
	if err != nil {
		return m.missing(ctx, w, err)
	}
	// A crash before this line has the work item read, and the same values written
	// once more where they are not shown.
	return m.bind(ctx, w, sent, answered)
}

// ErrNotWritable says that Plane answers and the work item cannot be written as it
// is. The link says why, and when it is looked at again.
var ErrNotWritable = errors.New("the work item cannot be written now")

// missing decides what it means that Plane did not find a linked work item, or
// refused it: only one that is proven to be deleted is made again, because Odoo
// still has its record. Any other error passes.
func (m *Mirror) missing(ctx context.Context, w work, cause error) error {
	if !errors.Is(cause, plane.ErrNotFound) && !errors.Is(cause, plane.ErrForbidden) {
		return fmt.Errorf("changing the work item of %s: %w", w.item().Key, cause)
	}
	found, err := m.Presence.WhereIs(ctx, w.scope, w.item().Key, w.link.Issue())
	switch {
	case err != nil:
		return err
	case found.Place == shown.PlaceHere:
		return fmt.Errorf("changing the work item of %s, which is there when it is read: %w", w.item().Key, cause)
	case found.Place == shown.PlaceArchived:
		return m.breakLink(ctx, w)
	case !found.Absent():
		return m.hold(ctx, w, found.Reason())
	}
	m.Logger.WarnContext(ctx, "a work item was deleted in Plane; it is created again, because Odoo still has its record",
		slog.String("key", string(w.item().Key)), slog.String("work_item", w.link.Issue()))
	if err := bridge.Forget(ctx, m.Links, w.flow, &w.link); err != nil {
		return err
	}
	w.step.Action, w.link = ActionCreate, mapping.Link{State: mapping.Intended}
	return m.create(ctx, w)
}

// hold leaves a work item as it is that cannot be written, and says so on its link.
func (m *Mirror) hold(ctx context.Context, w work, why string) error {
	if err := m.Links.SetProblem(ctx, w.scope, w.item().Key, why); err != nil {
		return err
	}
	return fmt.Errorf("writing the work item of %s: %w: %s", w.item().Key, ErrNotWritable, why)
}

// cancel closes the work item of a record that is gone: a comment that says why,
// and the state. It is never deleted, and one that is closed already stays so.
func (m *Mirror) cancel(ctx context.Context, w work) error {
	content := mapping.Content{Pushed: w.link.LastPushed, Written: w.link.Written}
	key, issue := w.item().Key, w.link.Issue()
	if content.Pushed.Closed() {
		return m.closeLink(ctx, w, content)
	}
	// The comment comes last: it must not claim what a board without such a state, or
	// a crash before the write, makes untrue.
	state, err := m.Catalog.StateFor(ctx, w.scope.ProjectID, plane.GroupCancelled)
	if err != nil {
		return fmt.Errorf("choosing the state in which the work item of %s is cancelled: %w", key, err)
	}
	cancelled := mapping.Fields{Group: string(plane.GroupCancelled)}
	if err := m.Links.Sending(ctx, w.scope, key, mapping.ValuesOf(cancelled, []mapping.Field{mapping.FieldState})); err != nil {
		return err
	}
	answered, err := m.Plane.UpdateWorkItem(ctx, w.scope.ProjectID, issue, plane.WorkItemPatch{StateID: plane.Set(state.ID)})
	if err != nil {
		return m.notCancelled(ctx, w, err)
	}
	if answered.State.ID != state.ID {
		return fmt.Errorf("cancelling the work item of %s: Plane answered with success and did not take the state %q", key, state.Name)
	}
	if err := m.sayWhyCancelled(ctx, w); err != nil {
		return err
	}
	content.Pushed.Group, content.Written.Group, content.ShownAt = cancelled.Group, cancelled.Group, answered.UpdatedAt.Time
	return m.closeLink(ctx, w, content)
}

// notCancelled ends the link of a work item that is gone from Plane too. One that
// only does not answer is tried again.
func (m *Mirror) notCancelled(ctx context.Context, w work, cause error) error {
	cause = fmt.Errorf("cancelling the work item of %s: %w", w.item().Key, cause)
	if !errors.Is(cause, plane.ErrNotFound) && !errors.Is(cause, plane.ErrForbidden) {
		return cause
	}
	found, err := m.Presence.WhereIs(ctx, w.scope, w.item().Key, w.link.Issue())
	switch {
	case err != nil:
		return err
	case found.Absent():
		return m.Links.SetState(ctx, w.scope, w.item().Key, mapping.Cancelled, "the work item is gone from Plane too")
	case found.Place == shown.PlaceHere:
		return cause
	default:
		return m.hold(ctx, w, found.Reason())
	}
}

func (m *Mirror) sayWhyCancelled(ctx context.Context, w work) error {
	key := w.item().Key
	_, err := m.Plane.CreateComment(ctx, w.scope.ProjectID, w.link.Issue(), plane.NewComment{
		HTML:           "<p>Odoo has no record for this work item any more, so it is cancelled. If the record comes back, the work item is opened again.</p>",
		ExternalSource: mapping.ExternalSource, ExternalID: string(key) + "#gone",
	})
	if err != nil && !errors.Is(err, plane.ErrConflict) && !errors.Is(err, plane.ErrNotFound) {
		return fmt.Errorf("saying why the work item of %s is cancelled: %w", key, err)
	}
	return nil
}
