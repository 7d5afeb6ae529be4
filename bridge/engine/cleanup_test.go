package engine_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// keep puts a delivery into the ledger as it is after a while, with no job.
func (w *world) keep(status ledger.Status, age string) uuid.UUID {
	w.t.Helper()
	id := uuid.New()
	_, err := w.queue.Exec(w.t.Context(), `INSERT INTO ops.plane_webhook_deliveries
			(delivery_id, event_key, event, raw_body, status, received_at, processed_at, cause, last_error)
		SELECT $1, $2, 'issue', '{}', $3, now() - $4::interval,
			CASE WHEN $3 IN ('processed', 'ignored') THEN now() - $4::interval END,
			CASE WHEN $3 IN ('failed', 'dead') THEN 'odoo' END, CASE WHEN $3 IN ('failed', 'dead') THEN 'away' END`,
		id, id.String(), status, age)
	w.must(err)
	return id
}

// job gives a delivery a job that is in some state.
func (w *world) job(delivery uuid.UUID, state string) {
	w.t.Helper()
	_, err := w.queue.Exec(w.t.Context(), `INSERT INTO ops.river_job (kind, queue, args, max_attempts, state, attempt, finalized_at)
		VALUES ('plane_delivery', 'plane', jsonb_build_object('delivery_id', $1::text), 12, $2::ops.river_job_state, 1,
			CASE WHEN $2 IN ('completed', 'discarded', 'cancelled') THEN now() END)`, delivery.String(), state)
	w.must(err)
}

func (w *world) cleanup(p *process) {
	w.t.Helper()
	w.must(p.bridge.run(p.ctx, engine.CleanupJob()))
}

// The world keeps what is finished for an hour.
func TestCleanupForgetsWhatWasFinishedLongAgoAndNothingElse(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.forget()
		want := map[uuid.UUID]string{}
		for _, status := range []ledger.Status{
			ledger.StatusReceived, ledger.StatusFailed, ledger.StatusDead, ledger.StatusProcessed, ledger.StatusIgnored,
		} {
			for _, age := range []string{"59 minutes", "61 minutes", "400 days"} {
				id := w.keep(status, age)
				if age == "59 minutes" || status != ledger.StatusProcessed && status != ledger.StatusIgnored {
					want[id] = fmt.Sprint(status, " for ", age)
				}
			}
		}
		w.cleanup(p)
		rows, err := w.queue.Query(p.ctx, "SELECT delivery_id FROM ops.plane_webhook_deliveries")
		w.must(err)
		left, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		w.must(err)
		got := map[uuid.UUID]string{}
		for _, id := range left {
			got[id] = want[id]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the deliveries that are left (-want +got):\n%s", diff)
		}
	})
}

// What was finished is reckoned from its end, not from when it came.
func TestADeliveryThatWaitedLongIsKeptFromItsEndOn(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.forget()
		w.keep(ledger.StatusProcessed, "59 minutes")
		_, err := w.queue.Exec(p.ctx, "UPDATE ops.plane_webhook_deliveries SET received_at = now() - interval '3 days'")
		w.must(err)
		w.cleanup(p)
		w.wantStatus(p, ledger.StatusProcessed, "")
	})
}

func TestCleanupForgetsSweepsAfterAQuarter(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		for _, days := range []int{89, 91} {
			_, err := w.queue.Exec(p.ctx, `INSERT INTO ops.sweeps (flow, plane_project_id, started_at, finished_at, items, requests, missed, deleted,
				archived, drifted, doubled, orphaned, webhook_silent)
				SELECT 'bir', 'p', at, at, $1, 1, 0, 0, 0, 0, 0, 0, false FROM (SELECT now() - make_interval(days => $1) AS at) AS ended`, days)
			w.must(err)
		}
		w.cleanup(p)
		if got := w.count("SELECT coalesce(sum(items), 0) FROM ops.sweeps"); got != 89 {
			t.Errorf("the sweeps that are left are %d days old in all, want the one of 89 days", got)
		}
	})
}

func TestADeliveryWithoutALiveJobIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		status ledger.Status
		age    string
		jobs   []string
		// want is how the delivery stands afterwards, and live how many of its jobs
		// are not finished.
		want ledger.Status
		live int
	}{
		{"received, no job", ledger.StatusReceived, "6 minutes", nil, ledger.StatusReceived, 1},
		{"failed, no job", ledger.StatusFailed, "6 minutes", nil, ledger.StatusFailed, 1},
		{"its job is done and it is not", ledger.StatusReceived, "6 minutes", []string{"completed"}, ledger.StatusReceived, 1},
		{"its job was cancelled", ledger.StatusFailed, "6 minutes", []string{"cancelled"}, ledger.StatusFailed, 1},
		{"its job waits", ledger.StatusReceived, "6 minutes", []string{"available"}, ledger.StatusReceived, 1},
		{"its job runs", ledger.StatusReceived, "6 minutes", []string{"running"}, ledger.StatusReceived, 1},
		{"its job is tried again", ledger.StatusFailed, "6 minutes", []string{"retryable"}, ledger.StatusFailed, 1},
		{"its job was snoozed", ledger.StatusFailed, "6 minutes", []string{"scheduled"}, ledger.StatusFailed, 1},
		{"it came a moment ago", ledger.StatusReceived, "4 minutes", nil, ledger.StatusReceived, 0},
		{"its process died each time", ledger.StatusReceived, "6 minutes", []string{"discarded"}, ledger.StatusDead, 0},
		{"its process died each time, and a person replayed it", ledger.StatusReceived, "6 minutes", []string{"discarded", "available"}, ledger.StatusReceived, 1},
		{"it is processed", ledger.StatusProcessed, "6 minutes", []string{"discarded"}, ledger.StatusProcessed, 0},
		{"it is dead", ledger.StatusDead, "6 minutes", nil, ledger.StatusDead, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				w.forget()
				id := w.keep(row.status, row.age)
				for _, state := range row.jobs {
					w.job(id, state)
				}
				w.cleanup(p)
				w.cleanup(p)
				d := w.only(p)
				live := w.count(`SELECT count(*) FROM ops.river_job WHERE finalized_at IS NULL AND args ->> 'delivery_id' = $1`, id.String())
				if d.Status != row.want || live != row.live {
					t.Errorf("the delivery is %s with %d live jobs, want %s with %d", d.Status, live, row.want, row.live)
				}
				if row.want == ledger.StatusDead && row.status != ledger.StatusDead && (causeOf(d) != bridge.CauseOurs || d.LastError == nil) {
					t.Errorf("it died of %q, %v; want it to be ours, and why", causeOf(d), d.LastError)
				}
			})
		})
	}
}
