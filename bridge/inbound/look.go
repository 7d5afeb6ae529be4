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
func (p *Worker) lookAt(ctx context.Context, tx pgx.Tx, reported shown.Item, row *ledger.WorkItem) bridge.Verdict {
	asked, err := pgclock.Now(ctx, tx)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	link, linked, err := p.linkOf(ctx, tx, reported.ID)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	found, err := p.find(ctx, link, reported, row)
	if err != nil && !linked && cannotBeAsked(err) {
		return p.believe(ctx, tx, reported, row)
	}
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	item, news, err := p.seenAt(ctx, found, reported, row)
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	if !news {
		return bridge.Done("left as known: " + found.Reason())
	}
	item.ReportedAt = reported.ReportedAt
	if found.Absent() || found.Item.ID == reported.ID {
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
func (p *Worker) believe(ctx context.Context, tx pgx.Tx, reported shown.Item, row *ledger.WorkItem) bridge.Verdict {
	if row != nil && reported.UpdatedAt.Before(row.UpdatedAt) {
		return bridge.Done("older than what is known; nothing changed")
	}
	if err := p.keep(ctx, tx, reported); err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return bridge.Done("kept as the webhook says, because Plane could not be asked; not linked to Odoo")
}

// find looks where the webhook says that the work item is, and where its link says. A
// link without a key is none.
func (p *Worker) find(ctx context.Context, link mapping.Link, reported shown.Item, row *ledger.WorkItem) (shown.Whereabouts, error) {
	scope, key := mapping.Scope{Workspace: p.Workspace, ProjectID: reported.ProjectID}, link.Key
	if key != "" {
		scope = mapping.Scope{Flow: link.Flow, Workspace: link.Workspace, ProjectID: link.ProjectID}
	}
	if scope.ProjectID == "" && row != nil && row.ProjectRef != nil {
		scope.ProjectID = *row.ProjectRef
	}
	if scope.ProjectID == "" {
		return shown.Whereabouts{Place: shown.PlaceDeletedOrArchived}, nil // Nobody says where to look.
	}
	if reported.ProjectID != "" && reported.ProjectID != scope.ProjectID {
		there, item, err := p.Presence.IsIn(ctx, reported.ProjectID, key, reported.ID)
		if err != nil || there {
			return shown.Whereabouts{Place: shown.PlaceMoved, ProjectID: reported.ProjectID, Item: item}, err
		}
	}
	return p.Presence.See(ctx, scope, key, reported.ID)
}

// seenAt turns what a look found into the state to keep; news is false when nothing
// is to change. Where the work item is hidden, and nobody can tell how it is now, the
// webhook is believed in the order of its time, and brings nothing to life or to death.
func (p *Worker) seenAt(ctx context.Context, found shown.Whereabouts, reported shown.Item, row *ledger.WorkItem) (item shown.Item, news bool, err error) {
	gone := row != nil && row.Gone()
	old := row != nil && reported.UpdatedAt.Before(row.UpdatedAt)
	switch found.Place {
	case shown.PlaceHere, shown.PlaceArchived:
		return p.shown(ctx, found, cmp.Or(reported.ProjectID, found.Item.Project.ID), reported)
	case shown.PlaceMoved:
		if found.Item.ID != "" {
			return p.shown(ctx, found, found.ProjectID, reported)
		}
		reported.ProjectID, reported.Deleted = found.ProjectID, false
		return reported, true, nil
	case shown.PlaceDeleted:
		reported.Deleted = true
		return reported, !gone, nil
	case shown.PlaceDeletedOrArchived:
		// Plane answers both alike; a webhook can tell which it is.
		return reported, !gone && (reported.Deleted || !old), nil
	default:
		return reported, !gone && !reported.Deleted && !old, nil
	}
}

func (p *Worker) shown(ctx context.Context, found shown.Whereabouts, projectID string, reported shown.Item) (item shown.Item, news bool, err error) {
	item, err = p.Reader.Read(ctx, projectID, found.Item, false)
	item.ActorID = reported.ActorID
	return item, true, err
}
