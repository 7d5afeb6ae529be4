package engine_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// A duplicate is healed by the sweep's job only where nobody but the bridge's own bot
// can have worked on it. It is cancelled with a comment and never deleted.
func TestOnlyADuplicateThatNobodyTouchedIsCancelled(t *testing.T) {
	t.Parallel()
	personal := planetest.Options{Seed: planetest.Seed{Keys: []planetest.Key{{Key: "plane_api_personal", User: "maria"}}}}
	for _, row := range []struct {
		name    string
		options planetest.Options
		by      string
		touch   func(w *world, duplicate string)
		heals   bool
	}{
		{name: "nobody touched it", by: "bridge", heals: true},
		{name: "a person made it", by: "maria"},
		{name: "a person changed it", by: "bridge", touch: func(w *world, duplicate string) {
			w.must(w.plane.SetPriority("maria", duplicate, "urgent"))
		}},
		{name: "a person changed it and the bridge did last", by: "bridge", touch: func(w *world, duplicate string) {
			w.must(w.plane.SetPriority("maria", duplicate, "urgent"))
			w.must(w.plane.SetPriority("bridge", duplicate, "low"))
		}},
		{name: "a person commented on it", by: "bridge", touch: func(w *world, duplicate string) {
			_, err := w.plane.Comment("maria", duplicate, "<p>mine</p>")
			w.must(err)
		}},
		{name: "a work item is below it", by: "bridge", touch: func(w *world, duplicate string) {
			_, err := w.plane.CreateItem("bridge", planetest.NewItem{Name: "a part of it", ParentID: duplicate})
			w.must(err)
		}},
		{name: "the key is a person's own", options: personal, by: "maria"},
		{name: "its history is answered with an empty page", by: "bridge", touch: func(w *world, duplicate string) {
			w.must(w.plane.SetPriority("maria", duplicate, "urgent"))
			w.must(w.plane.SetPriority("bridge", duplicate, "low"))
			w.plane.Fail(planetest.Fault{Method: http.MethodGet, Path: "work-items/*/activities/", Times: -1, Status: http.StatusOK, Body: emptyPage})
		}},
		{name: "it is older than the linked one", by: "bridge", touch: func(w *world, duplicate string) {
			_, err := w.queue.Exec(context.Background(), "UPDATE ops.plane_sync_mappings SET plane_issue_id = $1", duplicate)
			w.must(err)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, row.options, func(w *world, p *process) {
				linked := w.item()
				duplicate, err := w.plane.CreateItem(row.by, planetest.NewItem{
					Name: "made twice", ExternalSource: mapping.ExternalSource, ExternalID: deadlinePair,
				})
				w.must(err)
				if row.touch != nil {
					row.touch(w, duplicate)
				}
				report, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
				w.must(err)
				if report.Doubled != 1 {
					t.Fatalf("the sweep found %d duplicates, want 1", report.Doubled)
				}
				w.workUntilDone(p)
				after := w.byID(duplicate)
				comments := 0
				for _, comment := range after.Comments {
					if strings.Contains(comment.HTML, "made twice for one record of Odoo") && strings.Contains(comment.HTML, linked) {
						comments++
					}
				}
				healed := after.StateGroup == "cancelled" && after.ExternalID == "" && comments == 1
				untouched := after.StateGroup != "cancelled" && after.ExternalID == deadlinePair && comments == 0
				if after.Deleted || row.heals && !healed || !row.heals && !untouched {
					t.Errorf("the duplicate is now %+v", after)
				}
				if kept := w.byID(linked); kept.Deleted || kept.StateGroup == "cancelled" || kept.ExternalID != deadlinePair {
					t.Errorf("the linked work item is now %+v", kept)
				}
			})
		})
	}
}

// byID is one work item.
func (w *world) byID(id string) planetest.Item {
	w.t.Helper()
	for _, item := range w.plane.Items() {
		if item.ID == id {
			return item
		}
	}
	w.t.Fatalf("there is no work item %s", id)
	return planetest.Item{}
}

// An archived work item is in no list, and the other one is a duplicate all the same.
func TestADuplicateOfAnArchivedWorkItemIsReported(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		w.must(w.plane.Archive("maria", w.item()))
		w.settle(p)
		w.duplicate()
		if report := w.reconciled(p); report.Doubled != 1 || report.Orphaned != 0 {
			t.Errorf("the sweep reports %+v, want one duplicate", report)
		}
	})
}

// A look at duplicates comes once a day. One that finds no link yet must not be that one.
func TestADuplicateOfARecordWithoutALinkIsHealedOnceASyncHasBoundIt(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		duplicate, err := w.plane.CreateItem("bridge", planetest.NewItem{
			Name: "made twice", ExternalSource: mapping.ExternalSource, ExternalID: deadlinePair,
		})
		w.must(err)
		_, err = w.queue.Exec(p.ctx, "DELETE FROM ops.plane_sync_mappings")
		w.must(err)
		for range 2 {
			_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
			w.must(err)
			w.workUntilDone(p)
			w.settle(p)
		}
		if after := w.byID(duplicate); after.StateGroup != "cancelled" || after.ExternalID != "" {
			t.Errorf("after two sweeps the duplicate is %+v", after)
		}
	})
}
