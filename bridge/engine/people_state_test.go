package engine_test

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// What a link came upon was not written by the bridge. A state that people chose before
// is theirs as much as one they choose later, as long as Odoo has not closed the matter.
func TestAStateThatPeopleChoseBeforeTheLinkIsTheirsToChangeAgain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		link func(w *world, p *process)
	}{
		{"an adopted work item", func(w *world, p *process) {
			w.exec("UPDATE ops.plane_sync_mappings SET state = 'intended', plane_issue_id = NULL, create_sent_at = now()")
			w.outlast()
			w.syncAndWork(p)
		}},
		{"an imported work item", func(w *world, p *process) {
			id := w.item()
			w.exec("DELETE FROM ops.plane_sync_mappings")
			if lines := w.importing(p, [2]string{"1", id}); !lines[0].Imported {
				w.t.Fatalf("the import says %+v", lines)
			}
			w.syncAndWork(p)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				w.settle(p)
				w.complete()
				row.link(w, p)
				if shows := w.deadlineItem().StateGroup; shows != "completed" {
					w.t.Fatalf("after it was linked the work item is %s, want it as people left it: completed", shows)
				}
				for _, group := range []string{"cancelled", "started", "completed", "unstarted"} {
					w.move(p, group)
					w.sweepByHand(p)
					w.syncAndWork(p)
					if shows := w.deadlineItem().StateGroup; shows != group {
						w.t.Fatalf("a person chose %s, and the work item is %s", group, shows)
					}
				}
			})
		})
	}
}
