package engine_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/robfig/cron/v3"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// However many replicas share a first mirroring, and however often work is snoozed
// for lack of budget, it takes the requests that the plan says: nothing is looked up
// that was never sent. It runs alone: four processes' work beside other tests is slow,
// and work that fails for slowness backs off.
func TestReplicasTakeNoMoreRequestsThanThePlanSays(t *testing.T) {
	const creates = 250
	taken := map[int]int{}
	var planned int
	for _, replicas := range []int{1, 3} {
		w := newWorldOf(t, pgtest.Pool(t), planetest.Options{})
		defer w.close()
		w.addDeadlines(creates)
		planned = w.planned()
		taken[replicas] = w.serveUntilMirrored(replicas, creates)
		if items := len(w.plane.Items()); items != creates {
			t.Errorf("%d replicas made %d work items, want %d", replicas, items, creates)
		}
	}
	t.Logf("%d creates: planned %d requests, one replica took %d, three took %d", creates, planned, taken[1], taken[3])
	if 100*taken[3] > 105*taken[1] {
		t.Errorf("three replicas took %d requests, one took %d; want at most 1.05 times as many", taken[3], taken[1])
	}
	for replicas, n := range taken {
		if 100*n > 102*planned {
			t.Errorf("%d replicas took %d requests, planned were %d; want at most 2 %% more", replicas, n, planned)
		}
	}
}

// addDeadlines makes that many deadlines, the one of every world included.
func (w *world) addDeadlines(n int) {
	for year := 2000; n >= 60; year++ {
		w.odoo.GenerateDeadlines(1, year)
		n -= 60
	}
	for month := range n {
		w.odoo.Add(bir.Model, map[string]any{
			"name": "2550M", "form_type": "2550M", "period_year": int64(2050), "period_month": int64(month + 1), "deadline_date": "2050-02-20",
		})
	}
}

func (w *world) planned() int {
	w.t.Helper()
	p := w.start(0, noFault)
	defer w.end(p)
	plan, err := p.bridge.Mirror().Plan(p.ctx, p.bridge.Flows()[0], mirror.WhatChanged)
	w.must(err)
	return plan.Requests()
}

// serveUntilMirrored lets replicas serve until every deadline has its work item, and
// returns how many requests that took.
func (w *world) serveUntilMirrored(replicas, deadlines int) int {
	w.t.Helper()
	w.plane.ResetCounters()
	ctx, stop := context.WithCancel(context.Background())
	budget := &scarce{free: 40}
	var serving sync.WaitGroup
	for range replicas {
		b := w.replica(budget)
		serving.Go(func() {
			if err := b.Run(ctx); err != nil {
				w.t.Error(err)
			}
		})
	}
	tick, deadline := time.NewTicker(20*time.Millisecond), time.After(5*time.Minute)
	defer tick.Stop()
	for w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked'") < deadlines {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal("the deadlines are not mirrored")
		}
	}
	stop()
	serving.Wait()
	return w.plane.RequestTotal()
}

// replica is a bridge that serves, with clients and a catalogue of its own.
func (w *world) replica(budget plane.Budget) *engine.Engine {
	w.t.Helper()
	client, err := plane.New(plane.Config{
		BaseURL: "http://plane.example", Workspace: w.plane.WorkspaceSlug(), Auth: w,
		HTTPClient: &http.Client{Transport: w.plane.RoundTripper()}, Budget: budget,
	})
	w.must(err)
	config := w.queue.Config()
	config.MaxConns = 14 // A worker holds one for its lock and needs another beside it.
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	w.must(err)
	w.t.Cleanup(pool.Close)
	queue, err := queue.New(pool, queue.Config{InstanceID: w.t.Name() + time.Now().String(), Workers: 1, Logger: silent})
	w.must(err)
	seldom := cron.Every(24 * time.Hour)
	return engine.New(engine.Config{
		Pool: pool, Queue: queue, Plane: client, Workspace: w.plane.WorkspaceSlug(), AppURL: "https://plane.example",
		Flows: []bridge.Flow{w.flow(&fate{})}, Metrics: engine.NewMetrics(pool), Logger: silent, CancelBrake: 0.5, Retention: time.Hour,
		SyncSchedule: seldom, ReconcileSchedule: seldom, CleanupSchedule: seldom,
	})
}

// scarce is a budget that all replicas share. When its first places are used up it
// sends every second request away, so that most work is snoozed once and more.
type scarce struct {
	mu    sync.Mutex
	free  int
	asked int
}

func (s *scarce) Wait(context.Context, plane.Lane) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked++; s.asked > s.free && s.asked%2 == 0 {
		return &plane.BusyError{Until: time.Now().Add(100 * time.Millisecond)}
	}
	return nil
}

func (*scarce) Observe(context.Context, plane.Observation) {}
