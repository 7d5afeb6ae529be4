package queue

import (
	"fmt"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// A database at the limit of its connections serves those that it has. The watch has
// one, and would see nothing, while work fails and waits longer each time.
func TestADatabaseThatRefusesConnectionsIsAwayUntilItHasTakenSomeForAWhile(t *testing.T) {
	t.Parallel()
	o := NewOutages(nil, nil, nil, nil, slog.New(slog.DiscardHandler))
	began := time.Now()
	o.database.known = true
	o.suspect(t.Context(), bridge.CauseOurs, fmt.Errorf("reading the link: %w", &pgconn.ConnectError{}))
	if o.database.since.IsZero() {
		t.Fatal("work could not connect, and the database counts as there")
	}
	if got, _ := o.database.answered(nil, began.Add(probeEvery/2)); got != stillThere {
		t.Errorf("what waits is begun at once, and would fail at once: %v", got)
	}
	if got, lasted := o.database.answered(nil, began.Add(2*probeEvery)); got != isBack || lasted == 0 {
		t.Errorf("after a while without a failure: %v, after %s; want it to be back", got, lasted)
	}
}

func TestADatabaseThatTakesNoWritesIsAway(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("default_transaction_read_only", "on")
	address.RawQuery = query.Encode()
	q, err := New(pgtest.Open(t, address.String()), Config{InstanceID: t.Name(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.waitingFor(t.Context()); err == nil {
		t.Error("a database that is read-only counts as there")
	}
}

// The tries of an outage say nothing about the work: with them, what a server that comes
// and goes held up would wait for a quarter of an hour when it is there for good.
func TestWhatIsBroughtForwardBeginsItsTriesAnew(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	q, err := New(pool, Config{InstanceID: t.Name(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO ops.river_job (kind, queue, args, max_attempts, attempt, state, scheduled_at, metadata)
		VALUES ('mirror_entity', 'mirror', '{}', 12, 11, 'retryable', now() + interval '12 minutes', '{"output": {"waits_for": "plane"}}')`); err != nil {
		t.Fatal(err)
	}
	if err := q.bringForward(t.Context(), []bridge.Cause{bridge.CausePlane}); err != nil {
		t.Fatal(err)
	}
	var attempt int
	var state string
	if err := pool.QueryRow(t.Context(), "SELECT attempt, state FROM ops.river_job").Scan(&attempt, &state); err != nil {
		t.Fatal(err)
	}
	if attempt != 0 || state != "available" {
		t.Errorf("it is %s after %d tries, want it available with none", state, attempt)
	}
}
