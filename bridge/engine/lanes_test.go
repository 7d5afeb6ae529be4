package engine_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// laneBook is a budget that writes down what it is asked for.
type laneBook struct {
	plane.Budget
	mu    sync.Mutex
	asked map[asking]int
	// busy is until when nobody who would wait only for a while gets a place.
	busy time.Time
}

// asking is a lane, and how long whoever asks would wait; 0 is for ever.
type asking struct {
	lane plane.Lane
	wait time.Duration
}

// Wait implements plane.Budget.
func (b *laneBook) Wait(ctx context.Context, lane plane.Lane) error {
	wait, _ := plane.MaxWaitOf(ctx)
	b.mu.Lock()
	if b.asked == nil {
		b.asked = map[asking]int{}
	}
	b.asked[asking{lane, wait}]++
	busy := b.busy
	b.mu.Unlock()
	if wait > 0 && time.Until(busy) > wait {
		return &plane.BusyError{Until: busy}
	}
	return b.Budget.Wait(ctx, lane)
}

// busyUntil spends the budget until then.
func (b *laneBook) busyUntil(then time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = then
}

// during returns what was asked for while something ran.
func (b *laneBook) during(run func()) []asking {
	b.mu.Lock()
	b.asked = nil
	b.mu.Unlock()
	run()
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Keys(b.asked))
}

// What a person waits for goes before a first mirroring, and a sweep after both. No
// job holds a worker for long while it waits for its turn.
func TestEachKindOfWorkAsksInItsOwnLane(t *testing.T) {
	t.Parallel()
	const whileWorking = 5 * time.Second
	for _, row := range []struct {
		name string
		work func(w *world, p *process)
		want asking
	}{
		{"a webhook that needs a look", func(w *world, p *process) {
			w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
			w.letterOf(p, w.comment)
			p.bridge.WorkOnce(p.ctx, w.queue)
		}, asking{plane.LaneInteractive, whileWorking}},
		{"what Odoo says was changed", func(w *world, p *process) {
			w.odoo.Extend(1, "2000-01-03")
			w.must(w.odooSays(p, 1))
			p.bridge.WorkOnce(p.ctx, w.queue)
		}, asking{plane.LaneInteractive, whileWorking}},
		{"what a sync queued", func(w *world, p *process) {
			w.odoo.Extend(1, "2000-01-03")
			w.must(p.bridge.SyncNow(p.ctx, bir.Name))
			p.bridge.WorkOnce(p.ctx, w.queue)
		}, asking{plane.LaneBackfill, whileWorking}},
		{"a sweep", func(w *world, p *process) {
			w.must(p.bridge.run(p.ctx, engine.SweepJob(bir.Name)))
		}, asking{lane: plane.LaneSweep}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				got := w.lanes.during(func() { row.work(w, p) })
				if len(got) != 1 || got[0] != row.want {
					t.Errorf("the budget was asked for %v, want %v alone", got, row.want)
				}
			})
		})
	}
}

// odooSays queues the hint of an automation rule.
func (w *world) odooSays(p *process, id int64) error {
	queue, err := queue.New(w.queue, queue.Config{InstanceID: instance, Workers: 1, Logger: silent})
	if err != nil {
		return err
	}
	return queue.OdooChanged(p.ctx, bir.Model, id)
}

// A webhook of version 2 names states and labels by their ids.
func TestAWebhookOfVersionTwoIsLookedUpInTheInteractiveLane(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{Edition: planetest.Commercial, V2NoneStrings: true}, func(w *world, _ *process) {
		w.plane.AddWebhook("http://bridge.example/api/webhooks/plane", faultSecret, planetest.V2)
		p := w.start(0, noFault) // It has read no states yet.
		defer w.end(p)
		w.forget()
		w.must(w.plane.MoveItem("maria", w.item(), "completed"))
		w.must(w.plane.Quiesce(p.ctx))
		var second []letter
		for _, l := range w.mail.take() {
			if l.header.Get(plane.HeaderEvent) != "issue" {
				second = append(second, l)
			}
		}
		w.mail.keepFor(second)
		w.deliver(p)
		got := w.lanes.during(func() { w.workUntilDone(p) })
		if want := (asking{plane.LaneInteractive, 5 * time.Second}); len(got) != 1 || got[0] != want {
			t.Errorf("the budget was asked for %v, want %v alone", got, want)
		}
	})
}
