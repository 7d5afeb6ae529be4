package bridge

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// hardCap is how often a delivery is tried in all, whoever asks. A delivery that
// gets there is beyond what waiting heals; only `deliveries replay` begins anew.
const hardCap = 60

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
func (d *DeadLetters) List(ctx context.Context, filter DeliveryFilter) ([]Delivery, error) {
	return ledger{d.pool}.list(ctx, filter)
}

// Replay works through a finished delivery once more. It goes around the dedupe,
// which is at the door only: the row stays, and gets a new job. How the world is
// by then decides what it does; an old state never overwrites a newer one.
func (d *DeadLetters) Replay(ctx context.Context, id uuid.UUID) error {
	return d.reopen(ctx, id, true)
}

func (d *DeadLetters) reopen(ctx context.Context, id uuid.UUID, anew bool) error {
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if err := (ledger{tx}).reopen(ctx, id, anew); err != nil {
			return err
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
		ids, err := d.revivable(ctx, cause)
		if err != nil {
			return RetryLater(CauseOurs, err)
		}
		if len(ids) == 0 || !d.answer(ctx, servers) {
			continue
		}
		for _, id := range ids {
			if err := d.reopen(ctx, id, false); err != nil {
				return RetryLater(CauseOurs, err)
			}
		}
		revived += len(ids)
		d.logger.InfoContext(ctx, "dead letters are tried again, because their cause is over",
			slog.String("cause", string(cause)), slog.Int("deliveries", len(ids)))
	}
	allowed, err := d.reviveAllowed(ctx)
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	return Done(fmt.Sprintf("%d revived", revived+allowed))
}

func (d *DeadLetters) revivable(ctx context.Context, cause Cause) ([]uuid.UUID, error) {
	return ledger{d.pool}.dead(ctx, cause, hardCap)
}

func (d *DeadLetters) answer(ctx context.Context, servers []string) bool {
	for _, name := range servers {
		if check := d.remote[name]; check != nil && check(ctx) != nil {
			return false
		}
	}
	return true
}
