package sweep

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

const sweptProject = "7d035a41-3dcc-40c1-8843-146228e0e174"

// The change of a webhook that was too large is missed, and yet Plane has not stopped
// telling.
func TestAWebhookThatWasTooLargeIsASignOfLife(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	missed := time.Now().Add(-time.Minute)
	silent := func() bool {
		s := &sweep{Sweeper: &Sweeper{Pool: pool}, missed: []time.Time{missed}, report: Report{ProjectID: sweptProject, Started: missed.Add(time.Hour)}}
		if err := s.judgeWebhook(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.report.WebhookSilent
	}
	if !silent() {
		t.Fatal("without any webhook Plane does not count as silent")
	}
	if err := ledger.NewInbox(pool, nil).RefusedTooLarge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if silent() {
		t.Error("Plane counts as silent although a webhook came and was refused for its size")
	}
	missed = time.Now().Add(time.Minute)
	if !silent() {
		t.Error("Plane does not count as silent although nothing came since the change")
	}
}

// A webhook that was lost before the last one came must not hide that none came since.
func TestOneLostWebhookDoesNotHideThatNoneComesAnyMore(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	const notified = `{"event": "issue", "action": "updated", "data": {"id": "d0a3640b-5125-4741-be29-9d0090a40065", "project": "` + sweptProject + `", "name": "tea"}}`
	jobs, err := queue.New(pool, queue.Config{InstanceID: t.Name(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	delivery, err := ledger.NewDelivery(uuid.New(), "issue", map[string]string{}, []byte(notified))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.NewInbox(pool, jobs).Accept(t.Context(), delivery); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	before, since := now.Add(-time.Hour), now.Add(time.Second)
	for _, row := range []struct {
		name   string
		missed []time.Time
		silent bool
	}{
		{"all before the last webhook", []time.Time{before, before, before, before}, false},
		{"one before and two since", []time.Time{before, since, since}, false},
		{"one before and three since", []time.Time{before, since, since, since}, true},
	} {
		s := &sweep{Sweeper: &Sweeper{Pool: pool}, missed: row.missed, report: Report{ProjectID: sweptProject, Started: now.Add(time.Minute)}}
		if err := s.judgeWebhook(t.Context()); err != nil || s.report.WebhookSilent != row.silent {
			t.Errorf("%s: the webhook counts as silent: %t, %v; want %t", row.name, s.report.WebhookSilent, err, row.silent)
		}
	}
}

// The ledger forgets a webhook after a while. That it came is not forgotten with it.
func TestASilenceThatEndedStaysEndedWhenTheLedgerForgets(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	execute := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	execute(`INSERT INTO ops.sweeps (flow, plane_project_id, started_at, finished_at, items, requests, missed, deleted,
			archived, drifted, doubled, orphaned, webhook_silent)
		SELECT 'bir', '` + sweptProject + `', at, at, 3, 1, 3, 0, 0, 0, 0, 0, true FROM (SELECT now() - interval '10 days' AS at) AS ended`)
	if err := SilenceNote(t.Context(), pool); err == nil {
		t.Fatal("nobody tells of the silence, so this run proves nothing")
	}
	execute(`INSERT INTO ops.work_items (work_item_ref, system, external_id, title, status, project_ref, updated_at, reported_at)
		VALUES ('plane:heard', 'plane', 'heard', 'heard of', 'Todo', '` + sweptProject + `', now(), now() - interval '9 days')`)
	if err := SilenceNote(t.Context(), pool); err != nil {
		t.Errorf("a webhook came after the silence and is older than what the ledger keeps: %v", err)
	}
	s := &sweep{Sweeper: &Sweeper{Pool: pool}, missed: []time.Time{time.Now().Add(-time.Minute)}, report: Report{ProjectID: sweptProject, Started: time.Now()}}
	if err := s.judgeWebhook(t.Context()); err != nil || s.report.WebhookSilent {
		t.Errorf("one change of a minute ago counts as a silence (%t, %v), as if no webhook had ever come", s.report.WebhookSilent, err)
	}
}
