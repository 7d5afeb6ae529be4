package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// databaseTime is what the database's clock says now. It is the one clock that all
// replicas share.
func databaseTime(ctx context.Context, db querier) (time.Time, error) {
	rows, err := db.Query(ctx, "SELECT clock_timestamp()")
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the database's clock: %w", err)
	}
	now, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the database's clock: %w", err)
	}
	return now, nil
}

// lookAt asks Plane for a work item of which nobody can tell from webhooks what is
// true. One look stands for the whole batch, and for every webhook that came before
// it. The row is written only once the flow has been told: until then the webhooks
// stay in doubt, and the next try looks again.
func (p *deliveries) lookAt(ctx context.Context, tx pgx.Tx, heard seenItem, row *WorkItem) Verdict {
	asked, err := databaseTime(ctx, tx)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	link, linked, err := p.linkOf(ctx, tx, heard.ID)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	found, err := p.find(ctx, link, heard, row)
	if err != nil && !linked && cannotBeAsked(err) {
		return p.believe(ctx, tx, heard, row)
	}
	if err != nil {
		return verdictOfPlane(err)
	}
	item, news, err := p.seenAt(ctx, found, heard, row)
	if err != nil {
		return verdictOfPlane(err)
	}
	if !news {
		return Done("left as known: " + found.reason())
	}
	item.heard = heard.heard
	if found.absent() || found.item.ID == heard.ID {
		item.asked = asked
	}
	verdict := p.tell(ctx, tx, item)
	if verdict.kind != verdictDone && verdict.kind != verdictIgnored {
		return verdict
	}
	if err := p.keep(ctx, tx, item); err != nil {
		return RetryLater(CauseOurs, err)
	}
	return verdict
}

func (p *deliveries) linkOf(ctx context.Context, tx pgx.Tx, issueID string) (link mapping.Link, linked bool, err error) {
	link, err = p.links.With(tx).ByIssue(ctx, p.workspace, issueID)
	if errors.Is(err, mapping.ErrNoLink) {
		return mapping.Link{}, false, nil
	}
	return link, err == nil, err
}

// cannotBeAsked reports whether Plane is away or refuses the bridge, in contrast to
// work that has to wait for its turn.
func cannotBeAsked(err error) bool {
	var busy *plane.BusyError
	return !errors.As(err, &busy) && !errors.Is(err, ErrBudgetUnavailable) && !errors.Is(err, errOwnBooks)
}

// believe takes a webhook at its word and at its time, because Plane cannot be asked.
// It is for work items that no record of Odoo depends on: nothing is undone by it but a
// row, and the next sweep sets that right.
func (p *deliveries) believe(ctx context.Context, tx pgx.Tx, heard seenItem, row *WorkItem) Verdict {
	if row != nil && heard.UpdatedAt.Before(row.UpdatedAt) {
		return Done("older than what is known; nothing changed")
	}
	if err := p.keep(ctx, tx, heard); err != nil {
		return RetryLater(CauseOurs, err)
	}
	return Done("kept as the webhook says, because Plane could not be asked; not linked to Odoo")
}

// find looks where the webhook says that the work item is, and where its link says. A
// link without a key is none.
func (p *deliveries) find(ctx context.Context, link mapping.Link, heard seenItem, row *WorkItem) (whereabouts, error) {
	scope, key := mapping.Scope{Workspace: p.workspace, ProjectID: heard.projectID}, link.Key
	if key != "" {
		scope = mapping.Scope{Flow: link.Flow, Workspace: link.Workspace, ProjectID: link.ProjectID}
	}
	if scope.ProjectID == "" && row != nil && row.ProjectRef != nil {
		scope.ProjectID = *row.ProjectRef
	}
	if scope.ProjectID == "" {
		return whereabouts{place: placeDeletedOrArchived}, nil // Nobody says where to look.
	}
	if heard.projectID != "" && heard.projectID != scope.ProjectID {
		there, item, err := p.presence.isIn(ctx, heard.projectID, key, heard.ID)
		if err != nil || there {
			return whereabouts{place: placeMoved, projectID: heard.projectID, item: item}, err
		}
	}
	return p.presence.see(ctx, scope, key, heard.ID)
}

// seenAt turns what a look found into the state to keep; news is false when nothing
// is to change. Where the work item is hidden, and nobody can tell how it is now, the
// webhook is believed in the order of its time, and brings nothing to life or to death.
func (p *deliveries) seenAt(ctx context.Context, found whereabouts, heard seenItem, row *WorkItem) (item seenItem, news bool, err error) {
	gone := row != nil && row.gone()
	old := row != nil && heard.UpdatedAt.Before(row.UpdatedAt)
	switch found.place {
	case placeHere, placeArchived:
		return p.shown(ctx, found, firstOf(heard.projectID, found.item.Project.ID), heard)
	case placeMoved:
		if found.item.ID != "" {
			return p.shown(ctx, found, found.projectID, heard)
		}
		heard.projectID, heard.Deleted = found.projectID, false
		return heard, true, nil
	case placeDeleted:
		heard.Deleted = true
		return heard, !gone, nil
	case placeDeletedOrArchived:
		// Plane answers both alike; a webhook can tell which it is.
		return heard, !gone && (heard.Deleted || !old), nil
	default:
		return heard, !gone && !heard.Deleted && !old, nil
	}
}

func (p *deliveries) shown(ctx context.Context, found whereabouts, projectID string, heard seenItem) (item seenItem, news bool, err error) {
	item, err = p.reader.read(ctx, projectID, found.item, false)
	item.ActorID = heard.ActorID
	return item, true, err
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
