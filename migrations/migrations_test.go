package migrations_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
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

// The schema may be shared: what another program keeps in it is no concern of the
// bridge's role.
func TestTablesOfOthersInTheSchemaAreNoHindrance(t *testing.T) {
	t.Parallel()
	ctx, dsn := context.Background(), pgtest.EmptyDSN(t)
	owner := pgtest.Open(t, dsn)
	execute(t, owner, "CREATE ROLE shares_the_schema LOGIN; DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO shares_the_schema', current_database()); END $$")
	bridge := pgtest.Open(t, as(t, dsn, "shares_the_schema"))
	if _, err := migrations.Up(ctx, bridge, quiet); err != nil {
		t.Fatal(err)
	}
	execute(t, owner, `CREATE TABLE ops.github_webhook_deliveries (id bigserial PRIMARY KEY, delivery_id text);
		ALTER TABLE ops.github_webhook_deliveries ENABLE ROW LEVEL SECURITY`)
	if err := migrations.Access(ctx, bridge); err != nil {
		t.Errorf("with a table that is nobody's but another program's: %v", err)
	}
	execute(t, owner, "GRANT ALL ON ops.github_webhook_deliveries TO shares_the_schema")
	if err := migrations.Access(ctx, bridge); err != nil {
		t.Errorf("with a table whose rows are hidden: %v", err)
	}
	execute(t, owner, "ALTER TABLE ops.rate_budgets OWNER TO CURRENT_USER; REVOKE ALL ON ops.rate_budgets FROM shares_the_schema")
	if err := migrations.Access(ctx, bridge); !errors.Is(err, migrations.ErrAccess) {
		t.Errorf("with a table of the bridge's that it may not read: %v", err)
	}
}

// Where one role migrates and another serves, the second must not promise what it
// cannot do.
func TestARoleThatCannotMigrateIsToldSoWhereSomethingIsPending(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, row := range map[string]struct{ dsn, given, says string }{
		"a schema without tables": {pgtest.EmptyDSN(t), "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO %[1]s", "GRANT CREATE ON SCHEMA ops TO"},
		"tables of another role": {
			pgtest.DSN(t), `DELETE FROM ops.schema_migrations WHERE version_id = (SELECT max(version_id) FROM ops.schema_migrations);
			GRANT ALL ON SCHEMA ops TO %[1]s; GRANT ALL ON ALL TABLES IN SCHEMA ops TO %[1]s; GRANT ALL ON ALL SEQUENCES IN SCHEMA ops TO %[1]s; ALTER ROLE %[1]s BYPASSRLS`,
			"as the role that owns the tables",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			role := "cannot_migrate_" + strings.ReplaceAll(name, " ", "_")
			owner := pgtest.Open(t, row.dsn)
			execute(t, owner, "CREATE ROLE "+role+" LOGIN")
			execute(t, owner, fmt.Sprintf(row.given, role))
			if err := migrations.Check(ctx, owner); !errors.Is(err, migrations.ErrPending) {
				t.Errorf("for the owner it is %v, want that migrations are pending", err)
			}
			serving := pgtest.Open(t, as(t, row.dsn, role))
			_, ran := migrations.Up(ctx, serving, quiet)
			for what, err := range map[string]error{"Check": migrations.Check(ctx, serving), "Up": ran} {
				if !errors.Is(err, migrations.ErrAccess) || !strings.Contains(err.Error(), row.says) {
					t.Errorf("%s = %v, want a word of %q", what, err, row.says)
				}
			}
		})
	}
}

// as is a database as another role sees it.
func as(t *testing.T, dsn, role string) string {
	t.Helper()
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.User(role)
	return address.String()
}
