package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// missed is an edit of which no webhook tells.
func (w *world) missed() {
	w.t.Helper()
	w.lettersOf(func() { w.must(w.plane.MoveItem("maria", w.item(), "completed")) })
}

// sweepNow runs a sweep as its schedule does.
func (w *world) sweepNow(p *process) {
	w.t.Helper()
	w.must(p.bridge.run(p.ctx, engine.SweepJob(bir.Name)))
}

// caughtUp is a world in which a sweep has nothing to find, and in which no webhook was
// reported yet.
func caughtUp(t *testing.T, test func(w *world, p *process)) {
	t.Helper()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		time.Sleep(time.Hour) // By the bubble's clock, which costs nothing.
		w.sweepNow(p)
		w.settle(p)
		w.forget()
		_, err := w.queue.Exec(p.ctx, "DELETE FROM ops.sweeps; UPDATE ops.work_items SET reported_at = NULL")
		w.must(err)
		test(w, p)
	})
}

func (w *world) swept() int {
	w.t.Helper()
	return w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE origin = 'sweep'")
}

// A webhook may be on its way for a change of the last minute. An operator who asks
// by hand wants everything.
func TestAScheduledSweepLeavesYoungChangesToTheirWebhooks(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		after time.Duration
		sweep func(w *world, p *process)
		found int
	}{
		{"scheduled, half a minute later", 30 * time.Second, (*world).sweepNow, 0},
		{"scheduled, shortly before the grace is over", 55 * time.Second, (*world).sweepNow, 0},
		{"scheduled, when the grace is over", 65 * time.Second, (*world).sweepNow, 1},
		{"owed to webhooks that were refused, at once", 0, func(w *world, p *process) {
			w.must(p.bridge.run(p.ctx, engine.OwedSweepJob(bir.Name)))
		}, 1},
		{"by hand, at once", 0, func(w *world, p *process) {
			report, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
			w.must(err)
			if report.Missed != 1 {
				w.t.Errorf("the sweep reports %+v, want one change missed", report)
			}
		}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			caughtUp(t, func(w *world, p *process) {
				w.missed()
				time.Sleep(row.after)
				row.sweep(w, p)
				if got := w.swept(); got != row.found {
					t.Errorf("the sweep fed %d changes, want %d", got, row.found)
				}
				w.workUntilDone(p)
				w.wantReminders(row.found)
			})
		})
	}
}

// The same for an edit of what Odoo owns, which is reverted.
func TestAScheduledSweepLeavesYoungEditsToTheirWebhooks(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.lettersOf(func() { w.must(w.plane.RenameItem("maria", w.item(), "my own name for it")) })
		w.sweepNow(p)
		if got := w.swept(); got != 0 {
			t.Errorf("the sweep fed %d edits that were just made, want none", got)
		}
		time.Sleep(2 * time.Minute)
		w.sweepNow(p)
		w.workUntilDone(p)
		if item, _ := w.plane.Item(w.item()); w.swept() != 1 || item.Name == "my own name for it" {
			t.Errorf("the sweep fed %d edits and the name is %q, want one, reverted", w.swept(), item.Name)
		}
	})
}

func TestAScheduledSweepKeepsItsReport(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.missed()
		time.Sleep(time.Hour)
		w.sweepNow(p)
		if got := w.count("SELECT count(*) FROM ops.sweeps WHERE flow = 'bir' AND plane_project_id = $1 AND items = 1 AND missed = 1 AND webhook_silent",
			w.plane.ProjectID()); got != 1 {
			t.Error("ops.sweeps does not hold the one change that was missed")
		}
		if got := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'reconcile' AND state = 'completed'"); got != 1 {
			t.Errorf("%d sweeps are completed in the queue, want 1", got)
		}
	})
}

func TestASweepThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.missed()
		time.Sleep(time.Hour)
		w.plane.Down(true)
		job := p.bridge.insert(engine.SweepJob(bir.Name))
		if finished, open, failures := p.bridge.WorkOnce(p.ctx, w.queue); finished != 0 || open != 1 || len(failures) != 1 {
			t.Fatalf("%d jobs finished, %d open, failures %v; want the sweep open, and why", finished, open, failures)
		}
		if got := w.count("SELECT count(*) FROM ops.sweeps"); got != 0 {
			t.Errorf("%d reports of a sweep that read nothing, want none", got)
		}
		w.plane.Down(false)
		w.workUntilDone(p)
		w.workUntilDone(p)
		if got := w.count("SELECT attempt FROM ops.river_job WHERE id = $1 AND state = 'completed'", job); got != 2 {
			t.Errorf("the sweep was completed at attempt %d, want 2", got)
		}
		if got := w.count("SELECT count(*) FROM ops.sweeps WHERE missed = 1"); got != 1 {
			t.Errorf("%d reports of the change, want 1", got)
		}
		w.wantReminders(1)
	})
}

func TestASweepOfAFlowThatIsSwitchedOffDoesNothing(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.plane.ResetCounters()
		w.must(p.bridge.run(p.ctx, engine.SweepJob("another")))
		if got := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'reconcile' AND state = 'completed' AND errors IS NULL"); got != 1 {
			t.Errorf("%d sweeps completed in peace, want 1", got)
		}
		if reports, requests := w.count("SELECT count(*) FROM ops.sweeps"), w.plane.RequestTotal(); reports != 0 || requests != 0 {
			t.Errorf("%d reports and %d requests, want none", reports, requests)
		}
	})
}

// While the database was away Plane told of everything and was answered 500. What the
// sweep that follows finds is no sign that its webhook is switched off.
func TestChangesWhoseWebhooksWereRefusedAreNoSilence(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.missed()
		time.Sleep(time.Hour)
		p.bridge.OweSweep()
		w.must(p.bridge.QueueOwed(p.ctx))
		w.workUntilDone(p)
		if got := w.count("SELECT count(*) FROM ops.sweeps WHERE missed = 1"); got != 1 {
			t.Errorf("%d sweeps found the change, want one", got)
		}
		if got := w.count("SELECT count(*) FROM ops.sweeps WHERE webhook_silent"); got != 0 {
			t.Error("the webhook counts as silent although the bridge refused what it told")
		}
	})
}

// fullBudget lets sweeps wait for a while, in which people go on working.
type fullBudget struct {
	plane.Budget
	meanwhile func()
}

func (b *fullBudget) Wait(ctx context.Context, lane plane.Lane) error {
	if meanwhile := b.meanwhile; lane == plane.LaneSweep && meanwhile != nil {
		b.meanwhile = nil
		time.Sleep(50 * time.Second)
		meanwhile()
	}
	return b.Budget.Wait(ctx, lane)
}

// While much is mirrored a sweep waits for its turn. What changes meanwhile is young,
// and no change from the future.
func TestAChangeThatIsMadeWhileASweepWaitsForItsTurnIsLeftToItsWebhook(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.lanes.Budget = &fullBudget{w.lanes.Budget, w.missed}
		w.sweepNow(p)
		if got := w.count("SELECT count(*) FROM ops.sweeps WHERE items = 1"); got != 1 {
			t.Fatalf("%d sweeps have reported, want one", got)
		}
		if got := w.swept(); got != 0 {
			t.Errorf("the sweep fed %d changes that were just made, want none", got)
		}
	})
}
