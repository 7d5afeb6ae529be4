package engine_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// A job that runs may have read the record before the change; one that waits has
// not.
func TestASyncQueuesARecordUnlessAJobWaitsForIt(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]int{"running": 1, "available": 0, "scheduled": 0, "retryable": 0, "completed": 1, "discarded": 1} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				w.forget()
				_, err := w.queue.Exec(p.ctx, `INSERT INTO ops.river_job (kind, queue, args, max_attempts, state, attempt, finalized_at)
					VALUES ('mirror_entity', 'mirror', jsonb_build_object('flow', 'bir', 'key', $1::text), 12, $2::ops.river_job_state, 1,
						CASE WHEN $2 IN ('completed', 'discarded') THEN now() END)`, deadlinePair, state)
				w.must(err)
				w.odoo.Extend(1, "2000-01-03")
				w.must(p.bridge.SyncNow(p.ctx, bir.Name))
				if got := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'mirror_entity'") - 1; got != want {
					t.Errorf("the sync queued the record %d times, want %d", got, want)
				}
			})
		})
	}
}

// The second webhook of a work item stands for the first one, whose telling failed.
func TestASuccessStandsForAnEarlierFailureOfTheSameWorkItem(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		first := w.letterOf(p, w.complete)
		w.odoo.Down(true)
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantStatus(p, ledger.StatusFailed, bridge.CauseOdoo)
		w.odoo.Down(false)
		_, err := w.queue.Exec(p.ctx, "DELETE FROM ops.river_job")
		w.must(err)
		w.must(w.plane.SetPriority("maria", w.item(), "low"))
		w.deliver(p)
		w.workUntilDone(p)
		if got := w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'processed'"); got != 2 {
			t.Errorf("%d deliveries are processed, want both, %s among them", got, first)
		}
		w.wantReminders(1)
	})
}

// One failure is one delivery's: what came with it is tried by its own job.
func TestAFailureMarksItsOwnDeliveryAlone(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.forget()
		w.complete()
		w.must(w.plane.SetPriority("maria", w.item(), "low"))
		w.deliver(p)
		w.odoo.Down(true)
		_, err := w.queue.Exec(p.ctx, "DELETE FROM ops.river_job WHERE id <> (SELECT min(id) FROM ops.river_job)")
		w.must(err)
		p.bridge.WorkOnce(p.ctx, w.queue)
		if failed, open := w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'failed'"),
			w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'received'"); failed != 1 || open != 1 {
			t.Errorf("%d deliveries failed and %d are received, want one each", failed, open)
		}
	})
}

// A job that has to wait for the rate limit is no failure: it costs no attempt, and
// nothing is said of it on the link.
func TestAWaitForTheRateLimitIsNoFailure(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.Extend(1, "2000-01-03")
		w.must(p.bridge.SyncNow(p.ctx, bir.Name))
		w.lanes.busyUntil(time.Now().Add(time.Minute))
		if finished, open, failures := p.bridge.WorkOnce(p.ctx, w.queue); finished != 0 || open != 1 || len(failures) != 0 {
			t.Errorf("%d jobs finished, %d open, failures %v; want the one snoozed", finished, open, failures)
		}
		if got := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'mirror_entity' AND attempt = 0 AND errors IS NULL AND finalized_at IS NULL"); got != 1 {
			t.Errorf("%d jobs wait without an attempt spent, want 1", got)
		}
		if got := w.linked(); got != 1 {
			t.Error("an error is noted on the link")
		}
		w.lanes.busyUntil(time.Time{})
		w.workUntilDone(p)
		if item, _ := w.plane.Item(w.item()); item.TargetDate != "2000-01-03" {
			t.Errorf("the work item is due %s, want what Odoo says", item.TargetDate)
		}
	})
}

// What Plane refuses as wrong is not sent again and again; it waits for a person.
func TestWhatPlaneRefusesForGoodIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.Extend(1, "2000-01-03")
		w.must(p.bridge.SyncNow(p.ctx, bir.Name))
		w.plane.Fail(planetest.Fault{
			Method: http.MethodPatch, Times: -1, Status: http.StatusBadRequest, Body: `{"target_date": ["not a date"]}`,
			Header: http.Header{"Content-Type": {"application/json"}},
		})
		p.bridge.WorkOnce(p.ctx, w.queue)
		if got := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'mirror_entity' AND state = 'cancelled' AND attempt = 1"); got != 1 {
			t.Errorf("%d jobs are given up at once, want 1", got)
		}
		if got := w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE last_error LIKE '%not a date%'"); got != 1 {
			t.Error("the link does not say what Plane refused")
		}
	})
}
