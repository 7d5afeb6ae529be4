package bridge

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// handleComment passes a person's comment on a linked work item to its flow.
// Comments that the bridge wrote carry its external source and stay where they
// are; a comment that was deleted stays in Odoo, which keeps its own history.
func (p *deliveries) handleComment(ctx context.Context, tx pgx.Tx, f folded) Verdict {
	comment := f.newest.Comment
	switch {
	case comment == nil || f.newest.Action == plane.ActionDeleted:
		return Ignored("a deleted comment stays in Odoo")
	case comment.ExternalSource == mapping.ExternalSource:
		return Ignored("the bridge's own comment")
	}
	link, err := p.links.With(tx).ByIssue(ctx, p.workspace, comment.WorkItem.ID)
	if errors.Is(err, mapping.ErrNoLink) {
		return Ignored("the work item of the comment is not linked to Odoo")
	}
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	flow, found := p.flows.byName(link.Flow)
	taker, takes := flow.(CommentTaker)
	if !found || !takes {
		return Ignored("flow " + link.Flow + " takes no comments")
	}
	author, err := p.catalog.MemberName(ctx, f.newest.ProjectID, f.newest.ActorID)
	if err != nil {
		return verdictOfPlane(err)
	}
	return taker.CommentFromPlane(ctx, link, CommentState{ID: f.newest.EntityID, HTML: comment.HTML, Author: author, At: f.at})
}
