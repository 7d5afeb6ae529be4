package inbound

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// HardCap is how often a delivery is tried in all, whoever asks. A delivery that
// gets there is beyond what waiting heals; only `deliveries replay` begins anew.
const HardCap = 60

// Deliveries lists, shows and replays deliveries.
type Deliveries struct {
	Pool    *pgxpool.Pool
	Queue   *queue.Queue
	Process *Worker
	Remote  map[string]bridge.Check
	Flows   bridge.Flows
	Logger  *slog.Logger
	// policy remembers which letters were tried again after a change of rights.
	policy policyLetters
}

// List returns the newest deliveries that a filter chooses.
func (d *Deliveries) List(ctx context.Context, filter ledger.DeliveryFilter) ([]ledger.Delivery, error) {
	return ledger.DeliveriesIn(d.Pool).List(ctx, filter)
}

// Replay works through a finished delivery once more. It goes around the dedupe,
// which is at the door only: the row stays, and gets a new job. How the world is
// by then decides what it does; an old state never overwrites a newer one.
func (d *Deliveries) Replay(ctx context.Context, id uuid.UUID) error {
	return d.reopen(ctx, id, true)
}

func (d *Deliveries) reopen(ctx context.Context, id uuid.UUID, anew bool) error {
	return pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
		if err := ledger.DeliveriesIn(tx).Reopen(ctx, id, anew); err != nil {
			return err
		}
		return d.Queue.EnqueueDelivery(ctx, tx, id)
	})
}

// Preview says what a replay would change now, and changes nothing.
func (d *Deliveries) Preview(ctx context.Context, delivery ledger.Delivery) (string, error) {
	f := fold([]ledger.Delivery{delivery})
	switch {
	case len(f.unreadable) > 0:
		return "nothing: " + f.unreadable[0].why.Error(), nil
	case len(f.ids) == 0:
		return "nothing: " + ledger.ErrNotMirrored.Error(), nil
	case f.newest.Entity == plane.EntityComment:
		return "the comment is offered to Odoo again", nil
	case f.newest.Entity != plane.EntityWorkItem:
		return "nothing: events of this kind are not mirrored", nil
	}
	item, err := d.Process.state(ctx, f)
	if err != nil {
		return "", fmt.Errorf("reading what delivery %s says: %w", delivery.ID, err)
	}
	row, err := ledger.WorkItemsIn(d.Pool).ByID(ctx, item.ID)
	if err != nil {
		return "", err
	}
	return difference(row, item), nil
}

func difference(row *ledger.WorkItem, item shown.Item) string {
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
var healedBy = map[bridge.Cause][]string{
	bridge.CauseOdoo:       {"odoo"},
	bridge.CausePlane:      {"plane"},
	bridge.CauseMissingKey: {"odoo", "plane"},
}

// Revive opens dead letters again whose server is back or whose key is set. One
// that died at another cause waits for a person.
func (d *Deliveries) Revive(ctx context.Context) bridge.Verdict {
	revived := 0
	for cause, servers := range healedBy {
		n, err := d.reviveAll(ctx, cause, servers)
		if err != nil {
			return bridge.RetryLater(bridge.CauseOurs, err)
		}
		revived += n
	}
	allowed, err := d.reviveAllowed(ctx)
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return bridge.Done(fmt.Sprintf("%d revived", revived+allowed))
}

// reviveAll opens all letters that died at a cause, a batch at a time, while its
// servers answer.
func (d *Deliveries) reviveAll(ctx context.Context, cause bridge.Cause, servers []string) (revived int, err error) {
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
		d.Logger.InfoContext(ctx, "dead letters are tried again, because their cause is over",
			slog.String("cause", string(cause)), slog.Int("deliveries", len(ids)))
	}
}

func (d *Deliveries) revivable(ctx context.Context, cause bridge.Cause) ([]uuid.UUID, error) {
	return ledger.DeliveriesIn(d.Pool).Dead(ctx, cause, HardCap)
}

func (d *Deliveries) answer(ctx context.Context, servers []string) bool {
	for _, name := range servers {
		if check := d.Remote[name]; check != nil && check(ctx) != nil {
			return false
		}
	}
	return true
}
