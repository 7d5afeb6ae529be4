package contracttest_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

const noPermission = "42501"

func TestARoleThatOwnsOnlyItsSchemaIsEnough(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	if err != nil {
		without(t, "psql is not installed; the script is for it")
	}
	admin := pgtest.EmptyDSN(t)
	pool := pgtest.Open(t, admin)
	run(t, pool, "CREATE TABLE public.somebody_elses (secret text)")
	script := exec.Command(psql, "-q", "-v", "ON_ERROR_STOP=1", "-v", "password=for tests", "-v", "role=least_privileged",
		"-f", filepath.Join(root, "docker/postgres/least-privilege.sql"), admin)
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("least-privilege.sql: %v\n%s", err, out)
	}
	role := as(t, admin, "least_privileged")
	migrate := exec.Command(binary(t), "migrate")
	migrate.Env = []string{"DATABASE_URL=" + role}
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("migrate as the bridge's role: %v\n%s", err, out)
	}
	takesAWebhook(t, role)

	own := pgtest.Open(t, role)
	assertRefused(t, own, "SELECT * FROM public.somebody_elses")
	assertRefused(t, own, "CREATE TABLE public.own (id int)")
	assertRefused(t, own, "CREATE SCHEMA another")
	run(t, pool, "CREATE ROLE a_curious_reader LOGIN")
	run(t, pool, "GRANT USAGE ON SCHEMA ops TO a_curious_reader")
	run(t, pool, "GRANT SELECT ON ALL TABLES IN SCHEMA ops TO a_curious_reader")
	curious := pgtest.Open(t, as(t, admin, "a_curious_reader"))
	for _, table := range []string{"plane_webhook_deliveries", "river_job", "schema_migrations"} {
		if n := number(t, curious, "SELECT count(*) FROM ops."+table); n != 0 {
			t.Errorf("a role that was granted SELECT on ops.%s sees %d rows", table, n)
		}
		if n := number(t, own, "SELECT count(*) FROM ops."+table); n == 0 {
			t.Errorf("the bridge's role sees no row of ops.%s", table)
		}
	}
}

// takesAWebhook runs the bridge with a database and sends it one delivery.
func takesAWebhook(t *testing.T, dsn string) {
	t.Helper()
	s := readYAML[source](t, sourcePath)
	bridge := serve(t, map[string]string{"DATABASE_URL": dsn, "PLANE_WEBHOOK_SECRET": webhookSecret, "PLANE_APP_URL": appURL})
	if got := do(t, s.webhook(t, bridge.URL, "created", newWorkItem())); got.status != 200 {
		t.Fatalf("webhook: %d %s", got.status, got.body)
	}
	pool := pgtest.Open(t, dsn)
	eventually(t, "the work item is there", func() bool { return number(t, pool, "SELECT count(*) FROM ops.work_items") == 1 })
}

func as(t *testing.T, dsn, role string) string {
	t.Helper()
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.User(role)
	return address.String()
}

func run(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", sql, err))
	}
}

func assertRefused(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	_, err := pool.Exec(context.Background(), sql)
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || refusal.Code != noPermission {
		t.Errorf("%s: error = %v, want that permission is denied", sql, err)
	}
}
