package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// write is what one request sent, and what was known of the work item before.
type write struct {
	fields []mapping.Field
	// before is what the work item showed before the request.
	before mapping.Fields
	// pushed and written are what the link notes of the fields that were not sent.
	pushed, written mapping.Fields
	// shownAt is the work item's updated_at where nothing was written.
	shownAt time.Time
}

// newWrite is a write to a work item that has no link yet. What was not sent is
// left as people have it, and counts as agreed.
func newWrite(w work, fields []mapping.Field, before mapping.Fields) write {
	return write{fields: fields, before: before, pushed: w.item().Fields.With(mapping.Fields{}, fields...), written: before}
}

// changeOf is a write to a linked work item. An edit by a person in a field that was
// not sent was not written by us, and has to be seen as theirs.
func changeOf(w work, before mapping.Fields) write {
	return write{fields: w.step.Fields, before: before, pushed: w.link.LastPushed, written: w.link.Written}
}

// bind notes what of a write Plane shows to have taken, and how it shows it. What
// it does not show counts as not written: that is noted as an error on the link,
// and tried again with growing waits.
func (m *Mirror) bind(ctx context.Context, w work, sent write, answered plane.WorkItem) error {
	now, err := m.ContentOf(ctx, w.scope, answered)
	if err != nil {
		return err
	}
	// A state that is not shown is not confirmed, whatever is known of it.
	confirmed, refused := mapping.Shown(w.item().Fields, sent.before, now, sent.fields, w.ourLabels()...)
	now = shown.AsKnown(now, w.link.Written)
	content := w.noting(sent.pushed.With(w.item().Fields, confirmed...), sent.written, now, sent.fields)
	content.Refused, content.ShownAt = w.stillRefused(sent.fields), answered.UpdatedAt.Time
	maps.Copy(content.Refused, refused)
	content.Why = whyRefused(content.Refused, now, mapping.Stale(w.ourLabels(), w.item().Fields.Labels, now.Labels))
	if len(refused) > 0 {
		// A label or a state of the catalogue may be another project's, or gone.
		m.Catalog.Forget(w.scope.ProjectID)
		m.Logger.WarnContext(ctx, "Plane answered with success and did not take everything", slog.String("key", string(w.item().Key)),
			slog.String("work_item", answered.ID), slog.String("why", content.Why))
	}
	if err := m.confirm(ctx, w, answered.ID, content); err != nil {
		return err
	}
	if answered.ArchivedAt.IsZero() {
		return nil
	}
	// A write to an archived work item takes effect; a look-up by id would not find it.
	return m.Links.SetState(ctx, w.scope, w.item().Key, mapping.Broken, shown.WhyArchived)
}

// confirm notes a write on the link. A work item that was found deleted while it was
// under way is unlinked by now, and stays so; who comes next makes it again.
func (m *Mirror) confirm(ctx context.Context, w work, issueID string, content mapping.Content) error {
	note := m.Links.Bind
	if w.link.IssueID != nil {
		note = m.Links.Confirm
	}
	return relinkedMeanwhile(note(ctx, w.scope, w.item().Key, w.item().OdooID, issueID, content))
}

// closeLink notes on the link that the record is gone and its work item closed.
func (m *Mirror) closeLink(ctx context.Context, w work, content mapping.Content) error {
	return relinkedMeanwhile(m.Links.Close(ctx, w.scope, w.item().Key, w.link.OdooID, w.link.Issue(), content))
}

// relinkedMeanwhile turns what the store says of a link that is another one by now into
// work that is tried again at once: nothing failed.
func relinkedMeanwhile(err error) error {
	if errors.Is(err, mapping.ErrNoLink) {
		return fmt.Errorf("%w: its work item was unlinked meanwhile: %w", bridge.ErrLocked, err)
	}
	return err
}

// noting is the content of a link after some of its fields were shown. Of the
// labels only ours are noted: those of people are theirs to take off again.
func (w work) noting(pushed, written, shown mapping.Fields, fields []mapping.Field) mapping.Content {
	shown.Labels = mapping.Common(w.item().Fields.Labels, shown.Labels)
	return mapping.Content{Pushed: pushed, Written: written.With(shown, fields...)}
}

// stillRefused are the earlier refusals that a write of some fields leaves as they
// are, because they are still wanted and were not tried again.
func (w work) stillRefused(sent []mapping.Field) mapping.Values {
	still := mapping.Values{}
	for field, value := range w.link.Refused {
		if !slices.Contains(sent, field) && w.link.Refused.Has(field, w.item().Fields) {
			still[field] = value
		}
	}
	return still
}

func whyRefused(refused mapping.Values, shown mapping.Fields, stale []string) string {
	if len(refused) == 0 {
		return ""
	}
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(refused)) {
		switch field {
		case mapping.FieldDescription:
			parts = append(parts, "the description is the old one")
		case mapping.FieldLabels:
			parts = append(parts, whichLabels(refused.Labels(), shown.Labels, stale))
		default:
			parts = append(parts, fmt.Sprintf("%s is not %q", field, refused[field]))
		}
	}
	return "Plane answered with success and did not take everything: " + strings.Join(parts, "; ")
}

func whichLabels(wanted, shown, stale []string) string {
	missing := slices.DeleteFunc(wanted, func(l string) bool { return slices.Contains(shown, l) })
	var parts []string
	if len(missing) > 0 {
		parts = append(parts, "the labels "+strings.Join(missing, ", ")+" are missing")
	}
	if len(stale) > 0 {
		parts = append(parts, "the labels "+strings.Join(stale, ", ")+" were not taken off")
	}
	return strings.Join(parts, " and ")
}

// adoptArchived links a work item that somebody archived before it was linked.
// Nothing is written, so nothing that Odoo owns counts as written.
func (m *Mirror) adoptArchived(ctx context.Context, w work, existing plane.WorkItem) error {
	shown, err := m.ContentOf(ctx, w.scope, existing)
	if err != nil {
		return err
	}
	item := w.item()
	content := w.noting(item.Fields.With(mapping.Fields{}, w.ownership.Owned(item.Fields)...), shown, shown, []mapping.Field{mapping.FieldLabels})
	if err := m.confirm(ctx, w, existing.ID, content); err != nil {
		return err
	}
	return m.breakLink(ctx, w)
}

// breakLink notes that a work item is archived. It is neither changed nor made
// again: whoever archived it meant it. What Odoo wants meanwhile stays unwritten,
// and is written when the work item comes back.
func (m *Mirror) breakLink(ctx context.Context, w work) error {
	return m.Links.SetState(ctx, w.scope, w.item().Key, mapping.Broken, shown.WhyArchived)
}
