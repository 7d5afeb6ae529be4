package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Worker works through accepted deliveries. One call takes all open
// deliveries of an entity, writes the newest state once, and tells the flow, so
// that order, bursts and redeliveries all end in the same place.
type Worker struct {
	Pool      *pgxpool.Pool
	Workspace string
	Flows     bridge.Flows
	Links     *mapping.Store
	Catalog   *plane.Catalog
	Reader    shown.Reader
	Presence  *shown.Presence
	Plane     *plane.Client
	Queue     *queue.Queue
	self      self
	// Report leaves edits of what Odoo owns as they are and only says so.
	Report bool
	Logger *slog.Logger
}

// Process works through one delivery and whatever else is open for its entity.
// last says that the queue will not try again after this.
func (p *Worker) Process(ctx context.Context, id uuid.UUID, last bool) bridge.Verdict {
	delivery, err := ledger.DeliveriesIn(p.Pool).ByID(ctx, id)
	if errors.Is(err, ledger.ErrNoDelivery) {
		return bridge.Ignored("the delivery is not in the ledger any more")
	}
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	if delivery.Status.Finished() {
		return bridge.Ignored("another delivery of the same entity stood for it")
	}
	var verdict bridge.Verdict
	err = ledger.WithLock(ctx, p.Pool, "work item:"+delivery.Entity(), func(tx pgx.Tx) error {
		// A panic undoes the transaction like any error, and the ledger says so.
		verdict, err = queue.Guarded(func() (bridge.Verdict, error) { return p.processLocked(ctx, tx, delivery, last) })
		return err
	})
	if errors.Is(err, bridge.ErrLocked) {
		return bridge.Snooze(time.Now().Add(ledger.LockedFor), err.Error())
	}
	if err != nil {
		return p.undone(ctx, id, err, last)
	}
	return verdict
}

// undone marks a delivery whose transaction was undone, and its marks with it.
// Without this the ledger would show it as received for ever, after the queue has
// given up. A commit whose answer was lost leaves nothing open to mark.
func (p *Worker) undone(ctx context.Context, id uuid.UUID, cause error, last bool) bridge.Verdict {
	status := ledger.StatusFailed
	if last {
		status = ledger.StatusDead
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledger.AcceptTimeout)
	defer cancel()
	if unstorable(cause) {
		return bridge.GiveUp(bridge.CauseData, errors.Join(cause, ledger.DeliveriesIn(p.Pool).FailOpen(ctx, id, ledger.StatusDead, bridge.CauseData, cause.Error())))
	}
	err := ledger.DeliveriesIn(p.Pool).FailOpen(ctx, id, status, bridge.CauseOurs, cause.Error())
	return bridge.RetryLater(bridge.CauseOurs, errors.Join(cause, err))
}

// unstorable reports whether the database refuses a value for what it is: SQLSTATE
// classes 22, data exception, and 54, a limit of the program. It refuses it again.
func unstorable(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "22") || strings.HasPrefix(refused.Code, "54"))
}

// processLocked commits the state of the work item, the marks on the deliveries
// and the note on the link together. A crash before the commit leaves all of it
// undone, and what the flow did in Odoo is done again to the same effect.
func (p *Worker) processLocked(ctx context.Context, tx pgx.Tx, delivery ledger.Delivery, last bool) (bridge.Verdict, error) {
	batch, err := p.batch(ctx, tx, delivery)
	if err != nil || len(batch) == 0 {
		return bridge.Ignored("another delivery of the same entity stood for it"), err
	}
	f := fold(batch)
	if err := setAside(ctx, tx, f); err != nil {
		return bridge.Verdict{}, err
	}
	if len(f.ids) == 0 {
		return f.nothingToDo(), nil
	}
	verdict := p.handle(ctx, tx, f)
	if err := p.settle(ctx, tx, delivery, f.ids, verdict, last); err != nil {
		// What went wrong first undid the transaction; that nothing could be marked after
		// it says nothing.
		return verdict, errors.Join(verdict.Err, err)
	}
	return verdict, nil
}

// setAside marks what of a batch needs no handling.
func setAside(ctx context.Context, tx pgx.Tx, f folded) error {
	for _, broken := range f.unreadable {
		if err := ledger.DeliveriesIn(tx).Fail(ctx, broken.id, ledger.StatusDead, bridge.CauseData, broken.why.Error()); err != nil {
			return err
		}
	}
	if len(f.passed) == 0 {
		return nil
	}
	return ledger.DeliveriesIn(tx).Settle(ctx, f.passed, ledger.StatusIgnored, ledger.ErrNotMirrored.Error())
}

// nothingToDo is the verdict on a batch of which nothing is left to handle.
func (f folded) nothingToDo() bridge.Verdict {
	if len(f.unreadable) > 0 {
		return bridge.GiveUp(bridge.CauseData, f.unreadable[0].why)
	}
	return bridge.Ignored(ledger.ErrNotMirrored.Error())
}

func (p *Worker) batch(ctx context.Context, tx pgx.Tx, delivery ledger.Delivery) ([]ledger.Delivery, error) {
	if delivery.EntityID != nil {
		return ledger.DeliveriesIn(tx).OpenOfEntity(ctx, *delivery.EntityID)
	}
	again, err := ledger.DeliveriesIn(tx).ByID(ctx, delivery.ID)
	if err != nil || again.Status.Finished() {
		return nil, err
	}
	return []ledger.Delivery{again}, nil
}

// settle writes what became of the deliveries. A success stands for the whole
// batch; a failure is this delivery's alone, the others have tries of their own.
func (p *Worker) settle(ctx context.Context, tx pgx.Tx, delivery ledger.Delivery, batch []uuid.UUID, v bridge.Verdict, last bool) error {
	switch v.Kind {
	case bridge.VerdictDone:
		return ledger.DeliveriesIn(tx).Settle(ctx, batch, ledger.StatusProcessed, v.Outcome)
	case bridge.VerdictIgnored:
		return ledger.DeliveriesIn(tx).Settle(ctx, batch, ledger.StatusIgnored, v.Outcome)
	case bridge.VerdictRetry:
		if last || delivery.Attempts+1 >= HardCap {
			return ledger.DeliveriesIn(tx).Fail(ctx, delivery.ID, ledger.StatusDead, v.Cause, v.Err.Error())
		}
		return ledger.DeliveriesIn(tx).Fail(ctx, delivery.ID, ledger.StatusFailed, v.Cause, v.Err.Error())
	case bridge.VerdictDead:
		return ledger.DeliveriesIn(tx).Fail(ctx, delivery.ID, ledger.StatusDead, v.Cause, v.Err.Error())
	default:
		return nil
	}
}

func (p *Worker) handle(ctx context.Context, tx pgx.Tx, f folded) bridge.Verdict {
	switch f.newest.Entity {
	case plane.EntityWorkItem:
		return p.handleWorkItem(ctx, tx, f)
	case plane.EntityComment:
		return p.handleComment(ctx, tx, f)
	default:
		return bridge.Ignored(fmt.Sprintf("events of kind %s are not mirrored", f.newest.Entity))
	}
}

func (p *Worker) handleWorkItem(ctx context.Context, tx pgx.Tx, f folded) bridge.Verdict {
	item, err := p.state(ctx, f)
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	row, err := ledger.WorkItemsIn(tx).ByID(ctx, item.ID)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	now, err := pgclock.Now(ctx, tx)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	switch f.standing(item.Content(), row, now) {
	case standingOld:
		return bridge.Done("older than what is known; nothing changed")
	case standingDoubtful:
		return p.lookAt(ctx, tx, item, row)
	default:
		stale, err := p.mirrorWentOn(ctx, tx, item)
		if err != nil {
			return bridge.RetryLater(bridge.CauseOurs, err)
		}
		if stale {
			return p.lookAt(ctx, tx, item, row)
		}
		if err := p.keep(ctx, tx, item); err != nil {
			return bridge.RetryLater(bridge.CauseOurs, err)
		}
		return p.tell(ctx, tx, item)
	}
}

// overtaken reports whether the mirror wrote the work item since it was asked for. What
// was shown then may be half of what it shows now, so it is not concluded from.
func overtaken(link mapping.Link, item shown.Item) bool {
	return !item.Asked.IsZero() && shown.IsAfter(link.LastSyncedAt, item.Asked)
}

// mirrorWentOn reports whether the mirror wrote the work item since it was as a delivery
// says. Only a sweep asked before the delivery was worked on; a webhook's body was made
// before it came.
func (p *Worker) mirrorWentOn(ctx context.Context, tx pgx.Tx, item shown.Item) (bool, error) {
	link, linked, err := p.linkOf(ctx, tx, item.ID)
	if err != nil || !linked {
		return false, err
	}
	flow, found := p.Flows.ByName(link.Flow)
	return overtaken(link, item) || found && outdated(link, flow.Ownership(), item), nil
}

// outdated reports whether a webhook may say how the work item was before the bridge
// wrote it: it shows otherwise what is Odoo's or both sides', and its time is not after
// that of the write. Told as a person's change it would undo what Odoo wanted.
func outdated(link mapping.Link, ownership mapping.Ownership, item shown.Item) bool {
	if !item.Asked.IsZero() || item.Deleted || link.ShownAt == nil || item.UpdatedAt.After(link.ShownAt.Add(shown.ClockTolerance)) {
		return false
	}
	says := shown.AsKnown(item.Fields, link.Written)
	return len(ownership.Edited(link.Written, says)) > 0 || len(ownership.Drifted(link, says)) > 0
}

// keep writes what is known of a work item.
func (p *Worker) keep(ctx context.Context, tx pgx.Tx, item shown.Item) error {
	if item.Deleted {
		return ledger.WorkItemsIn(tx).Delete(ctx, item.Row())
	}
	return ledger.WorkItemsIn(tx).Upsert(ctx, item.Row())
}

// tell passes the state on to the flow that the work item belongs to.
func (p *Worker) tell(ctx context.Context, tx pgx.Tx, item shown.Item) bridge.Verdict {
	links := p.Links.With(tx)
	link, err := links.ByIssue(ctx, p.Workspace, item.ID)
	if errors.Is(err, mapping.ErrNoLink) {
		return p.unlessLinked(ctx, tx, item.ID, p.untilAdopted(ctx, tx, item))
	}
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	flow, found := p.Flows.ByName(link.Flow)
	if !found {
		return bridge.Done("kept; its flow " + link.Flow + " is switched off")
	}
	if link, err = p.held(ctx, tx, link); err != nil {
		return doneOrRetry("", err)
	}
	if overtaken(link, item) {
		return bridge.Snooze(time.Now().Add(ledger.LockedFor), "the mirror wrote the work item since it was read, so it is read again")
	}
	// Before the transaction touches the link: what is announced goes over a connection of
	// its own, which would wait for this transaction, and this transaction for it.
	if !item.Deleted && !movedAway(link, item) {
		if err := p.announce(ctx, flow, &link, item); err != nil {
			return bridge.RetryLater(bridge.CauseOurs, err)
		}
	}
	broken := link.State == mapping.Broken
	if ended, outcome, err := moveLink(ctx, links, flow, &link, item); ended || err != nil {
		return doneOrRetry(outcome, err)
	}
	if broken && link.State == mapping.Linked {
		// It is back: what Odoo wanted meanwhile is written at once.
		if err := p.Queue.EnqueueMirror(ctx, tx, queue.MirrorJob{Flow: link.Flow, Key: link.Key, Task: queue.TaskRepair}); err != nil {
			return bridge.RetryLater(bridge.CauseOurs, err)
		}
	}
	verdict := flow.FromPlane(ctx, link, item.WorkItemState)
	if verdict.Kind != bridge.VerdictDone {
		return verdict
	}
	item.Fields = shown.AsKnown(item.Fields, link.Written)
	err = noteNotified(ctx, links, flow.Ownership(), link, item, verdict)
	if errors.Is(err, mapping.ErrNoLink) {
		return bridge.Snooze(time.Now().Add(ledger.LockedFor), "the mirror wrote the work item meanwhile")
	}
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return p.repairDrift(ctx, tx, flow, link, item, verdict)
}

// held is a link once the mirror leaves it alone until the transaction ends. What Odoo is
// told meanwhile would pass for Odoo's own change where the mirror read one before and
// the other after.
func (p *Worker) held(ctx context.Context, tx pgx.Tx, link mapping.Link) (mapping.Link, error) {
	if err := ledger.Lock(ctx, tx, ledger.LinkOf(link.Key)); err != nil {
		return link, fmt.Errorf("telling Odoo of the work item of %s: %w", link.Key, err)
	}
	now, err := p.Links.With(tx).ByIssue(ctx, p.Workspace, link.Issue())
	if errors.Is(err, mapping.ErrNoLink) {
		return link, fmt.Errorf("telling Odoo of the work item of %s: %w: it was unlinked meanwhile", link.Key, bridge.ErrLocked)
	}
	return now, err
}

// announce notes what a flow is about to tell Odoo, outside the transaction: it has
// to be durable before Odoo is called.
func (p *Worker) announce(ctx context.Context, flow bridge.Flow, link *mapping.Link, item shown.Item) error {
	announcer, announces := flow.(bridge.Announcer)
	if !announces {
		return nil
	}
	notified := announcer.Announces(*link, item.WorkItemState)
	if notified == "" || notified == link.Notified {
		return nil
	}
	link.Notified = notified
	return p.Links.NoteNotified(ctx, link.ID, notified)
}

func doneOrRetry(outcome string, err error) bridge.Verdict {
	switch {
	case errors.Is(err, bridge.ErrLocked):
		return bridge.Snooze(time.Now().Add(ledger.LockedFor), err.Error())
	case errors.As(err, new(*bridge.FlowError)):
		return bridge.VerdictOfFlow(err)
	case err != nil:
		return bridge.RetryLater(bridge.CauseOurs, err)
	default:
		return bridge.Done(outcome)
	}
}

// moveLink follows a work item that was deleted, archived, moved to another project,
// or is back. After a delete or a move nothing is left to tell.
func moveLink(ctx context.Context, links *mapping.Store, flow bridge.Flow, link *mapping.Link, item shown.Item) (ended bool, outcome string, err error) {
	scope := mapping.Scope{Flow: link.Flow, Workspace: link.Workspace, ProjectID: link.ProjectID}
	switch {
	case item.Deleted && link.State == mapping.Cancelled:
		return true, "kept; its record is gone from Odoo as well", bridge.Retract(ctx, links, flow, link)
	case item.Deleted:
		return true, "kept; the link of " + string(link.Key) + " is open again, because its work item was deleted", bridge.Forget(ctx, links, flow, link)
	case movedAway(*link, item):
		// It is neither followed nor made a second time: whoever moved it meant it, and
		// the flow has nothing to say in the other project.
		return true, "kept; " + shown.WhyMoved(item.ProjectID), links.SetState(ctx, scope, link.Key, mapping.Broken, shown.WhyMoved(item.ProjectID))
	case item.Archived && link.State == mapping.Linked:
		link.State = mapping.Broken
		return false, "", links.SetState(ctx, scope, link.Key, mapping.Broken, shown.WhyArchived)
	case !item.Archived && link.State == mapping.Broken:
		link.State = mapping.Linked
		return false, "", links.SetState(ctx, scope, link.Key, mapping.Linked, "")
	default:
		return false, "", nil
	}
}

// movedAway reports whether a work item is shown in another project than its link's.
func movedAway(link mapping.Link, item shown.Item) bool {
	return item.ProjectID != "" && item.ProjectID != link.ProjectID
}

// noteNotified keeps what the flow told Odoo, which values of Plane's are Odoo's now
// too, so that the next sync does not write them back, and what of the fields that
// both sides may change was seen, so that a sweep does not find it missed. Where the
// mirror has written since, what was announced stays on the books.
func noteNotified(ctx context.Context, links *mapping.Store, ownership mapping.Ownership, link mapping.Link, item shown.Item, verdict bridge.Verdict) error {
	if err := noteSeen(ctx, links, ownership, link, item, verdict); err != nil || verdict.Notified == "" {
		return err
	}
	return links.NoteNotified(ctx, link.ID, verdict.Notified)
}

func noteSeen(ctx context.Context, links *mapping.Store, ownership mapping.Ownership, link mapping.Link, item shown.Item, verdict bridge.Verdict) error {
	content := mapping.Content{Pushed: link.LastPushed, Written: link.Written.With(item.Fields, ownership.Shared()...)}
	if verdict.Accepted != nil {
		content.Pushed = *verdict.Accepted
	}
	if len(content.Pushed.Differing(link.LastPushed)) == 0 && len(content.Written.Differing(link.Written)) == 0 {
		return nil
	}
	err := links.NoteSeen(ctx, link, content)
	if errors.Is(err, mapping.ErrNoLink) && verdict.Accepted == nil {
		return nil // The mirror has written since, and noted what it saw.
	}
	return err
}
