package inbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// onNothing settles a comment on a work item that stands for no record.
var onNothing = bridge.Ignored("the work item of the comment is not linked to Odoo")

// awaitLink snoozes a comment whose work item says that it stands for a record and is
// not linked yet: its create is under way, or a sync is about to adopt it. Only a
// comment on a work item of somebody's own is settled.
func (p *Worker) awaitLink(ctx context.Context, tx pgx.Tx, f folded) bridge.Verdict {
	key, hidden, err := p.standsFor(ctx, tx, f)
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	if hidden {
		return p.whileIntended(ctx, tx, f)
	}
	link, mirrored, err := p.linkOfRecord(ctx, tx, key)
	switch {
	case !mirrored:
		return onNothing
	case err != nil && !errors.Is(err, mapping.ErrNoLink):
		return bridge.RetryLater(bridge.CauseOurs, err)
	case err == nil && link.IssueID != nil:
		return bridge.Ignored("the work item of the comment is a duplicate; " + link.Issue() + " stands for its record")
	}
	return awaiting(ctx, tx, f.reportedAt, lastWaitForLink, "the work item of the comment stands for "+string(key)+" and is not linked yet",
		bridge.GiveUp(bridge.CauseData, fmt.Errorf("the work item of the comment stands for %s and was not linked within %s; "+
			"link it (`mappings repair`), then replay this delivery", key, waitsForLink)))
}

// whileIntended snoozes a comment whose work item Plane does not show, as long as a create
// is on the books in its project: the work item may be the one that it made, and be
// archived by now, which only the look-up by its record shows.
func (p *Worker) whileIntended(ctx context.Context, tx pgx.Tx, f folded) bridge.Verdict {
	intends, err := p.Links.With(tx).Intends(ctx, p.Workspace, f.newest.ProjectID)
	switch {
	case err != nil:
		return bridge.RetryLater(bridge.CauseOurs, err)
	case !intends:
		return onNothing
	}
	return awaiting(ctx, tx, f.reportedAt, lastWaitForAdoption, "Plane does not show the work item of the comment, and a create is not settled yet", onNothing)
}

// lastWaitForAdoption is how long what is said of a work item waits at most whose create
// was sent and whose answer was lost: the adoption follows within a minute.
const lastWaitForAdoption = time.Minute

// untilAdopted snoozes the state of a work item without a link while a create is on the
// books for the record that it stands for. What people did before the work item was
// adopted would be told to nobody otherwise: once it is, nothing differs any more from
// what is known, so no sweep finds it.
func (p *Worker) untilAdopted(ctx context.Context, tx pgx.Tx, item shown.Item) bridge.Verdict {
	settled := bridge.Done("kept; not linked to Odoo")
	if item.Deleted || item.Key == "" || p.self.is(ctx, p.Plane, item.ActorID) {
		return settled
	}
	link, mirrored, err := p.linkOfRecord(ctx, tx, item.Key)
	switch {
	case !mirrored, errors.Is(err, mapping.ErrNoLink):
		return settled
	case err != nil:
		return bridge.RetryLater(bridge.CauseOurs, err)
	case link.IssueID != nil:
		return settled
	}
	return awaiting(ctx, tx, item.ReportedAt, lastWaitForAdoption, "the work item stands for "+string(item.Key)+", whose create is not settled yet", settled)
}

// unlessLinked looks once more for the link of a work item before it counts that there is
// none. The mirror may have made it since the first look, with all that was read in
// between read after it: a record with a work item that seems another one, no create on
// the books any more. What is said of the work item would be told to nobody.
func (p *Worker) unlessLinked(ctx context.Context, tx pgx.Tx, id string, without bridge.Verdict) bridge.Verdict {
	switch without.Kind {
	case bridge.VerdictDone, bridge.VerdictIgnored, bridge.VerdictDead:
	default:
		return without
	}
	_, err := p.Links.With(tx).ByIssue(ctx, p.Workspace, id)
	switch {
	case errors.Is(err, mapping.ErrNoLink):
		return without
	case err != nil:
		return bridge.RetryLater(bridge.CauseOurs, err)
	default:
		return bridge.Snooze(time.Now().Add(ledger.LockedFor), "the work item was linked meanwhile")
	}
}

// linkOfRecord is the link of the record that a work item says it stands for. It reports
// false where no flow mirrors such records, and mapping.ErrNoLink where there is none.
func (p *Worker) linkOfRecord(ctx context.Context, tx pgx.Tx, key mapping.Key) (link mapping.Link, mirrored bool, err error) {
	model, _, _ := key.Parse() // What is no key names no model, which no flow mirrors.
	flow, mirrored := p.Flows.ByModel(model)
	if !mirrored {
		return mapping.Link{}, false, nil
	}
	link, err = p.Links.With(tx).ByKey(ctx, flow.Scope(), key)
	return link, true, err
}

// awaiting snoozes for as long as it has waited since it was reported, longest at most,
// and gives the verdict at the end once the wait for a link is over.
func awaiting(ctx context.Context, tx pgx.Tx, since time.Time, longest time.Duration, why string, atTheEnd bridge.Verdict) bridge.Verdict {
	now, err := pgclock.Now(ctx, tx)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	waited := now.Sub(since)
	if waited > waitsForLink {
		return atTheEnd
	}
	return bridge.Snooze(time.Now().Add(min(max(waited, firstWaitForLink), longest)), why)
}
