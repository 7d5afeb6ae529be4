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

// create makes the work item of a record, or takes over the one that is there
// already.
func (m *Mirror) create(ctx context.Context, w work) error {
	if done, err := m.adoptEarlier(ctx, w); done || err != nil {
		return err
	}
	if done, err := m.adoptListed(ctx, w); done || err != nil {
		return err
	}
	content, err := m.newWorkItem(ctx, w.scope, w.item())
	if err != nil {
		return err
	}
	sent := false
	created, err := m.Plane.CreateWorkItem(m.intending(ctx, w, &sent), w.scope.ProjectID, content)
	switch {
	case errors.Is(err, plane.ErrConflict):
		return m.adoptExisting(ctx, w, plane.ExistingID(err))
	case err != nil:
		return m.notCreated(ctx, w, sent, err)
	case created.Found:
		return m.adopt(ctx, w, created)
	default:
		return m.bind(ctx, w, newWrite(w, mapping.AllFields, mapping.Fields{}), created)
	}
}

// intending stores the intention when the create has its place in the budget and
// is about to be sent, and not before: work that is snoozed for lack of budget
// leaves nothing to look up. A crash from then on leaves an intention, and maybe a
// work item.
func (m *Mirror) intending(ctx context.Context, w work, sent *bool) context.Context {
	item := w.item()
	return plane.WithBeforeCreate(ctx, func(ctx context.Context) error {
		if _, err := m.Links.Intend(ctx, w.scope, item.Key, item.OdooID, item.Fields); err != nil {
			return err
		}
		*sent = true
		return nil
	})
}

// NotingCreates notes on the link of a record whatever else is created for it.
func (m *Mirror) NotingCreates(ctx context.Context, scope mapping.Scope, key mapping.Key) context.Context {
	return plane.WithBeforeCreate(ctx, func(ctx context.Context) error {
		err := m.Links.NoteCreate(ctx, scope, key)
		if errors.Is(err, mapping.ErrNoLink) {
			return nil // A work item of ours that belongs to no record.
		}
		return err
	})
}

// notCreated ends a create that failed. One that was refused is settled: nothing
// can come of it, so the next try need not wait or look.
func (m *Mirror) notCreated(ctx context.Context, w work, sent bool, cause error) error {
	if sent && !errors.Is(cause, plane.ErrUncertain) {
		cause = errors.Join(cause, m.Links.SettleCreate(context.WithoutCancel(ctx), w.scope, w.item().Key))
	}
	return fmt.Errorf("creating the work item of %s: %w", w.item().Key, cause)
}

// SentEarlier reports whether a create was sent for the record of which nobody
// knows what became. While it may still take effect that is an UnderWayError. This
// is the one place that decides how long that is; it goes by the database's clock,
// which all replicas and commands share.
func (m *Mirror) SentEarlier(ctx context.Context, scope mapping.Scope, key mapping.Key) (bool, error) {
	ago, sent, err := m.Links.CreateSent(ctx, scope, key)
	if err != nil || !sent {
		return false, err
	}
	if left := m.Plane.SettledAfter() - ago; left > 0 {
		return true, &bridge.UnderWayError{Key: key, Until: time.Now().Add(left)}
	}
	return true, nil
}

// adoptEarlier looks for what an earlier create left behind that was cut short.
func (m *Mirror) adoptEarlier(ctx context.Context, w work) (done bool, err error) {
	if w.link.State != mapping.Intended {
		return false, nil
	}
	sent, err := m.SentEarlier(ctx, w.scope, w.item().Key)
	if err != nil || !sent {
		return false, err
	}
	existing, err := m.find(ctx, w.scope, w.item().Key)
	if errors.Is(err, plane.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, m.adopt(ctx, w, existing)
}

// adoptListed takes over a work item that the plan came upon.
func (m *Mirror) adoptListed(ctx context.Context, w work) (done bool, err error) {
	existing, fresh, found := m.unlinked.take(w.scope.ProjectID, w.item().Key)
	if !found {
		return false, nil
	}
	if !fresh {
		existing, err = m.Plane.WorkItem(ctx, w.scope.ProjectID, existing.ID, plane.View{})
		if errors.Is(err, plane.ErrNotFound) {
			return false, nil // The create tells what became of it.
		}
		if err != nil {
			return false, fmt.Errorf("looking at the work item that %s has already: %w", w.item().Key, err)
		}
	}
	if err := m.Links.Claim(ctx, w.scope, w.item().Key, w.item().OdooID); err != nil {
		return false, err
	}
	return true, m.adopt(ctx, w, existing)
}

// adoptExisting takes over the work item that made Plane refuse a create. Plane
// names it in the refusal; an archived one has to be looked up by its pair.
func (m *Mirror) adoptExisting(ctx context.Context, w work, id string) error {
	existing, err := m.Plane.WorkItem(ctx, w.scope.ProjectID, id, plane.View{})
	if id == "" || errors.Is(err, plane.ErrNotFound) {
		existing, err = m.find(ctx, w.scope, w.item().Key)
	}
	if err != nil {
		return fmt.Errorf("looking at the work item that %s has already: %w", w.item().Key, err)
	}
	return m.adopt(ctx, w, existing)
}

// adopt binds a work item that exists and brings it to what is wanted, as far as it
// shows something else.
func (m *Mirror) adopt(ctx context.Context, w work, existing plane.WorkItem) error {
	if !existing.ArchivedAt.IsZero() {
		return m.adoptArchived(ctx, w, existing)
	}
	seen, err := m.ContentOf(ctx, w.scope, existing)
	if err != nil {
		return err
	}
	item := w.item()
	owned, before := adopting(w.ownership, item.Fields, w.link)
	theirs := editedBefore(w.ownership, item.Fields, before, seen)
	owned = slices.DeleteFunc(owned, func(field mapping.Field) bool { return slices.Contains(theirs, field) })
	fields := notShown(owned, item.Fields, before, seen)
	w.step.Action, w.step.Fields = ActionAdopt, fields
	adopted := existing
	if len(fields) > 0 {
		labels, err := labelsNow(existing, fields)
		if err != nil {
			return err
		}
		patch, err := shown.Patch(ctx, m.Catalog, w.scope.ProjectID, shown.Change{Wanted: item.Fields, Fields: fields, Ours: before, Labels: labels})
		if err != nil {
			return err
		}
		if adopted, err = m.Plane.UpdateWorkItem(ctx, w.scope.ProjectID, existing.ID, patch); err != nil {
			return fmt.Errorf("adopting work item %s for %s: %w", existing.ID, item.Key, err)
		}
	}
	m.Logger.InfoContext(ctx, "adopted a work item that was there already",
		slog.String("key", string(item.Key)), slog.String("work_item", existing.ID))
	sent := newWrite(w, owned, seen)
	sent.written = sent.written.With(before, theirs...) // So the flow sees them as people's.
	return m.bind(ctx, w, sent, adopted)
}

// editedBefore lists the fields of both sides that people changed in a work item of
// ours before it was adopted, and Odoo did not: they stay, and Odoo is told. before is
// what our create sent; without it nobody knows who changed what.
func editedBefore(ownership mapping.Ownership, wanted, before, seen mapping.Fields) []mapping.Field {
	if before.Name == "" {
		return nil
	}
	changed := notShown(ownership.Shared(), wanted, before, seen)
	return slices.DeleteFunc(changed, func(field mapping.Field) bool { return slices.Contains(wanted.Differing(before), field) })
}

// adopting lists the fields in which an adopted work item is brought to what is
// wanted. Its state stays as people left it unless Odoo says that the matter is
// closed. Where it is what an earlier create of ours left behind, the intention
// tells with which content, so that what Odoo wants otherwise by now is written
// like any change.
func adopting(ownership mapping.Ownership, wanted mapping.Fields, link mapping.Link) (fields []mapping.Field, before mapping.Fields) {
	fields = ownership.Owned(wanted)
	if link.State == mapping.Intended && link.LastPushed.Name != "" {
		before = link.LastPushed
		fields = append(fields, wanted.Differing(before)...)
	}
	return slices.Compact(slices.Sorted(slices.Values(fields))), before
}

// notShown are those of the fields that have to be written, because the work item
// shows something else or still has a label of an earlier content of ours. A
// description counts by what it says, because Plane cleans it.
func notShown(fields []mapping.Field, wanted, before, shown mapping.Fields) []mapping.Field {
	stale := len(mapping.Stale(before.Labels, wanted.Labels, shown.Labels)) > 0
	return slices.DeleteFunc(slices.Clone(fields), func(field mapping.Field) bool {
		switch field {
		case mapping.FieldDescription:
			return mapping.SaysTheSame(wanted.DescriptionHTML, shown.DescriptionHTML)
		case mapping.FieldLabels:
			return !stale && shown.Shows(field, wanted)
		default:
			return shown.Shows(field, wanted)
		}
	})
}

// cancelIntended ends a create that was cut short before its record vanished. What
// came of it, if anything, is bound first.
func (m *Mirror) cancelIntended(ctx context.Context, w work) error {
	if _, err := m.SentEarlier(ctx, w.scope, w.item().Key); err != nil {
		return err
	}
	existing, err := m.find(ctx, w.scope, w.item().Key)
	if shown.IsAbsent(err) {
		return m.Links.Withdraw(ctx, w.scope, w.item().Key)
	}
	if err != nil {
		return shown.UnprovenIfNotFound(err)
	}
	if w.link.Written, err = m.ContentOf(ctx, w.scope, existing); err != nil {
		return err
	}
	content := mapping.Content{Pushed: w.link.LastPushed, Written: w.link.Written}
	if err := m.confirm(ctx, w, existing.ID, content); err != nil {
		return err
	}
	w.link.State, w.link.IssueID = mapping.Linked, &existing.ID
	return m.cancel(ctx, w)
}
