package engine_test

import (
	"testing"
)

// From a work item in Plane to what Odoo is told of it.
func TestNoFaultOnTheWayToOdooShowsAfterwards(t *testing.T) {
	t.Parallel()
	move := func(group string) func(*world) {
		return func(w *world) { w.must(w.plane.MoveItem("maria", w.item(), group)) }
	}
	completed := func(w *world) {
		mirrored(w)
		move("completed")(w)
		p := w.start(0, noFault)
		defer w.end(p)
		w.settle(p)
	}
	// done is a world in which somebody has ticked the reminder off.
	done := func(w *world) {
		completed(w)
		w.tickOff("bridge")
		move("unstarted")(w)
		mirrored(w)
	}
	// swept is a world in which a sweep found the work item deleted, and nothing was
	// done about it yet.
	swept := func(w *world) {
		completed(w)
		w.must(w.plane.Delete("maria", w.item()))
		p := w.start(0, noFault)
		defer w.end(p)
		_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
		w.must(err)
	}
	// A note and a comment need a return with a chatter.
	withReturn := func(w *world) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		mirrored(w)
	}
	table(t, []faultRow{
		{name: "completed leaves a reminder", act: move("completed")},
		{name: "completed leaves a reminder on the return", before: withReturn, act: move("completed")},
		{name: "started leaves a note on the return", before: withReturn, act: move("started")},
		{name: "opened again takes the reminder back", before: completed, act: move("unstarted")},
		{name: "filed takes the reminder back", before: completed, act: func(w *world) { w.odoo.MarkFiled(deadlineKey) }, work: syncThrough},
		{name: "a comment becomes a note", before: withReturn, act: func(w *world) {
			_, err := w.plane.Comment("maria", w.item(), "<p>sent by courier</p>")
			w.must(err)
		}},
		{name: "completed, and opened again before anything heals", act: move("completed"), meanwhile: move("unstarted")},
		{name: "completed again after the reminder was ticked off leaves another", before: done, act: move("completed")},
		{name: "deleted in Plane takes the reminder back", before: swept},
		{name: "found deleted by a write takes the reminder back", before: completed, work: syncThrough, act: func(w *world) {
			w.must(w.plane.Delete("maria", w.item()))
			w.odoo.Extend(1, "2000-01-03")
		}},
		{name: "gone from Odoo takes the reminder back", before: completed, work: syncThrough, act: func(w *world) { w.odoo.DeleteDeadline(1) }},
		{name: "generated again under a new id leaves one reminder", before: completed, work: syncThrough, act: func(w *world) {
			w.odoo.DeleteDeadline(1)
			w.addDeadline()
		}},
		{name: "completed, and deleted in Plane before anything heals", act: move("completed"), meanwhile: func(w *world) {
			w.must(w.plane.Delete("maria", w.item()))
			w.odoo.Extend(1, "2000-01-03")
		}},
	})
}
