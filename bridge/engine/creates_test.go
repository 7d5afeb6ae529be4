package engine_test

import (
	"net/http"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// What is known of a create that nobody heard the end of is what was noted before it was
// sent: without that the next try would not wait for it.
func TestACreateIsNotedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.must(w.plane.Delete("maria", w.item()))
		w.exec("DELETE FROM ops.plane_sync_mappings")
		w.plane.Fail(planetest.Fault{Method: http.MethodPost, Path: "work-items/", Kind: planetest.FaultCut, Times: -1})
		w.must(p.bridge.SyncNow(p.ctx, bir.Name))
		p.bridge.WorkOnce(p.ctx, w.queue)
		if n := w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'intended' AND create_sent_at IS NOT NULL"); n != 1 {
			t.Errorf("%d creates are noted, want the one whose answer never came", n)
		}
	})
}

// People have worked on the older one for longer, and every run has to choose the same.
func TestOfTwoWorkItemsWithOnePairTheOldestIsAdopted(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		lose func(w *world)
	}{
		{"listed by a plan that knows no link", func(w *world) { w.exec("DELETE FROM ops.plane_sync_mappings") }},
		{"looked up after a create that nobody heard of", func(w *world) {
			w.breakLink("state = 'intended', plane_issue_id = NULL, last_synced_at = NULL, create_sent_at = now() - interval '1 day'")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				oldest := w.item()
				_, err := w.plane.CreateItem("bridge", planetest.NewItem{Name: "made twice", ExternalSource: mapping.ExternalSource, ExternalID: deadlinePair})
				w.must(err)
				row.lose(w)
				w.syncAndWork(p)
				if link := w.link(); link.Issue() != oldest {
					t.Errorf("linked is %s, want the oldest, %s", link.Issue(), oldest)
				}
			})
		})
	}
}

// The id in a pair is the program's that gave it; another's may look like ours.
func TestAWorkItemOfAnotherProgramIsNotAdopted(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.must(w.plane.Delete("maria", w.item()))
		w.exec("DELETE FROM ops.plane_sync_mappings")
		foreign, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "another's", ExternalSource: "github", ExternalID: deadlinePair})
		w.must(err)
		w.syncAndWork(p)
		if link := w.link(); link.Issue() == foreign || link.State != mapping.Linked {
			t.Errorf("the deadline is %s to %s, want a work item of its own", link.State, link.Issue())
		}
		if item := w.byID(foreign); item.Name != "another's" {
			t.Errorf("the other program's work item is called %q by now", item.Name)
		}
	})
}

// A write that meets a 404 concludes no more from it than a sweep would: the webhook of
// the move was lost, and nobody proved that the work item is gone.
func TestAWriteThatMeetsAMovedWorkItemMakesNoOther(t *testing.T) {
	t.Parallel()
	options := planetest.Options{Seed: planetest.Seed{Projects: []planetest.SeedProject{
		{Name: "bir-compliance-automation", Identifier: "BIR"}, {Name: "elsewhere", Identifier: "ELS"},
	}}}
	inWorld(t, options, func(w *world, p *process) {
		w.lettersOf(func() { w.must(w.plane.MoveItemToProject("maria", w.item(), w.plane.ProjectIDs()[1])) })
		w.odoo.Extend(1, "2000-01-03")
		w.must(p.bridge.SyncNow(p.ctx, bir.Name))
		p.bridge.WorkOnce(p.ctx, w.queue)
		if n := len(w.plane.Items()); n != 1 {
			t.Errorf("%d work items, want the one that was moved", n)
		}
	})
}
