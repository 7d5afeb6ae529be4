package bir

import (
	"context"
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

var _ bridge.CommentTaker = (*Flow)(nil)

// CommentFromPlane leaves a comment as a note in the chatter of the linked
// return. A deadline itself has no chatter.
func (f *Flow) CommentFromPlane(ctx context.Context, link mapping.Link, comment bridge.CommentState) bridge.Verdict {
	d, err := f.read(ctx, link.Key)
	if errors.Is(err, bridge.ErrNoRecord) {
		return bridge.Ignored("Odoo has no deadline for " + string(link.Key) + " any more")
	}
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	if d.Return.IsZero() {
		return bridge.Ignored("the deadline has no return whose chatter could take the comment")
	}
	created, err := odooflow.LeaveComment(ctx, f.config.Odoo, returnModel, d.Return.ID, comment)
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	if !created {
		return bridge.Done("the comment is a note on the return already")
	}
	return bridge.Done("comment left as a note on the return")
}
