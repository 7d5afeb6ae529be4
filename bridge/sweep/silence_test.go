package sweep

import (
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// The change of a webhook that was too large is missed, and yet Plane has not stopped
// telling.
func TestAWebhookThatWasTooLargeIsASignOfLife(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	missed := time.Now().Add(-time.Minute)
	silent := func() bool {
		s := &sweep{Sweeper: &Sweeper{Pool: pool}, oldest: missed, report: Report{ProjectID: "7d035a41-3dcc-40c1-8843-146228e0e174", Started: missed.Add(time.Hour)}}
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
