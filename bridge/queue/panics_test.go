package queue

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

func TestAPanicInAJobIsAnErrorWithACauseAMetricALogLineAndANote(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	var log bytes.Buffer
	metrics := observe.NewMetrics(pool, Kinds(), nil)
	stumbling := NewWorker(
		NewFinisher(&Queue{pool: pool}, NewOutages(nil, nil, nil, nil, slog.New(slog.DiscardHandler)), metrics, slog.New(slog.NewJSONHandler(&log, nil))), 0,
		func(context.Context, *river.Job[SweepJob]) bridge.Verdict { panic("an odd state") })
	job := &river.Job[SweepJob]{JobRow: &rivertype.JobRow{ID: 7, Kind: SweepJob{}.Kind(), Attempt: 1, MaxAttempts: 2}}
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
	health := observe.NewHealth()
	health.Watch("panics", 0, func(ctx context.Context) error { return PanicsNote(ctx, pool) })
	report := health.Report(t.Context())
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
