package queue

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

func TestWaitsGrowAndNoFailureComesBackAtOnce(t *testing.T) {
	t.Parallel()
	before := time.Duration(0)
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		wait := time.Until(retryPolicy{newDatabaseClock(nil)}.NextRetry(&rivertype.JobRow{Attempt: attempt}))
		if wait < firstRetry*7/10 || wait > lastRetry*13/10 {
			t.Errorf("attempt %d waits %s, want from about %s to %s", attempt, wait, firstRetry, lastRetry)
		}
		// A fifth of jitter either way never turns a tripled wait into a shorter one.
		if wait < before && before < lastRetry*7/10 {
			t.Errorf("attempt %d waits %s, less than the %s before", attempt, wait, before)
		}
		before = wait
	}
}

func TestAPlainInsertIntoTheWorkQueueIsAJobForThatDelivery(t *testing.T) {
	t.Parallel()
	pool, id := pgtest.Pool(t), uuid.New()
	body := []byte(`{"event": "issue", "action": "created"}`)
	_, err := pool.Exec(t.Context(), `INSERT INTO ops.plane_webhook_deliveries (delivery_id, event_key, event, raw_body) VALUES ($1, $2, 'issue', $3)`,
		id, id.String(), body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO ops.work_queue (source, delivery_id) VALUES ('plane', $1)`, id); err != nil {
		t.Fatal(err)
	}
	var status string
	var kind, queue string
	err = pool.QueryRow(t.Context(), `SELECT q.status, j.kind, j.queue FROM ops.work_queue q JOIN ops.river_job j USING (id) WHERE q.delivery_id = $1`, id).
		Scan(&status, &kind, &queue)
	if err != nil || status != "available" || kind != (DeliveryJob{}).Kind() || queue != queuePlane {
		t.Errorf("the job is %s of kind %s in queue %s, %v", status, kind, queue, err)
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO ops.work_queue (source, delivery_id) VALUES ('plane', $1)`, uuid.New()); err == nil {
		t.Error("a job for a delivery that nobody has was taken")
	}
}

func TestAnInstanceTakesUpItsOwnWorkAndNobodyElses(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	queue := ofInstance(t, pool, "mine")
	for _, owner := range []string{"mine", "other"} {
		_, err := pool.Exec(t.Context(), `INSERT INTO ops.river_job (kind, queue, args, max_attempts, state, attempt, attempted_by, attempted_at)
			VALUES ('plane_delivery', 'plane', '{}', 12, 'running', 1, ARRAY[$1], now())`, owner)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := queue.TakeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for owner, want := range map[string]string{"mine": "available", "other": "running"} {
		var state string
		if err := pool.QueryRow(t.Context(), `SELECT state::text FROM ops.river_job WHERE attempted_by = ARRAY[$1]`, owner).Scan(&state); err != nil || state != want {
			t.Errorf("work of %s is %s, %v; want %s", owner, state, err, want)
		}
	}
}

// A database that was away leaves jobs running whose end could not be noted. Those that
// this process is still working on are not begun a second time beside themselves.
func TestWhatALostDatabaseLeftIsTakenUpUnlessItIsInHand(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	queue := ofInstance(t, pool, "mine")
	jobs := make(map[string]int64)
	for _, job := range []string{"in hand", "lost", "given back"} {
		var id int64
		err := pool.QueryRow(t.Context(), `INSERT INTO ops.river_job (kind, queue, args, max_attempts, state, attempt, attempted_by, attempted_at)
			VALUES ('plane_delivery', 'plane', '{}', 12, 'running', 1, ARRAY['mine'], now()) RETURNING id`).Scan(&id)
		if err != nil {
			t.Fatal(err)
		}
		jobs[job] = id
	}
	queue.inHand.take(jobs["in hand"])
	queue.inHand.take(jobs["given back"])()
	if err := queue.takeUpLost(t.Context()); err != nil {
		t.Fatal(err)
	}
	for job, want := range map[string]string{"in hand": "running", "lost": "available", "given back": "available"} {
		var state string
		if err := pool.QueryRow(t.Context(), `SELECT state::text FROM ops.river_job WHERE id = $1`, jobs[job]).Scan(&state); err != nil || state != want {
			t.Errorf("the job that was %s is %s, %v; want %s", job, state, err, want)
		}
	}
}

func TestOrphanedWorkIsRescuedWithinThreeMinutes(t *testing.T) {
	t.Parallel()
	// River looks every 30 s for jobs that run for longer than rescueAfter, and the
	// first retry comes after firstRetry.
	if longest := rescueAfter + 30*time.Second + firstRetry*12/10; longest > 3*time.Minute {
		t.Errorf("orphaned work runs again after %s", longest)
	}
	if rescueAfter <= JobTimeout {
		t.Errorf("work is rescued after %s, while it may run for %s", rescueAfter, JobTimeout)
	}
}

func ofInstance(t *testing.T, pool *pgxpool.Pool, id string) *Queue {
	t.Helper()
	queue, err := New(pool, Config{InstanceID: id, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return queue
}

func TestAnOwedSweepWaitsOnceAndDoesNotCountOneThatRuns(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	queue := ofInstance(t, pool, "mine")
	owe := func(want int) {
		t.Helper()
		for range 3 {
			if err := queue.SweepOwed(t.Context(), "bir"); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM ops.river_job WHERE kind = 'reconcile'").Scan(&n); err != nil || n != want {
			t.Errorf("%d sweeps are in the queue, %v; want %d", n, err, want)
		}
	}
	owe(1)
	if _, err := pool.Exec(t.Context(), "UPDATE ops.river_job SET state = 'running'"); err != nil {
		t.Fatal(err)
	}
	owe(2)
}
