package inbound

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// A table that is missing undoes the transaction that would have marked the
// delivery. What the ledger says is what went wrong first.
func TestADeliveryWhoseTransactionIsUndoneIsMarkedAllTheSame(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	_, id := deliveryOf(t, pool, uuid.NewString(), &tellingFlow{})
	if _, err := pool.Exec(t.Context(), "ALTER TABLE ops.work_items RENAME TO mislaid"); err != nil {
		t.Fatal(err)
	}
	work := &Worker{Pool: pool, Logger: slog.New(slog.DiscardHandler)}
	for _, row := range []struct {
		last bool
		want ledger.Status
	}{{false, ledger.StatusFailed}, {true, ledger.StatusDead}} {
		if v := work.Process(t.Context(), id, row.last); v.Kind != bridge.VerdictRetry {
			t.Errorf("verdict = %s, want a failure", v.Name())
		}
		d, err := ledger.DeliveriesIn(pool).ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if d.Status != row.want || d.Cause == nil || *d.Cause != bridge.CauseOurs || d.LastError == nil {
			t.Errorf("last try %t: the ledger says %s, %v, %v; want %s with a cause and an error", row.last, d.Status, d.Cause, d.LastError, row.want)
		}
		if !strings.Contains(*d.LastError, "ops.work_items") {
			t.Errorf("the ledger hides what went wrong first: %s", *d.LastError)
		}
	}
}

// What the database refuses for what it is, it refuses each time. A person has to
// look, and the queue need not try until it gives up.
func TestADeliveryThatTheDatabaseCannotHoldIsDeadAtOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	work, id := deliveryOf(t, pool, uuid.NewString(), &tellingFlow{})
	if _, err := pool.Exec(t.Context(), "ALTER TABLE ops.work_items ALTER COLUMN title TYPE varchar(2)"); err != nil {
		t.Fatal(err)
	}
	if v := work.Process(t.Context(), id, false); v.Kind != bridge.VerdictDead || v.Cause != bridge.CauseData {
		t.Errorf("verdict = %s for %s, want dead for its data", v.Name(), v.Cause)
	}
	d, err := ledger.DeliveriesIn(pool).ByID(t.Context(), id)
	if err != nil || d.Status != ledger.StatusDead || d.Cause == nil || *d.Cause != bridge.CauseData {
		t.Errorf("the ledger says %s, %v (%v); want dead for its data", d.Status, d.Cause, err)
	}
}
