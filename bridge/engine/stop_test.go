package engine_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/robfig/cron/v3"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// schedules are when a running bridge does what; never is later than any test ends.
type schedules struct{ sync, reconcile, cleanup time.Duration }

const never = 1000 * time.Hour

// serving is a bridge that runs by itself: River fetches its jobs and fires its
// schedules. done gives what Run returned.
type serving struct {
	stop context.CancelFunc
	done chan error
}

// serve starts a bridge as the program does.
func (w *world) serve(s schedules) *serving {
	w.t.Helper()
	return w.serveOver(w.queue, s)
}

func (w *world) serveOver(pool *pgxpool.Pool, s schedules) *serving {
	w.t.Helper()
	queue, err := queue.New(pool, queue.Config{InstanceID: "serving", Workers: 2, PollOnly: true, Logger: silent})
	w.must(err)
	queue.TrustOwnClock()
	at := func(every time.Duration) cron.Schedule { return cron.ConstantDelaySchedule{Delay: every} }
	fate := &fate{}
	b := engine.New(engine.Config{
		Pool: pool, Queue: queue, Plane: w.planeClient(fate), Workspace: w.plane.WorkspaceSlug(), AppURL: "https://plane.example",
		Flows: []bridge.Flow{w.flow(fate)}, Remote: w.checks(fate), Metrics: engine.NewMetrics(pool), Logger: silent, CancelBrake: 0.5,
		Retention: time.Hour, SyncSchedule: at(s.sync), ReconcileSchedule: at(s.reconcile), CleanupSchedule: at(s.cleanup),
	})
	ctx, stop := context.WithCancel(context.Background())
	running := &serving{stop, make(chan error, 1)}
	go func() { running.done <- b.Run(ctx) }()
	return running
}

// eventually lets the bubble's clock run until something holds.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for range 3600 {
		if holds() {
			return
		}
		time.Sleep(time.Second)
	}
	w.t.Fatalf("after an hour still not: %s", what)
}

// inServedWorld runs a test in a world with one deadline that is not mirrored yet.
func inServedWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	dsn := pgtest.DSN(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pgtest.Open(t, dsn))
		defer w.close()
		test(w)
	})
}

func (w *world) linked() int {
	w.t.Helper()
	return w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked' AND last_error IS NULL")
}

// A create is under way when the stop comes, and Plane takes a while to answer.
func TestAStopLetsWorkInHandFinish(t *testing.T) {
	t.Parallel()
	inServedWorld(t, func(w *world) {
		slow := w.plane.Fail(planetest.Fault{Method: http.MethodPost, Path: "work-items/", Kind: planetest.FaultWait, Delay: 15 * time.Second})
		running := w.serve(schedules{never, never, never})
		<-slow.Reached()
		stopped := time.Now()
		running.stop()
		if err := <-running.done; err != nil {
			t.Errorf("the bridge stopped with %v", err)
		}
		if took := time.Since(stopped); took < 10*time.Second || took > 25*time.Second {
			t.Errorf("the stop took %s, want as long as the work in hand", took)
		}
		if items, linked := len(w.plane.Items()), w.linked(); items != 1 || linked != 1 {
			t.Errorf("%d work items and %d links after the stop, want 1 each", items, linked)
		}
		if got := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'mirror_entity' AND state = 'completed' AND errors IS NULL"); got != 1 {
			t.Errorf("%d jobs completed in peace, want the one in hand", got)
		}
	})
}

// What does not come to an end within the time to drain is cut off, and its job is
// there for the next process.
func TestAStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	inServedWorld(t, func(w *world) {
		stuck := w.plane.Fail(planetest.Fault{Method: http.MethodPost, Path: "work-items/", Kind: planetest.FaultWait, Delay: 10 * time.Minute})
		running := w.serve(schedules{never, never, never})
		<-stuck.Reached()
		stopped := time.Now()
		running.stop()
		if err := <-running.done; err != nil {
			t.Errorf("the bridge stopped with %v", err)
		}
		if took := time.Since(stopped); took < 19*time.Second || took > 29*time.Second {
			t.Errorf("the stop took %s, want less than the 30 s that are granted", took)
		}
		if got := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'mirror_entity' AND finalized_at IS NULL"); got != 1 {
			t.Errorf("%d jobs are left for the next process, want 1", got)
		}
		if got := w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'intended' AND last_error IS NOT NULL"); got != 1 {
			t.Error("the link does not say that its create was cut off")
		}
	})
}

func TestAStopBeforeTheDatabaseCanBeReachedIsNoFailure(t *testing.T) {
	t.Parallel()
	inServedWorld(t, func(w *world) {
		unplugged := &fate{kind: crash, stop: func() {}}
		pool := w.faultyPool(unplugged)
		defer pool.Close()
		unplugged.die()
		running := w.serveOver(pool, schedules{never, never, never})
		time.Sleep(time.Minute)
		running.stop()
		if err := <-running.done; err != nil {
			t.Errorf("the bridge stopped with %v", err)
		}
	})
}

// From the schedule through River to what it is for.
func TestASyncAtTheStartAndASweepBySchedule(t *testing.T) {
	t.Parallel()
	inServedWorld(t, func(w *world) {
		running := w.serve(schedules{never, 10 * time.Minute, never})
		w.eventually("the deadline is mirrored", func() bool { return w.linked() == 1 })
		if got := w.count("SELECT count(*) FROM ops.sweeps"); got != 0 {
			t.Errorf("%d sweeps before their time, want none", got)
		}
		w.mail.take()
		w.complete()
		w.eventually("a sweep has reported", func() bool { return w.count("SELECT count(*) FROM ops.sweeps WHERE items = 1") > 0 })
		w.eventually("Odoo is told", func() bool { return len(w.odoo.Records("mail.activity")) == 1 })
		running.stop()
		if err := <-running.done; err != nil {
			t.Error(err)
		}
	})
}

func TestEachScheduleBringsItsJobs(t *testing.T) {
	t.Parallel()
	inServedWorld(t, func(w *world) {
		running := w.serve(schedules{7 * time.Minute, 11 * time.Minute, 13 * time.Minute})
		for _, kind := range []string{"sync", "reconcile", "cleanup", "revive", "write_back"} {
			w.eventually("a job "+kind+" is completed", func() bool {
				return w.count("SELECT count(*) FROM ops.river_job WHERE kind = $1 AND state = 'completed'", kind) > 0
			})
		}
		w.eventually("the schedule syncs again", func() bool {
			return w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'sync' AND state = 'completed' AND args ->> 'flow' = $1", bir.Name) > 1
		})
		running.stop()
		if err := <-running.done; err != nil {
			t.Error(err)
		}
	})
}
