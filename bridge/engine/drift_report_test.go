package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// Where edits are only reported, the delivery says what was edited and nobody
// writes anything.
func TestWhereEditsAreOnlyReportedTheyStay(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, pgtest.Open(t, dsn), planetest.Options{})
		defer w.close()
		mirrored(w)
		w.reportDrift = true
		p := w.start(0, noFault)
		defer w.end(p)
		writes := w.plane.Writes(w.item())
		w.letterOf(p, func() { w.must(w.plane.SetTargetDate("maria", w.item(), "2000-03-01")) })
		w.workUntilDone(p)
		w.wantStatus(p, ledger.StatusProcessed, "")
		if outcome := w.only(p).Outcome; outcome == nil || !strings.Contains(*outcome, "target_date was edited in Plane") {
			t.Errorf("the outcome is %v, want it to name the field", outcome)
		}
		if item, _ := w.plane.Item(w.item()); item.TargetDate != "2000-03-01" || w.plane.Writes(w.item()) != writes || w.repairs() != 0 {
			t.Errorf("the work item is due %s after %d writes and %d repairs, want the person's date and none",
				item.TargetDate, w.plane.Writes(w.item())-writes, w.repairs())
		}
	})
}
