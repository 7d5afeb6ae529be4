package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
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
	}{
		{"due for too long", "available", engine.QueueTooOld + 5*time.Second, http.StatusServiceUnavailable},
		{"due again for too long", "retryable", engine.QueueTooOld + 5*time.Second, http.StatusServiceUnavailable},
		{"due a while", "available", engine.QueueTooOld - 30*time.Second, http.StatusOK},
		{"to begin in a moment", "available", -3 * time.Second, http.StatusOK},
		{"scheduled for later", "scheduled", -time.Hour, http.StatusOK},
		{"to be tried later", "retryable", -time.Hour, http.StatusOK},
		{"running for long", "running", time.Hour, http.StatusOK},
		{"done", "completed", time.Hour, http.StatusOK},
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
