package bridge

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

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// deliveries works through accepted deliveries. One call takes all open
// deliveries of an entity, writes the newest state once, and tells the flow, so
// that order, bursts and redeliveries all end in the same place.
type deliveries struct {
	pool      *pgxpool.Pool
	workspace string
	flows     flows
	links     *mapping.Store
	catalog   *plane.Catalog
	reader    reader
	presence  *presence
	plane     *plane.Client
	queue     *Queue
	self      self
	// report leaves edits of what Odoo owns as they are and only says so.
	report bool
	logger *slog.Logger
}

// process works through one delivery and whatever else is open for its entity.
// last says that the queue will not try again after this.
func (p *deliveries) process(ctx context.Context, id uuid.UUID, last bool) Verdict {
	delivery, err := ledger{p.pool}.byID(ctx, id)
	if errors.Is(err, errNoDelivery) {
		return Ignored("the delivery is not in the ledger any more")
	}
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	if delivery.Status.Finished() {
		return Ignored("another delivery of the same entity stood for it")
	}
	var verdict Verdict
	err = withLock(ctx, p.pool, "work item:"+delivery.entity(), func(tx pgx.Tx) error {
		// A panic undoes the transaction like any error, and the ledger says so.
		verdict, err = Guarded(func() (Verdict, error) { return p.processLocked(ctx, tx, delivery, last) })
		return err
	})
	if errors.Is(err, ErrLocked) {
		return PutBack(time.Now().Add(lockedFor), err.Error())
	}
	if err != nil {
		return p.undone(ctx, id, err, last)
	}
	return verdict
}

// undone marks a delivery whose transaction was undone, and its marks with it.
// Without this the ledger would show it as received for ever, after the queue has
// given up. A commit that took effect unheard leaves nothing open to mark.
func (p *deliveries) undone(ctx context.Context, id uuid.UUID, cause error, last bool) Verdict {
	status := StatusFailed
	if last {
		status = StatusDead
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	if unstorable(cause) {
		return GiveUp(CauseData, errors.Join(cause, ledger{p.pool}.failOpen(ctx, id, StatusDead, CauseData, cause.Error())))
	}
	err := ledger{p.pool}.failOpen(ctx, id, status, CauseOurs, cause.Error())
	return RetryLater(CauseOurs, errors.Join(cause, err))
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
func (p *deliveries) processLocked(ctx context.Context, tx pgx.Tx, delivery Delivery, last bool) (Verdict, error) {
	batch, err := p.batch(ctx, tx, delivery)
	if err != nil || len(batch) == 0 {
		return Ignored("another delivery of the same entity stood for it"), err
	}
	f := fold(batch)
	if err := setAside(ctx, tx, f); err != nil {
		return Verdict{}, err
	}
	if len(f.ids) == 0 {
		return f.nothingToDo(), nil
	}
	verdict := p.handle(ctx, tx, f)
	if err := p.settle(ctx, tx, delivery, f.ids, verdict, last); err != nil {
		// What went wrong first undid the transaction; that nothing could be marked after
		// it says nothing.
		return verdict, errors.Join(verdict.err, err)
	}
	return verdict, nil
}

// setAside marks what of a batch needs no handling.
func setAside(ctx context.Context, tx pgx.Tx, f folded) error {
	for _, broken := range f.unreadable {
		if err := (ledger{tx}).fail(ctx, broken.id, StatusDead, CauseData, broken.why.Error()); err != nil {
			return err
		}
	}
	if len(f.passed) == 0 {
		return nil
	}
	return ledger{tx}.settle(ctx, f.passed, StatusIgnored, errNotMirrored.Error())
}

// nothingToDo is the verdict on a batch of which nothing is left to handle.
func (f folded) nothingToDo() Verdict {
	if len(f.unreadable) > 0 {
		return GiveUp(CauseData, f.unreadable[0].why)
	}
	return Ignored(errNotMirrored.Error())
}

func (p *deliveries) batch(ctx context.Context, tx pgx.Tx, delivery Delivery) ([]Delivery, error) {
	if delivery.EntityID != nil {
		return ledger{tx}.openOfEntity(ctx, *delivery.EntityID)
	}
	again, err := ledger{tx}.byID(ctx, delivery.ID)
	if err != nil || again.Status.Finished() {
		return nil, err
	}
	return []Delivery{again}, nil
}

// settle writes what became of the deliveries. A success stands for the whole
// batch; a failure is this delivery's alone, the others have tries of their own.
func (p *deliveries) settle(ctx context.Context, tx pgx.Tx, delivery Delivery, batch []uuid.UUID, v Verdict, last bool) error {
	switch v.kind {
	case verdictDone:
		return ledger{tx}.settle(ctx, batch, StatusProcessed, v.outcome)
	case verdictIgnored:
		return ledger{tx}.settle(ctx, batch, StatusIgnored, v.outcome)
	case verdictRetry:
		if last || delivery.Attempts+1 >= hardCap {
			return ledger{tx}.fail(ctx, delivery.ID, StatusDead, v.cause, v.err.Error())
		}
		return ledger{tx}.fail(ctx, delivery.ID, StatusFailed, v.cause, v.err.Error())
	case verdictDead:
		return ledger{tx}.fail(ctx, delivery.ID, StatusDead, v.cause, v.err.Error())
	default:
		return nil
	}
}

func (p *deliveries) handle(ctx context.Context, tx pgx.Tx, f folded) Verdict {
	switch f.newest.Entity {
	case plane.EntityWorkItem:
		return p.handleWorkItem(ctx, tx, f)
	case plane.EntityComment:
		return p.handleComment(ctx, tx, f)
	default:
		return Ignored(fmt.Sprintf("events of kind %s are not mirrored", f.newest.Entity))
	}
}

func (p *deliveries) handleWorkItem(ctx context.Context, tx pgx.Tx, f folded) Verdict {
	item, err := p.state(ctx, f)
	if err != nil {
		return verdictOfPlane(err)
	}
	row, err := workItems{tx}.byID(ctx, item.ID)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	now, err := pgclock.Now(ctx, tx)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	switch f.standing(item.content(), row, now) {
	case standingOld:
		return Done("older than what is known; nothing changed")
	case standingDoubtful:
		return p.lookAt(ctx, tx, item, row)
	default:
		if err := p.keep(ctx, tx, item); err != nil {
			return RetryLater(CauseOurs, err)
		}
		return p.tell(ctx, tx, item)
	}
}

// keep writes what is known of a work item.
func (p *deliveries) keep(ctx context.Context, tx pgx.Tx, item seenItem) error {
	if item.Deleted {
		return workItems{tx}.delete(ctx, item.row())
	}
	return workItems{tx}.upsert(ctx, item.row())
}

// tell passes the state on to the flow that the work item belongs to.
func (p *deliveries) tell(ctx context.Context, tx pgx.Tx, item seenItem) Verdict {
	links := p.links.With(tx)
	link, err := links.ByIssue(ctx, p.workspace, item.ID)
	if errors.Is(err, mapping.ErrNoLink) {
		return Done("kept; not linked to Odoo")
	}
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	if !item.asked.IsZero() && isAfter(link.LastSyncedAt, item.asked) {
		return Done("kept; the mirror has written the work item since it was read, and the next sweep looks again")
	}
	flow, found := p.flows.byName(link.Flow)
	if !found {
		return Done("kept; its flow " + link.Flow + " is switched off")
	}
	broken := link.State == mapping.Broken
	if ended, outcome, err := moveLink(ctx, links, flow, &link, item); ended || err != nil {
		return doneOrRetry(outcome, err)
	}
	if broken && link.State == mapping.Linked {
		// It is back: what Odoo wanted meanwhile is written at once.
		if err := p.queue.enqueueMirror(ctx, tx, mirrorJob{Flow: link.Flow, Key: link.Key, Task: taskRepair}); err != nil {
			return RetryLater(CauseOurs, err)
		}
	}
	if err := p.announce(ctx, flow, &link, item); err != nil {
		return RetryLater(CauseOurs, err)
	}
	verdict := flow.FromPlane(ctx, link, item.WorkItemState)
	if verdict.kind != verdictDone {
		return verdict
	}
	if item.Fields.Group == "" {
		item.Fields.Group = link.Written.Group // What shows no state leaves it as known.
	}
	err = noteHeard(ctx, links, flow.Ownership(), link, item, verdict)
	if errors.Is(err, mapping.ErrNoLink) {
		return PutBack(time.Now().Add(lockedFor), "the mirror wrote the work item meanwhile")
	}
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	return p.repairDrift(ctx, tx, flow, link, item, verdict)
}

// announce notes what a flow is about to tell Odoo, outside the transaction: it has
// to be durable before Odoo is called.
func (p *deliveries) announce(ctx context.Context, flow Flow, link *mapping.Link, item seenItem) error {
	announcer, announces := flow.(Announcer)
	if !announces {
		return nil
	}
	told := announcer.Announces(*link, item.WorkItemState)
	if told == "" || told == link.Told {
		return nil
	}
	link.Told = told
	return p.links.NoteTold(ctx, link.ID, told)
}

func doneOrRetry(outcome string, err error) Verdict {
	switch {
	case errors.Is(err, ErrLocked):
		return PutBack(time.Now().Add(lockedFor), err.Error())
	case errors.As(err, new(*FlowError)):
		return verdictOfFlow(err)
	case err != nil:
		return RetryLater(CauseOurs, err)
	default:
		return Done(outcome)
	}
}

// moveLink follows a work item that was deleted, archived, moved to another project,
// or is back. After a delete or a move nothing is left to tell.
func moveLink(ctx context.Context, links *mapping.Store, flow Flow, link *mapping.Link, item seenItem) (ended bool, outcome string, err error) {
	scope := mapping.Scope{Flow: link.Flow, Workspace: link.Workspace, ProjectID: link.ProjectID}
	moved := item.projectID != "" && item.projectID != link.ProjectID
	switch {
	case item.Deleted && link.State == mapping.Cancelled:
		return true, "kept; its record is gone from Odoo as well", retract(ctx, links, flow, link)
	case item.Deleted:
		return true, "kept; the link of " + string(link.Key) + " is open again, because its work item was deleted", forget(ctx, links, flow, link)
	case moved:
		// It is neither followed nor made a second time: whoever moved it meant it, and
		// the flow has nothing to say in the other project.
		return true, "kept; " + whyMoved(item.projectID), links.SetState(ctx, scope, link.Key, mapping.Broken, whyMoved(item.projectID))
	case item.Archived && link.State == mapping.Linked:
		link.State = mapping.Broken
		return false, "", links.SetState(ctx, scope, link.Key, mapping.Broken, whyArchived)
	case !item.Archived && link.State == mapping.Broken:
		link.State = mapping.Linked
		return false, "", links.SetState(ctx, scope, link.Key, mapping.Linked, "")
	default:
		return false, "", nil
	}
}

// noteHeard keeps what the flow told Odoo, which values of Plane's are Odoo's now
// too, so that the next sync does not write them back, and what of the fields that
// both sides may change was seen, so that a sweep does not find it untold.
func noteHeard(ctx context.Context, links *mapping.Store, ownership mapping.Ownership, link mapping.Link, item seenItem, verdict Verdict) error {
	if verdict.told != "" {
		if err := links.NoteTold(ctx, link.ID, verdict.told); err != nil {
			return err
		}
	}
	content := mapping.Content{Pushed: link.LastPushed, Written: link.Written.With(item.Fields, ownership.Shared()...)}
	if verdict.accepted != nil {
		content.Pushed = *verdict.accepted
	}
	if len(content.Pushed.Differing(link.LastPushed)) == 0 && len(content.Written.Differing(link.Written)) == 0 {
		return nil
	}
	err := links.NoteSeen(ctx, link, content)
	if errors.Is(err, mapping.ErrNoLink) && verdict.accepted == nil {
		return nil // The mirror has written since, and noted what it saw.
	}
	return err
}
