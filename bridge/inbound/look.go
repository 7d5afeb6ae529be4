package inbound

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// lookAt asks Plane for a work item of which nobody can tell from webhooks what is
// true. One look stands for the whole batch, and for every webhook that came before
// it. The row is written only once the flow has been told: until then the webhooks
// stay in doubt, and the next try looks again.
func (p *Worker) lookAt(ctx context.Context, tx pgx.Tx, heard shown.Item, row *ledger.WorkItem) bridge.Verdict {
	asked, err := pgclock.Now(ctx, tx)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	link, linked, err := p.linkOf(ctx, tx, heard.ID)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	found, err := p.find(ctx, link, heard, row)
	if err != nil && !linked && cannotBeAsked(err) {
		return p.believe(ctx, tx, heard, row)
	}
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	item, news, err := p.seenAt(ctx, found, heard, row)
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	if !news {
		return bridge.Done("left as known: " + found.Reason())
	}
	item.Heard = heard.Heard
	if found.Absent() || found.Item.ID == heard.ID {
		item.Asked = asked
	}
	verdict := p.tell(ctx, tx, item)
	if verdict.Kind != bridge.VerdictDone && verdict.Kind != bridge.VerdictIgnored {
		return verdict
	}
	if err := p.keep(ctx, tx, item); err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return verdict
}

func (p *Worker) linkOf(ctx context.Context, tx pgx.Tx, issueID string) (link mapping.Link, linked bool, err error) {
	link, err = p.Links.With(tx).ByIssue(ctx, p.Workspace, issueID)
	if errors.Is(err, mapping.ErrNoLink) {
		return mapping.Link{}, false, nil
	}
	return link, err == nil, err
}

// cannotBeAsked reports whether Plane is away or refuses the bridge, in contrast to
// work that has to wait for its turn.
func cannotBeAsked(err error) bool {
	var busy *plane.BusyError
	return !errors.As(err, &busy) && !errors.Is(err, plane.ErrBudgetUnavailable) && !errors.Is(err, bridge.ErrOwnBooks)
}

// believe takes a webhook at its word and at its time, because Plane cannot be asked.
// It is for work items that no record of Odoo depends on: nothing is undone by it but a
// row, and the next sweep sets that right.
func (p *Worker) believe(ctx context.Context, tx pgx.Tx, heard shown.Item, row *ledger.WorkItem) bridge.Verdict {
	if row != nil && heard.UpdatedAt.Before(row.UpdatedAt) {
		return bridge.Done("older than what is known; nothing changed")
	}
	if err := p.keep(ctx, tx, heard); err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return bridge.Done("kept as the webhook says, because Plane could not be asked; not linked to Odoo")
}

// find looks where the webhook says that the work item is, and where its link says. A
// link without a key is none.
func (p *Worker) find(ctx context.Context, link mapping.Link, heard shown.Item, row *ledger.WorkItem) (shown.Whereabouts, error) {
	scope, key := mapping.Scope{Workspace: p.Workspace, ProjectID: heard.ProjectID}, link.Key
	if key != "" {
		scope = mapping.Scope{Flow: link.Flow, Workspace: link.Workspace, ProjectID: link.ProjectID}
	}
	if scope.ProjectID == "" && row != nil && row.ProjectRef != nil {
		scope.ProjectID = *row.ProjectRef
	}
	if scope.ProjectID == "" {
		return shown.Whereabouts{Place: shown.PlaceDeletedOrArchived}, nil // Nobody says where to look.
	}
	if heard.ProjectID != "" && heard.ProjectID != scope.ProjectID {
		there, item, err := p.Presence.IsIn(ctx, heard.ProjectID, key, heard.ID)
		if err != nil || there {
			return shown.Whereabouts{Place: shown.PlaceMoved, ProjectID: heard.ProjectID, Item: item}, err
		}
	}
	return p.Presence.See(ctx, scope, key, heard.ID)
}

// seenAt turns what a look found into the state to keep; news is false when nothing
// is to change. Where the work item is hidden, and nobody can tell how it is now, the
// webhook is believed in the order of its time, and brings nothing to life or to death.
func (p *Worker) seenAt(ctx context.Context, found shown.Whereabouts, heard shown.Item, row *ledger.WorkItem) (item shown.Item, news bool, err error) {
	gone := row != nil && row.Gone()
	old := row != nil && heard.UpdatedAt.Before(row.UpdatedAt)
	switch found.Place {
	case shown.PlaceHere, shown.PlaceArchived:
		return p.shown(ctx, found, cmp.Or(heard.ProjectID, found.Item.Project.ID), heard)
	case shown.PlaceMoved:
		if found.Item.ID != "" {
			return p.shown(ctx, found, found.ProjectID, heard)
		}
		heard.ProjectID, heard.Deleted = found.ProjectID, false
		return heard, true, nil
	case shown.PlaceDeleted:
		heard.Deleted = true
		return heard, !gone, nil
	case shown.PlaceDeletedOrArchived:
		// Plane answers both alike; a webhook can tell which it is.
		return heard, !gone && (heard.Deleted || !old), nil
	default:
		return heard, !gone && !heard.Deleted && !old, nil
	}
}

func (p *Worker) shown(ctx context.Context, found shown.Whereabouts, projectID string, heard shown.Item) (item shown.Item, news bool, err error) {
	item, err = p.Reader.Read(ctx, projectID, found.Item, false)
	item.ActorID = heard.ActorID
	return item, true, err
}
