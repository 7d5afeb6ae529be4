package engine_test

import (
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
)

// story is something that several do at once. However their steps follow each other,
// it has one end.
type story struct {
	name string
	// before brings the world to where it begins; nil: the deadline is mirrored.
	before func(w *world)
	// begin starts those who do something.
	begin func(e *explored)
	// afterwards happens when all have ended; nil is nothing. Plane's Community edition
	// reports no deletion, so something has to touch the work item for it to be found.
	afterwards func(w *world)
	// peacefully does what begin starts, one after the other.
	peacefully func(w *world, p *process)
}

// inPeace is what people do in a story, done without anybody beside them.
func inPeace(acts ...func(w *world)) func(w *world, p *process) {
	return func(w *world, p *process) {
		for _, act := range acts {
			act(w)
		}
		syncThrough(w, p)
	}
}

func stories() []story {
	nothingYet := func(*world) {}
	withReturn := func(w *world) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		mirrored(w)
	}
	completed := func(w *world) {
		mirrored(w)
		w.must(w.plane.MoveItem("maria", w.item(), "completed"))
		mirrored(w)
	}
	extend := func(w *world) { w.odoo.Extend(1, "2000-01-03") }
	extendAgain := func(w *world) { w.odoo.Extend(1, "2000-01-27") }
	move := func(group string) func(w *world) {
		return func(w *world) { w.must(w.plane.MoveItem("maria", w.item(), group)) }
	}
	rename := func(w *world) { w.must(w.plane.RenameItem("maria", w.item(), "a name of her own")) }
	remove := func(w *world) { w.must(w.plane.Delete("maria", w.item())) }
	comment := func(w *world) {
		_, err := w.plane.Comment("maria", w.item(), "<p>sent by courier</p>")
		w.must(err)
	}
	priority := func(w *world) { w.must(w.plane.SetPriority("maria", w.item(), "urgent")) }
	file := func(w *world) { w.odoo.MarkFiled(deadlineKey) }
	gone := func(w *world) { w.odoo.DeleteDeadline(1) }
	again := func(w *world) { w.addDeadline() }

	in := func(e *explored, act func(w *world)) func() { return func() { act(e.world) } }
	sync := func(e *explored) func() { return e.queueJob(engine.SyncJob(bir.Name)) }
	sweep := func(e *explored) func() { return e.queueJob(engine.SweepJob(bir.Name)) }
	hint := func(e *explored) func() { return e.queueJob(queue.OdooChangeJob{Model: bir.Model, ID: 1}) }

	return []story{
		{
			name: "two syncs and a command make the first work item", before: nothingYet, peacefully: inPeace(),
			begin: func(e *explored) {
				e.person("schedule", sync(e), sync(e))
				e.person("odoo", hint(e))
				e.syncCommand()
			},
		},
		{
			name: "a date is extended twice while jobs and a command look", peacefully: inPeace(extend, func(w *world) { w.odoo.Extend(1, "2000-01-09") }),
			begin: func(e *explored) {
				e.person("accountant", in(e, extend), hint(e), func() { e.odoo.Extend(1, "2000-01-09") }, hint(e))
				e.person("schedule", sync(e))
				e.syncCommand()
			},
		},
		{
			name: "somebody completes a work item while its date is extended", peacefully: inPeace(move("completed"), extend),
			begin: func(e *explored) {
				e.person("maria", in(e, move("started")), in(e, priority), in(e, move("completed")))
				e.person("accountant", in(e, extend), hint(e))
				e.person("schedule", sweep(e))
			},
		},
		{
			name: "somebody renames what Odoo names, while Odoo changes it", peacefully: inPeace(rename, extend),
			begin: func(e *explored) {
				e.person("maria", in(e, rename), in(e, priority))
				e.person("accountant", in(e, extend), hint(e))
				e.person("schedule", sync(e), sweep(e))
			},
		},
		{
			name: "completed, opened and completed again", peacefully: inPeace(move("completed")),
			begin: func(e *explored) {
				e.person("maria", in(e, move("completed")), in(e, move("started")), in(e, move("completed")))
				e.person("schedule", sweep(e), sync(e))
			},
		},
		{
			name: "the deadline is filed while its work item is opened again", before: completed, peacefully: inPeace(move("started"), file),
			begin: func(e *explored) {
				e.person("maria", in(e, move("started")))
				e.person("accountant", in(e, file), hint(e))
				e.person("schedule", sweep(e))
			},
		},
		{
			name: "comments come while the work item changes", before: withReturn, peacefully: inPeace(comment, comment, extend),
			begin: func(e *explored) {
				e.person("maria", in(e, comment), in(e, comment))
				e.person("accountant", in(e, extend), hint(e), sync(e))
			},
		},
		{
			name: "the work item is deleted while its date is extended", peacefully: inPeace(remove, extend), afterwards: extendAgain,
			begin: func(e *explored) {
				e.person("maria", in(e, remove))
				e.person("accountant", in(e, extend), hint(e))
				e.person("schedule", sync(e), sweep(e))
				e.syncCommand()
			},
		},
		{
			name: "the first work item is deleted as soon as it is there", before: nothingYet, afterwards: extendAgain,
			peacefully: func(w *world, p *process) { syncThrough(w, p); remove(w) },
			begin: func(e *explored) {
				e.person("schedule", sync(e), sync(e))
				e.onceMade("maria", in(e, remove))
			},
		},
		{
			name: "the deadline is generated again under a new id", peacefully: inPeace(gone, again),
			begin: func(e *explored) {
				e.person("accountant", in(e, gone), hint(e), in(e, again), sync(e))
				e.person("maria", in(e, priority))
				e.person("schedule", sync(e))
			},
		},
	}
}
