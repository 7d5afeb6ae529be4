package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// ToTakeBack reports whether a flow told Odoo something of a link's work item that it
// has to take back once the record is closed or gone.
func ToTakeBack(flow Flow, link mapping.Link) bool {
	retractor, retracts := flow.(Retractor)
	return retracts && retractor.ToTakeBack(link)
}

// Retract lets a flow take back what it told Odoo of a link's work item, and notes
// what the link keeps of that. A crash in between lets it look once more.
func Retract(ctx context.Context, links *mapping.Store, flow Flow, link *mapping.Link) error {
	retractor, retracts := flow.(Retractor)
	if !retracts || link.Notified == "" {
		return nil
	}
	notified, err := retractor.Retract(ctx, *link)
	if err != nil {
		return fmt.Errorf("taking back what Odoo was told of %s: %w", link.Key, err)
	}
	if notified == link.Notified {
		return nil
	}
	err = links.ReplaceNotified(ctx, *link, notified)
	if errors.Is(err, mapping.ErrNoLink) {
		return fmt.Errorf("taking back what Odoo was told of %s: %w: it was told more meanwhile", link.Key, ErrLocked)
	}
	link.Notified = notified
	return err
}

// Forget unlinks a work item that is gone from Plane, after the flow has taken back
// what it told Odoo of it.
func Forget(ctx context.Context, links *mapping.Store, flow Flow, link *mapping.Link) error {
	if err := Retract(ctx, links, flow, link); err != nil {
		return err
	}
	if _, retracts := flow.(Retractor); retracts {
		return links.UnbindNotified(ctx, flow.Scope(), link.Key, link.Notified)
	}
	return links.Unbind(ctx, flow.Scope(), link.Key)
}
