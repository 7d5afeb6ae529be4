package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// asItIs reads a record that both sides may change once more, now that nobody else is at
// it. As it was read before, it may be older than its link, and what Odoo was told in
// between would be undone as if Odoo wanted it otherwise. What the record has from Plane
// is put on the books first.
func (m *Mirror) asItIs(ctx context.Context, flow bridge.Flow, item bridge.WantedItem, link mapping.Link) (bridge.WantedItem, mapping.Link, error) {
	if link.IssueID == nil || len(flow.Ownership().Shared()) == 0 {
		return item, link, nil
	}
	now, err := flow.WantedFor(ctx, item.Key)
	if err != nil {
		return item, link, fmt.Errorf("reading %s again: %w", item.Key, ofOdoo(err))
	}
	told := slices.DeleteFunc(slices.Clone(now.FromPlane), func(field mapping.Field) bool {
		return !slices.Contains(now.Fields.Differing(link.LastPushed), field)
	})
	if len(told) == 0 {
		return now, link, nil
	}
	link, err = m.noteTold(ctx, flow.Scope(), link, now.Fields, told)
	return now, link, err
}

// noteTold notes fields that Odoo has from Plane, where the end of the telling was not
// noted. Both sides had them; what the work item shows otherwise by now is a later edit,
// and Odoo is told of that too.
func (m *Mirror) noteTold(ctx context.Context, scope mapping.Scope, link mapping.Link, has mapping.Fields, told []mapping.Field) (mapping.Link, error) {
	content := mapping.Content{Pushed: link.LastPushed.With(has, told...), Written: link.Written.With(has, told...)}
	err := m.Links.NoteSeen(ctx, link, content)
	if errors.Is(err, mapping.ErrNoLink) {
		return link, fmt.Errorf("%w: the link of %s was written meanwhile", bridge.ErrLocked, link.Key)
	}
	if err != nil {
		return link, err
	}
	return m.Links.ByKey(ctx, scope, link.Key)
}

// ofOdoo says that a failure is Odoo's unless the flow says whose.
func ofOdoo(err error) error {
	if errors.As(err, new(*bridge.FlowError)) {
		return err
	}
	return &bridge.FlowError{Cause: bridge.CauseOdoo, Err: err}
}
