package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// River gives work that is to begin later the state scheduled; available and
// retryable may have a time in the future as well, when it is near.
func TestReadinessSaysWhenWorkIsDueAndNotBegun(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	for _, row := range []struct {
		name, state string
		due         time.Duration // how long ago
		status      int
		// begun is how long ago other work of the queue was begun; 0 is never.
		begun time.Duration
	}{
		{"due for too long", "available", engine.QueueTooOld + 5*time.Second, http.StatusServiceUnavailable, 0},
		{"due again for too long", "retryable", engine.QueueTooOld + 5*time.Second, http.StatusServiceUnavailable, 0},
		{"snoozed, and due for too long", "scheduled", engine.QueueTooOld + 5*time.Second, http.StatusServiceUnavailable, 0},
		{"due for too long, and its queue stands still", "available", engine.QueueTooOld + 5*time.Second, http.StatusServiceUnavailable, engine.QueueTooOld + time.Second},
		{"due for long behind other work", "available", engine.QueueTooOld + 5*time.Second, http.StatusOK, time.Second},
		{"snoozed, and left behind by its queue", "scheduled", engine.QueueTooOld + 5*time.Second, http.StatusServiceUnavailable, time.Second},
		{"due a while", "available", engine.QueueTooOld - 30*time.Second, http.StatusOK, 0},
		{"to begin in a moment", "available", -3 * time.Second, http.StatusOK, 0},
		{"scheduled for later", "scheduled", -time.Hour, http.StatusOK, 0},
		{"to be tried later", "retryable", -time.Hour, http.StatusOK, 0},
		{"running for long", "running", time.Hour, http.StatusOK, 0},
		{"done", "completed", time.Hour, http.StatusOK, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := h.pool.Exec(t.Context(), "DELETE FROM ops.river_job")
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.pool.Exec(t.Context(), `INSERT INTO ops.river_job (kind, queue, args, max_attempts, attempt, state, scheduled_at, finalized_at)
				VALUES ('plane_delivery', 'plane', '{}', 12, 1, $1::ops.river_job_state, now() - $2::interval, CASE $1 WHEN 'completed' THEN now() END)`,
				row.state, row.due)
			if err != nil {
				t.Fatal(err)
			}
			if row.begun > 0 {
				h.execute(t, `INSERT INTO ops.river_job (kind, queue, args, max_attempts, attempt, state, attempted_at, finalized_at)
					VALUES ('plane_delivery', 'plane', '{}', 12, 1, 'completed', now() - $1::interval, now())`, row.begun)
			}
			// Each probe has checks of its own, because results are remembered.
			probed := New(ledger.NewInbox(h.pool, h.queue), h.queue, knownSecrets(), engine.NewHealth(h.pool, nil), engine.NewMetrics(h.pool), quiet)
			status, body := ask(t, probed, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			if status != row.status {
				t.Errorf("readiness = %d %s, want %d", status, body, row.status)
			}
			if row.status != http.StatusOK && !strings.Contains(body, "due for 5m") {
				t.Errorf("readiness says %s, want for how long work has been due", body)
			}
		})
	}
}

func TestReadinessIsNotLostBecauseTheRateLimitIsSpent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	remote := map[string]bridge.Check{"plane": func(ctx context.Context) error {
		if _, limited := plane.MaxWaitOf(ctx); !limited {
			t.Error("a probe waits for the rate limit until its time is over")
		}
		return &plane.BusyError{Until: time.Now().Add(time.Minute)}
	}}
	report := engine.NewHealth(h.pool, remote).Report(t.Context())
	if asked := report.Checks["plane"]; !report.OK || asked.Note == "" {
		t.Errorf("readiness is %t and says of Plane %+v, want it ready and a note", report.OK, asked)
	}
}
