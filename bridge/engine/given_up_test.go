package engine_test

import (
	"errors"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// Each step of a sync that finds Plane away takes minutes of repeats, and there may be
// hundreds of them.
func TestASyncGivesUpOnAPlaneThatIsAway(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		for month := 1; month <= 9; month++ {
			w.odoo.Add(bir.Model, map[string]any{
				"name": "1601C", "form_type": "1601C", "period_year": int64(2000), "period_month": int64(month), "deadline_date": "2000-12-10",
			})
		}
		flow := p.bridge.Flows()[0]
		plan, err := p.bridge.Mirror().Plan(p.ctx, flow, mirror.WhatChanged)
		w.must(err)
		if n := plan.Count(mirror.ActionCreate); n != 9 {
			t.Fatalf("the plan creates %d work items, want 9", n)
		}
		w.plane.Down(true)
		run := outbound.Run{Mirror: p.bridge.Mirror(), Flow: flow, Extent: mirror.WhatChanged, Stop: p.ctx, Step: func() {}, Logger: silent}
		result, err := run.CarryOut(p.ctx, plan)
		if !errors.As(err, new(*outbound.AllFailedError)) || result.Failed != 3 {
			t.Errorf("the sync ended with %v after %d failures, want that it gives up after 3", err, result.Failed)
		}
	})
}
