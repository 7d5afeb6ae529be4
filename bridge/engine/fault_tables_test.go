package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// A row of a fault table is one way that work goes. The work is done once without
// faults, which tells its remote calls and its commits and how the far sides look
// afterwards. Then it is done again for each of these points and each way in which
// it can go wrong there; whatever happens, the far sides have to look the same once
// the fault is over.
type faultRow struct {
	name string
	// before brings the world to where the work begins. nil: the deadline is
	// mirrored.
	before func(w *world)
	// act is what happens on a far side.
	act func(w *world)
	// meanwhile happens after the fault, before anything has healed. The work may
	// come to its end before it or not at all; the far sides have to look as after
	// either.
	meanwhile func(w *world)
	// work is what the process does about it; workThrough when nil.
	work func(w *world, p *process)
	// plane is the kind of Plane.
	plane planetest.Options
}

// workThrough takes the webhooks and works through the queue as long as jobs can be
// finished.
func workThrough(w *world, p *process) {
	w.deliver(p)
	for p.ctx.Err() == nil {
		if finished, open, _ := p.bridge.WorkOnce(p.ctx, w.queue); finished == 0 || open == 0 {
			return
		}
	}
}

// syncThrough lets the schedule sync, and works through the queue.
func syncThrough(w *world, p *process) {
	if p.bridge.SyncNow(p.ctx, bir.Name) == nil {
		workThrough(w, p)
	}
}

// mirrored is a world in which the deadline has its work item.
func mirrored(w *world) {
	p := w.start(0, noFault)
	defer w.end(p)
	w.settle(p)
}

// outcome is what a run left behind.
type outcome struct {
	sides  farSides
	points []point
	// writes are what Plane was written over its API, by the record's key, and
	// what Odoo was written over RPC.
	planeWrites map[string]int
	odooWrites  int
	struck      bool
}

// run does a row's work with a fault at one point, in a world of its own.
func (row faultRow) run(t *testing.T, queue *pgxpool.Pool, at int, kind fault) outcome {
	t.Helper()
	w := newWorldOf(t, queue, row.plane)
	defer w.close()
	result := row.runIn(w, at, kind)
	result.sides, result.odooWrites = look(w.plane, w.odoo), writesPeopleSee(w.odoo)
	return result
}

// runIn brings a world to where the work begins, does the work with a fault at one
// point, and lets it heal.
func (row faultRow) runIn(w *world, at int, kind fault) (result outcome) {
	w.t.Helper()
	if row.before == nil {
		mirrored(w)
	} else {
		row.before(w)
	}
	if row.act != nil {
		row.act(w)
	}
	w.plane.ResetCounters()
	w.odoo.ResetCounters()
	p := w.start(at, kind)
	defer func() { w.end(p) }()
	if row.work == nil {
		workThrough(w, p)
	} else {
		row.work(w, p)
	}
	result.points, result.struck = p.points, p.struck
	if row.meanwhile != nil {
		row.meanwhile(w)
	}
	if p.isDead() {
		w.end(p)
		w.awaitEnd()
		p = w.start(0, noFault)
		w.must(p.bridge.TakeUp(p.ctx))
	}
	w.settle(p)
	result.planeWrites = map[string]int{}
	for _, item := range w.plane.Items() {
		result.planeWrites[item.ExternalID] += item.Writes
	}
	if left := w.unsettled(); len(left) > 0 {
		w.t.Errorf("not at rest: %v", left)
	}
	return result
}

// table tries every fault at every point of each row.
func table(t *testing.T, rows []faultRow) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.DSN(t)
			synctest.Test(t, func(t *testing.T) { row.tryAll(t, pgtest.Open(t, dsn)) })
		})
	}
}

// tryAll is one row of a table. Its worlds follow each other in one bubble, so that
// they can share connections to the database, which take most of their time.
func (row faultRow) tryAll(t *testing.T, queue *pgxpool.Pool) {
	want := row.run(t, queue, 0, counting)
	if len(want.points) == 0 {
		t.Fatal("the work makes no call and no commit, so this row proves nothing")
	}
	without := want
	if row.meanwhile != nil {
		without = row.idle().run(t, queue, 0, counting)
	}
	faults := 0
	for i, p := range want.points {
		for _, kind := range p.tried() {
			faults++
			row.try(t, queue, i+1, p, kind, want, without)
		}
	}
	t.Logf("%d calls and commits, %d faults", len(want.points), faults)
}

// try is one fault at one point. Everything that is wrong with it stands above its
// name in the test's log.
func (row faultRow) try(t *testing.T, queue *pgxpool.Pool, at int, p point, kind fault, want, without outcome) {
	name := fmt.Sprintf("%d %s %s %s", at, p.side, p.what, kind)
	failed := t.Failed()
	defer func() {
		if t.Failed() && !failed {
			t.Logf("^ this was: %s", name)
		}
	}()
	got := row.run(t, queue, at, kind)
	if cmp.Equal(without.sides, got.sides) {
		want.sides = without.sides
	}
	compare(t, name, want, got)
}

// idle is the same row with a process that does nothing until the end.
func (row faultRow) idle() faultRow {
	row.work = func(*world, *process) {}
	return row
}

// compare holds a run with a fault against the one without. A write to Plane of
// which nobody knows whether it took effect may be repeated, because it sets the
// same values; a write to Odoo never, because people there see each.
func compare(t *testing.T, name string, want, got outcome) {
	t.Helper()
	if !got.struck {
		t.Errorf("%s: the work did not come to where the fault was to strike", name)
	}
	if diff := cmp.Diff(want.sides, got.sides); diff != "" {
		t.Errorf("%s: the far sides differ from a run without faults (-without +with):\n%s", name, diff)
	}
	for key, writes := range got.planeWrites {
		if writes > want.planeWrites[key]+1 {
			t.Errorf("%s: %s was written %d times in Plane, without faults %d times", name, key, writes, want.planeWrites[key])
		}
	}
	if got.odooWrites > want.odooWrites {
		t.Errorf("%s: Odoo was written %d times, without faults %d times", name, got.odooWrites, want.odooWrites)
	}
}
