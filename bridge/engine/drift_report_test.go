package engine_test

import (
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
)

// Where edits are only reported, the delivery says what was edited and nobody
// writes anything.
func TestWhereEditsAreOnlyReportedTheyStay(t *testing.T) {
	t.Parallel()
	inMirroredWorld(t, func(w *world) { w.reportDrift = true }, func(w *world, p *process) {
		writes := w.plane.Writes(w.item())
		w.letterOf(p, func() { w.must(w.plane.SetTargetDate("maria", w.item(), "2000-03-01")) })
		w.workUntilDone(p)
		w.wantStatus(p, ledger.StatusProcessed, "")
		if outcome := w.only(p).Outcome; outcome == nil || !strings.Contains(*outcome, "target_date was edited in Plane") {
			w.t.Errorf("the outcome is %v, want it to name the field", outcome)
		}
		if item, _ := w.plane.Item(w.item()); item.TargetDate != "2000-03-01" || w.plane.Writes(w.item()) != writes || w.repairs() != 0 {
			w.t.Errorf("the work item is due %s after %d writes and %d repairs, want the person's date and none",
				item.TargetDate, w.plane.Writes(w.item())-writes, w.repairs())
		}
	})
}
