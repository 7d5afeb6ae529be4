package bridge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// stumblingFlow panics when it is told of a work item.
type stumblingFlow struct{ tellingFlow }

func (*stumblingFlow) FromPlane(context.Context, mapping.Link, WorkItemState) Verdict {
	var nothing *WorkItemState
	return Done(nothing.ID)
}

func TestAPanicInAJobIsAnErrorWithACauseAMetricALogLineAndANote(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	var log bytes.Buffer
	metrics := MetricsOf(pool)
	stumbling := &worker[sweepJob]{
		finish: finisher{&Queue{pool: pool}, newOutages(nil, nil, nil, nil, quiet), metrics, slog.New(slog.NewJSONHandler(&log, nil))},
		handle: func(context.Context, *river.Job[sweepJob]) Verdict { panic("an odd state") },
	}
	job := &river.Job[sweepJob]{JobRow: &rivertype.JobRow{ID: 7, Kind: sweepJob{}.Kind(), Attempt: 1, MaxAttempts: 2}}
	err := stumbling.Work(t.Context(), job)
	var panicked *PanicError
	if !errors.As(err, &panicked) {
		t.Fatalf("Work = %v, want the panic as an error", err)
	}
	for _, want := range []string{`"level":"ERROR"`, `"kind":"reconcile"`, "an odd state", "panics_test.go", `"cause":"ours"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, log.String())
		}
	}
	scrape := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(scrape, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if !strings.Contains(scrape.Body.String(), `bridge_panics_total{kind="reconcile"} 1`) || !strings.Contains(scrape.Body.String(), `bridge_panics_total{kind="sync"} 0`) {
		t.Errorf("the panic is not counted:\n%s", scrape.Body)
	}
	report := HealthOf(pool, nil).Report(t.Context())
	if check := report.Checks["panics"]; !check.OK || !strings.Contains(check.Note, "reconcile") || !strings.Contains(check.Note, "an odd state") {
		t.Errorf("readiness says %+v of panics, want a note that names the kind and the panic", check)
	}
}

func TestAPanicIsForgottenByReadinessAfterAnHour(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	if _, err := pool.Exec(t.Context(), "INSERT INTO ops.panics (kind, what, last_at) VALUES ('sync', 'long ago', now() - interval '61 minutes')"); err != nil {
		t.Fatal(err)
	}
	if err := PanicsNote(t.Context(), pool); err != nil {
		t.Errorf("PanicsNote = %v, want nothing", err)
	}
}

func TestADeliveryThatPanicsIsMarkedAndKeepsNothing(t *testing.T) {
	t.Parallel()
	pool, entity := pgtest.Pool(t), uuid.NewString()
	process, id := deliveryOf(t, pool, entity, &stumblingFlow{})
	verdict := process.process(t.Context(), id, false)
	if _, panicked := panicOf(verdict.err); !panicked || verdict.cause != CauseOurs {
		t.Errorf("verdict = %+v, want a panic of ours", verdict)
	}
	var status, cause string
	var rows int
	err := pool.QueryRow(t.Context(), `SELECT status, cause, (SELECT count(*) FROM ops.work_items) FROM ops.plane_webhook_deliveries WHERE delivery_id = $1`, id).
		Scan(&status, &cause, &rows)
	if err != nil || status != "failed" || cause != "ours" || rows != 0 {
		t.Errorf("the delivery is %s by %s beside %d rows, %v; want failed by ours, and nothing kept", status, cause, rows, err)
	}
}

// deliveryOf accepts one webhook of a linked work item.
func deliveryOf(t *testing.T, pool *pgxpool.Pool, entity string, flow Flow) (*deliveries, uuid.UUID) {
	t.Helper()
	queue, err := NewQueue(pool, QueueConfig{InstanceID: t.Name(), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO ops.plane_sync_mappings
			(flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, plane_issue_id, state)
		VALUES ('told', 'm', 7, 'm,7', 'w', 'p', $1, 'linked')`, entity); err != nil {
		t.Fatal(err)
	}
	delivery := NewDelivery(uuid.New(), "webhook", "issue", map[string]string{}, []byte(strings.ReplaceAll(createdBody, "d0a3640b-5125-4741-be29-9d0090a40065", entity)))
	if _, err := NewInbox(pool, queue).Accept(t.Context(), delivery); err != nil {
		t.Fatal(err)
	}
	return &deliveries{
		pool: pool, workspace: "w", flows: flows{flow}, links: mapping.NewStore(pool), queue: queue, logger: quiet,
	}, delivery.ID
}
