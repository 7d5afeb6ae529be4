package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// hardCap is how often a delivery is tried in all, whoever asks. A delivery that
// gets there is beyond what waiting heals; only `deliveries replay` begins anew.
const hardCap = 60

// reviveEvery is how often dead letters are looked at whose cause may be over.
const reviveEvery = 5 * time.Minute

// DeliveryFilter chooses deliveries; a field left empty does not choose.
type DeliveryFilter struct {
	ID     uuid.UUID
	Status Status
	Cause  Cause
	Event  string
	Entity string
	Since  time.Time
	// Limit is the most to return; 0 is 100.
	Limit int
}

const (
	sqlChoose = ` FROM ops.plane_webhook_deliveries
		WHERE ($1::uuid IS NULL OR delivery_id = $1) AND ($2 = '' OR status = $2) AND ($3 = '' OR cause = $3)
			AND ($4 = '' OR event = $4) AND ($5 = '' OR entity_id = $5) AND ($6::timestamptz IS NULL OR received_at >= $6)
		ORDER BY received_at DESC, delivery_id LIMIT $7`

	sqlReopen = `UPDATE ops.plane_webhook_deliveries
		SET status = 'received', cause = NULL, last_error = NULL, outcome = NULL, processed_at = NULL,
			attempts = CASE WHEN $2 THEN 0 ELSE attempts END
		WHERE delivery_id = $1`

	sqlRevivable = `SELECT delivery_id FROM ops.plane_webhook_deliveries
		WHERE status = 'dead' AND cause = $1 AND attempts < $2 ORDER BY received_at LIMIT 500`
)

// DeadLetters lists, shows and replays deliveries.
type DeadLetters struct {
	pool    *pgxpool.Pool
	queue   *Queue
	process *deliveries
	remote  map[string]Check
	flows   flows
	logger  *slog.Logger
	// policy remembers which letters were tried again after a change of rights.
	policy policyLetters
}

// List returns the newest deliveries that a filter chooses.
func (d *DeadLetters) List(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	var id *uuid.UUID
	if f.ID != uuid.Nil {
		id = &f.ID
	}
	var since *time.Time
	if !f.Since.IsZero() {
		since = &f.Since
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := d.pool.Query(ctx, "SELECT "+sqlDeliveryColumns+sqlChoose, id, f.Status, f.Cause, f.Event, f.Entity, since, limit)
	if err != nil {
		return nil, fmt.Errorf("listing deliveries: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Delivery])
	if err != nil {
		return nil, fmt.Errorf("listing deliveries: %w", err)
	}
	return found, nil
}

// Replay works through a finished delivery once more. It goes around the dedupe,
// which is at the door only: the row stays, and gets a new job. How the world is
// by then decides what it does; an old state never overwrites a newer one.
func (d *DeadLetters) Replay(ctx context.Context, id uuid.UUID) error {
	return d.reopen(ctx, id, true)
}

func (d *DeadLetters) reopen(ctx context.Context, id uuid.UUID, anew bool) error {
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlReopen, id, anew)
		if err != nil {
			return fmt.Errorf("opening delivery %s again: %w", id, err)
		}
		if tag.RowsAffected() == 0 {
			return fmt.Errorf("opening delivery %s again: %w", id, errNoDelivery)
		}
		return d.queue.enqueueDelivery(ctx, tx, id)
	})
}

// Preview says what a replay would change now, and changes nothing.
func (d *DeadLetters) Preview(ctx context.Context, delivery Delivery) (string, error) {
	f := fold([]Delivery{delivery})
	switch {
	case len(f.unreadable) > 0:
		return "nothing: " + f.unreadable[0].why.Error(), nil
	case len(f.ids) == 0:
		return "nothing: " + errNotMirrored.Error(), nil
	case f.newest.Entity == plane.EntityComment:
		return "the comment is offered to Odoo again", nil
	case f.newest.Entity != plane.EntityWorkItem:
		return "nothing: events of this kind are not mirrored", nil
	}
	item, err := d.process.state(ctx, f)
	if err != nil {
		return "", fmt.Errorf("reading what delivery %s says: %w", delivery.ID, err)
	}
	row, err := workItems{d.pool}.byID(ctx, item.ID)
	if err != nil {
		return "", err
	}
	return difference(row, item), nil
}

func difference(row *WorkItem, item seenItem) string {
	switch {
	case item.Deleted:
		return "the work item is marked deleted"
	case row == nil:
		return fmt.Sprintf("work item %q appears with status %q", item.Fields.Name, item.StateName)
	case item.UpdatedAt.Before(row.UpdatedAt):
		return "nothing: a newer state is known"
	case row.Title != item.Fields.Name || row.Status != item.StateName:
		return fmt.Sprintf("title %q to %q, status %q to %q, and Odoo is told", row.Title, item.Fields.Name, row.Status, item.StateName)
	default:
		return "the row stays as it is; Odoo is told if it was not"
	}
}

// reviveJob tries dead letters again whose cause is over.
type reviveJob struct{}

// Kind names the job in the queue.
func (reviveJob) Kind() string { return "revive" }

// InsertOpts says where and how often it is tried.
func (reviveJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 1}
}

// healedBy says which servers have to answer again before a cause is over.
var healedBy = map[Cause][]string{
	CauseOdoo:       {"odoo"},
	CausePlane:      {"plane"},
	CauseMissingKey: {"odoo", "plane"},
}

// revive opens dead letters again whose server is back or whose key is set. One
// that died at another cause waits for a person.
func (d *DeadLetters) revive(ctx context.Context) Verdict {
	revived := 0
	for cause, servers := range healedBy {
		n, err := d.reviveAll(ctx, cause, servers)
		if err != nil {
			return RetryLater(CauseOurs, err)
		}
		revived += n
	}
	allowed, err := d.reviveAllowed(ctx)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	return Done(fmt.Sprintf("%d revived", revived+allowed))
}

// reviveAll opens all letters that died at a cause, a batch at a time, while its
// servers answer.
func (d *DeadLetters) reviveAll(ctx context.Context, cause Cause, servers []string) (revived int, err error) {
	for {
		ids, err := d.revivable(ctx, cause)
		if err != nil || len(ids) == 0 || !d.answer(ctx, servers) {
			return revived, err
		}
		for _, id := range ids {
			if err := d.reopen(ctx, id, false); err != nil {
				return revived, err
			}
		}
		revived += len(ids)
		d.logger.InfoContext(ctx, "dead letters are tried again, because their cause is over",
			slog.String("cause", string(cause)), slog.Int("deliveries", len(ids)))
	}
}

func (d *DeadLetters) revivable(ctx context.Context, cause Cause) ([]uuid.UUID, error) {
	rows, err := d.pool.Query(ctx, sqlRevivable, cause, hardCap)
	if err != nil {
		return nil, fmt.Errorf("looking for dead letters: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("looking for dead letters: %w", err)
	}
	return ids, nil
}

func (d *DeadLetters) answer(ctx context.Context, servers []string) bool {
	for _, name := range servers {
		if check := d.remote[name]; check != nil && check(ctx) != nil {
			return false
		}
	}
	return true
}
