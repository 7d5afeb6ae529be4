package inbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
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
func (p *Worker) handleComment(ctx context.Context, tx pgx.Tx, f folded) bridge.Verdict {
	comment := f.newest.Comment
	switch {
	case comment == nil || f.deleted():
		return bridge.Ignored("a deleted comment stays in Odoo")
	case comment.ExternalSource == mapping.ExternalSource:
		return bridge.Ignored("the bridge's own comment")
	}
	link, err := p.Links.With(tx).ByIssue(ctx, p.Workspace, comment.WorkItem.ID)
	if errors.Is(err, mapping.ErrNoLink) {
		return p.unlessLinked(ctx, tx, comment.WorkItem.ID, p.awaitLink(ctx, tx, f))
	}
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	flow, found := p.Flows.ByName(link.Flow)
	taker, takes := flow.(bridge.CommentTaker)
	if !found || !takes {
		return bridge.Ignored("flow " + link.Flow + " takes no comments")
	}
	return p.leaveTexts(ctx, taker, link, f.texts())
}

// leaveTexts passes every text that a comment had to a flow, oldest first, as if each
// webhook had been worked on by itself. Kept to the newest, a text would be lost whose
// time on another host of Plane is a little behind that of the text it replaced. After
// a crash between two of them all are passed on again, and each is left once.
func (p *Worker) leaveTexts(ctx context.Context, taker bridge.CommentTaker, link mapping.Link, texts []reported) bridge.Verdict {
	var verdict bridge.Verdict
	for _, text := range texts {
		author, err := p.Catalog.MemberName(ctx, text.event.ProjectID, text.event.ActorID)
		if err != nil {
			return bridge.VerdictOfPlane(err)
		}
		verdict = taker.CommentFromPlane(ctx, link, bridge.CommentState{ID: text.event.EntityID, HTML: text.event.Comment.HTML, Author: author, At: text.at})
		if verdict.Kind != bridge.VerdictDone {
			return verdict
		}
	}
	return verdict
}

// texts are the texts that a comment had, oldest first, each where it stood first.
func (f folded) texts() []reported {
	seen := make(map[string]bool)
	return slices.DeleteFunc(slices.Clone(f.states), func(t reported) bool {
		if t.event.Comment == nil || seen[t.event.Comment.HTML] {
			return true
		}
		seen[t.event.Comment.HTML] = true
		return false
	})
}

// deleted reports whether any of a batch says that its entity was deleted.
func (f folded) deleted() bool {
	return slices.ContainsFunc(f.states, func(t reported) bool { return t.event.Action == plane.ActionDeleted })
}

// standsFor is the record that the work item of a comment says it stands for, or "". It
// is asked for only where nothing is known of the work item yet. hidden says that Plane
// does not show the work item: it may be deleted, or archived, and does not say then what
// it stands for.
func (p *Worker) standsFor(ctx context.Context, tx pgx.Tx, f folded) (key mapping.Key, hidden bool, err error) {
	id := f.newest.Comment.WorkItem.ID
	row, err := ledger.WorkItemsIn(tx).ByID(ctx, id)
	if err != nil {
		return "", false, fmt.Errorf("%w: %w", bridge.ErrOwnBooks, err)
	}
	switch {
	case row != nil && (row.Gone() || row.Key == nil):
		return "", false, nil
	case row != nil:
		return mapping.Key(*row.Key), false, nil
	case !p.Flows.InProject(f.newest.ProjectID) || id == "":
		return "", false, nil
	}
	item, err := p.Plane.WorkItem(ctx, f.newest.ProjectID, id, plane.View{})
	switch {
	case shown.IsAbsent(err):
		return "", true, nil
	case err != nil:
		return "", false, fmt.Errorf("reading the work item of the comment: %w", shown.UnprovenIfNotFound(err))
	case item.ExternalSource != mapping.ExternalSource:
		return "", false, nil
	default:
		return mapping.Key(item.ExternalID), false, nil
	}
}
