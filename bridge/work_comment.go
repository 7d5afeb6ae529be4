package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// How long a comment waits for the link of its work item: at first a little, each time
// about as long again as it has waited, and a day in all.
const (
	firstWaitForLink = 5 * time.Second
	lastWaitForLink  = 15 * time.Minute
	waitsForLink     = 24 * time.Hour
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
		return p.awaitLink(ctx, tx, f)
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

// awaitLink puts a comment back whose work item says that it stands for a record and is
// not linked yet: its create is under way, or a sync is about to adopt it. Only a
// comment on a work item of somebody's own is settled.
func (p *deliveries) awaitLink(ctx context.Context, tx pgx.Tx, f folded) Verdict {
	key, err := p.standsFor(ctx, tx, f)
	if err != nil {
		return verdictOfPlane(err)
	}
	model, _, err := key.Parse()
	flow, mirrored := p.flows.byModel(model)
	if err != nil || !mirrored {
		return Ignored("the work item of the comment is not linked to Odoo")
	}
	link, err := p.links.With(tx).ByKey(ctx, flow.Scope(), key)
	switch {
	case err != nil && !errors.Is(err, mapping.ErrNoLink):
		return RetryLater(CauseOurs, err)
	case err == nil && link.IssueID != nil:
		return Ignored("the work item of the comment is a double; " + link.Issue() + " stands for its record")
	}
	now, err := pgclock.Now(ctx, tx)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	waited := now.Sub(f.heard)
	if waited > waitsForLink {
		return GiveUp(CauseData, fmt.Errorf("the work item of the comment stands for %s and was not linked within %s; "+
			"link it (`mappings repair`), then replay this delivery", key, waitsForLink))
	}
	return PutBack(time.Now().Add(min(max(waited, firstWaitForLink), lastWaitForLink)),
		"the work item of the comment stands for "+string(key)+" and is not linked yet")
}

// standsFor is the record that the work item of a comment says it stands for, or "". It
// is asked for only where nothing is known of the work item yet.
func (p *deliveries) standsFor(ctx context.Context, tx pgx.Tx, f folded) (mapping.Key, error) {
	id := f.newest.Comment.WorkItem.ID
	row, err := workItems{tx}.byID(ctx, id)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOwnBooks, err)
	}
	switch {
	case row != nil && (row.gone() || row.Key == nil):
		return "", nil
	case row != nil:
		return mapping.Key(*row.Key), nil
	case !p.flows.inProject(f.newest.ProjectID) || id == "":
		return "", nil
	}
	item, err := p.plane.WorkItem(ctx, f.newest.ProjectID, id, plane.View{})
	switch {
	case isAbsent(err), err == nil && item.ExternalSource != mapping.ExternalSource:
		return "", nil
	case err != nil:
		return "", fmt.Errorf("reading the work item of the comment: %w", unprovenIfNotFound(err))
	default:
		return mapping.Key(item.ExternalID), nil
	}
}
