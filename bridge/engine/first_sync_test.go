package engine_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// Plane checks an external pair and inserts without a unique index, so creates of
// one deadline that come at once would make several work items. Ten processes,
// each with connections of its own, begin with the same deadline.
func TestTenFirstSyncsAtOnceMakeEachWorkItemOnce(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, pgtest.Pool(t), planetest.Options{RaceWindow: 2 * time.Millisecond})
	defer w.close()
	w.odoo.GenerateDeadlines(1, 2000)
	w.plane.MultiRace(true)
	var wait sync.WaitGroup
	for range 10 {
		p := w.start(0, counting)
		defer w.end(p)
		wait.Go(func() { firstSync(t, p) })
	}
	wait.Wait()

	deadlines, items, writes := w.odoo.Deadlines(), w.plane.Items(), 0
	pairs := map[string]bool{}
	for _, item := range items {
		pairs[item.ExternalID] = true
		writes += item.Writes
	}
	if len(deadlines) != 60 || len(items) != 60 || len(pairs) != 60 || writes != 60 {
		t.Errorf("%d deadlines became %d work items of %d keys in %d writes, want 60 each", len(deadlines), len(items), len(pairs), writes)
	}
}

// firstSync is what the sync command does. What another process is busy with is
// left to it.
func firstSync(t *testing.T, p *process) {
	flow := p.bridge.Flows()[0]
	plan, err := p.bridge.Mirror().Plan(p.ctx, flow, mirror.WhatChanged)
	if err != nil {
		t.Error(err)
	}
	for _, step := range plan.Work() {
		if _, err := p.bridge.Mirror().Apply(p.ctx, flow, step.Item, mirror.WhatChanged); err != nil && !errors.Is(err, bridge.ErrLocked) {
			t.Error(err)
		}
	}
}
