package engine_test

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// From a deadline in Odoo to its work item in Plane.
func TestNoFaultOnTheWayToPlaneShowsAfterwards(t *testing.T) {
	t.Parallel()
	nothingYet := func(*world) {}
	table(t, []faultRow{
		{name: "a work item is created", before: nothingYet, work: syncThrough},
		{name: "a date is extended, which changes labels too", work: syncThrough, act: func(w *world) {
			w.odoo.Extend(1, "2000-01-03")
		}},
		{name: "a deadline is filed", work: syncThrough, act: func(w *world) {
			w.odoo.MarkFiled(deadlineKey)
		}},
		{name: "a work item that is there already is adopted", before: nothingYet, work: syncThrough, act: func(w *world) {
			_, err := w.plane.CreateItem("maria", planetest.NewItem{
				Name: "made by hand", ExternalSource: mapping.ExternalSource, ExternalID: deadlinePair,
			})
			w.must(err)
		}},
		{name: "a deadline is gone, so its work item is cancelled", work: syncThrough, act: func(w *world) {
			w.odoo.DeleteDeadline(1)
		}},
		{name: "a deadline is generated again under a new id", work: syncThrough, act: func(w *world) {
			w.odoo.DeleteDeadline(1)
			w.addDeadline()
		}},
		{name: "a work item was deleted in Plane", work: syncThrough, act: func(w *world) {
			w.must(w.plane.Delete("maria", w.item()))
			w.odoo.Extend(1, "2000-01-03")
		}},
		{
			name: "a work item is created, and its date is extended before anything heals", before: nothingYet, work: syncThrough,
			meanwhile: func(w *world) { w.odoo.Extend(1, "2000-01-01") },
		},
		{
			name: "a work item is created, and its deadline is gone before anything heals", before: nothingYet, work: syncThrough,
			meanwhile: func(w *world) { w.odoo.DeleteDeadline(1) },
		},
		{
			name: "a deadline is filed, and taken back before anything heals", work: syncThrough,
			act: func(w *world) { w.odoo.MarkFiled(deadlineKey) }, meanwhile: func(w *world) { w.unfile() },
		},
		{
			name: "a date is extended, and taken back before anything heals", work: syncThrough,
			act: func(w *world) { w.odoo.Extend(1, "2099-01-03") }, meanwhile: func(w *world) { w.odoo.Extend(1, "2000-02-20") },
		},
		{
			name: "a deadline is gone, and back before anything heals", work: syncThrough,
			act: func(w *world) { w.odoo.DeleteDeadline(1) }, meanwhile: func(w *world) { w.addDeadline() },
		},
		{name: "what was edited in Plane and is Odoo's is reverted", act: func(w *world) {
			w.must(w.plane.RenameItem("maria", w.item(), "my own name for it"))
		}},
	})
}
