package migrations_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

const uniqueViolation = "23505"

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func refused(t *testing.T, pool *pgxpool.Pool, what, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(context.Background(), sql, args...)
	var violation *pgconn.PgError
	if !errors.As(err, &violation) || violation.Code != uniqueViolation {
		t.Errorf("%s: error = %v, want a unique violation", what, err)
	}
}

func TestADeliveryAndAnEventAreKeptOnce(t *testing.T) {
	t.Parallel()
	pool, id := pgtest.Pool(t), uuid.New()
	const insert = `INSERT INTO ops.plane_webhook_deliveries (delivery_id, event_key, event, raw_body) VALUES ($1, $2, 'issue', '{}')`
	execute(t, pool, insert, id, "one event")
	refused(t, pool, "the same delivery", insert, id, "another event")
	refused(t, pool, "the same event", insert, uuid.New(), "one event")
}

func TestAnEntityAndAnIssueAreLinkedOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	const insert = `INSERT INTO ops.plane_sync_mappings
		(flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, plane_issue_id, state)
		VALUES ('bir', 'bir.filing.deadline', 1, $1, 'acme', $2, $3, 'linked')`
	execute(t, pool, insert, "one entity", "one project", "one issue")
	refused(t, pool, "the same entity in the same project", insert, "one entity", "one project", "another issue")
	refused(t, pool, "the same issue", insert, "another entity", "another project", "one issue")
	execute(t, pool, insert, "one entity", "another project", "a third issue")
}

func TestAWorkItemIsNamedByItsSystemAndID(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	const insert = `INSERT INTO ops.work_items (work_item_ref, system, external_id, title, status, updated_at)
		VALUES ($1, 'plane', 'abc', 'File 2550M', 'Todo', now())`
	execute(t, pool, insert, "plane:abc")
	refused(t, pool, "the same reference", insert, "plane:abc")
	if _, err := pool.Exec(context.Background(), insert, "abc"); err == nil {
		t.Error("a reference without its system was taken")
	}
}

func TestTheQueueIsReadInPlainSQL(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	rows, err := pool.Query(context.Background(), `SELECT column_name FROM information_schema.columns
		WHERE table_schema = 'ops' AND table_name = 'work_queue' ORDER BY ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("id source delivery_id status attempts last_error created_at scheduled_at", strings.Join(columns, " ")); diff != "" {
		t.Errorf("columns of ops.work_queue (-want +got):\n%s", diff)
	}
}

func TestTheQueueTakesADeliveryAgainInPlainSQL(t *testing.T) {
	t.Parallel()
	pool, id := pgtest.Pool(t), uuid.New()
	execute(t, pool, `INSERT INTO ops.plane_webhook_deliveries (delivery_id, event_key, event, raw_body) VALUES ($1, 'k', 'issue', '{}')`, id)
	execute(t, pool, `INSERT INTO ops.work_queue (source, delivery_id) VALUES ('plane', $1)`, id)
	var kind, status string
	err := pool.QueryRow(context.Background(), `SELECT j.kind, q.status FROM ops.work_queue q JOIN ops.river_job j USING (id)
		WHERE q.delivery_id = $1`, id).Scan(&kind, &status)
	if err != nil || kind != "plane_delivery" || status != "available" {
		t.Errorf("job = %q in state %q, %v; want plane_delivery, available", kind, status, err)
	}
	if _, err := pool.Exec(context.Background(), `INSERT INTO ops.work_queue (source, delivery_id) VALUES ('plane', $1)`, uuid.New()); err == nil {
		t.Error("a job for a delivery that is not in the ledger was taken")
	}
}

func TestAFinishedDeliveryThatIsQueuedInPlainSQLRunsAgain(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	for _, finished := range []string{
		"'processed', NULL, NULL, now()", "'ignored', NULL, NULL, now()", "'dead', 'data', 'no data', NULL",
	} {
		id := uuid.New()
		execute(t, pool, `INSERT INTO ops.plane_webhook_deliveries (delivery_id, event_key, event, raw_body, attempts, status, cause, last_error, processed_at)
			VALUES ($1, $2, 'issue', '{}', 60, `+finished+`)`, id, id.String())
		execute(t, pool, `INSERT INTO ops.work_queue (source, delivery_id) VALUES ('plane', $1)`, id)
		var status string
		var attempts, jobs int
		err := pool.QueryRow(context.Background(), `SELECT d.status, d.attempts, (SELECT count(*) FROM ops.work_queue q WHERE q.delivery_id = d.delivery_id)
			FROM ops.plane_webhook_deliveries d WHERE d.delivery_id = $1`, id).Scan(&status, &attempts, &jobs)
		if err != nil || status != "received" || attempts != 0 || jobs != 1 {
			t.Errorf("%s: the delivery is %s after %d attempts with %d jobs, %v; want received, 0, 1", finished, status, attempts, jobs, err)
		}
	}
}
