package migrations_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

func TestAnEmptyDatabaseIsPendingUntilItIsMigrated(t *testing.T) {
	t.Parallel()
	ctx, pool := context.Background(), pgtest.Open(t, pgtest.EmptyDSN(t))
	if err := migrations.Check(ctx, pool); !errors.Is(err, migrations.ErrPending) {
		t.Fatalf("Check of an empty database = %v, want ErrPending", err)
	}
	ran, err := migrations.Up(ctx, pool, quiet)
	if err != nil || ran == 0 {
		t.Fatalf("Up = %d, %v; want some migrations and no error", ran, err)
	}
	if err := migrations.Check(ctx, pool); err != nil {
		t.Fatalf("Check after Up = %v", err)
	}
}

func TestReplicasThatStartAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	ctx, dsn := context.Background(), pgtest.EmptyDSN(t)
	const replicas = 5
	ran := make([]int, replicas)
	var wait sync.WaitGroup
	for i := range replicas {
		pool := pgtest.Open(t, dsn)
		wait.Go(func() {
			n, err := migrations.Up(ctx, pool, quiet)
			if err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
			ran[i] = n
		})
	}
	wait.Wait()
	working := 0
	for _, n := range ran {
		if n > 0 {
			working++
		}
	}
	if working != 1 {
		t.Errorf("migrations run by replica: %v; want exactly one that worked", ran)
	}
}

func TestEveryTableIsClosedToOtherRoles(t *testing.T) {
	t.Parallel()
	ctx, pool := context.Background(), pgtest.Pool(t)
	rows, err := pool.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'ops' AND c.relkind = 'r' AND NOT c.relrowsecurity`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		t.Errorf("table ops.%s has no row level security", table)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestThePrimaryKeyOfTheLedgerIsTheDeliveryID(t *testing.T) {
	t.Parallel()
	ctx, pool := context.Background(), pgtest.Pool(t)
	var definition string
	err := pool.QueryRow(ctx, `SELECT pg_get_constraintdef(oid) FROM pg_constraint
		WHERE conrelid = 'ops.plane_webhook_deliveries'::regclass AND contype = 'p'`).Scan(&definition)
	if err != nil {
		t.Fatal(err)
	}
	if definition != "PRIMARY KEY (delivery_id)" {
		t.Errorf("primary key = %q", definition)
	}
}
