package engine_test

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

func TestACommentWaitsForTheLinkOfItsWorkItem(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		w.settle(p)
		// The database is lost with the link, and a person writes before the next sync.
		w.exec("DELETE FROM ops.plane_sync_mappings")
		w.exec("DELETE FROM ops.work_items")
		w.letterOf(p, w.comment)
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantStatus(p, ledger.StatusReceived, "")
		if n := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'plane_delivery' AND finalized_at IS NULL AND scheduled_at > created_at"); n != 1 {
			t.Errorf("%d jobs wait, want the comment's", n)
		}
		w.settle(p)
		if n := len(w.odoo.Records("mail.message")); n == 0 {
			t.Error("the comment is no note in Odoo once its work item is linked")
		}
	})
}

func TestACommentOnSomebodysOwnWorkItemIsSettled(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.people(p, 1)[0]
		w.plane.ResetCounters()
		w.letterOf(p, func() {
			_, err := w.plane.Comment("maria", id, "<p>mine</p>")
			w.must(err)
		})
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantStatus(p, ledger.StatusIgnored, "")
		if n := w.plane.RequestTotal(); n != 0 {
			t.Errorf("%d requests for it, want none", n)
		}
	})
}

// The answer to the create was lost, and the work item is archived before anybody looked:
// reads do not show it then, and a comment on it is not one on nothing.
func TestACommentWaitsForTheLinkOfAWorkItemThatReadsDoNotShow(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		w.settle(p)
		w.breakLink("state = 'intended', plane_issue_id = NULL")
		w.exec("DELETE FROM ops.work_items")
		item := w.item()
		w.letterOf(p, func() {
			_, err := w.plane.Comment("maria", item, "<p>remark</p>")
			w.must(err)
			w.must(w.plane.Quiesce(p.ctx))
			letters := w.mail.take()
			w.must(w.plane.Archive("maria", item))
			w.must(w.plane.Quiesce(p.ctx))
			w.mail.take() // What tells of the archive is lost.
			w.mail.keepFor(letters)
		})
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantStatus(p, ledger.StatusReceived, "")
		w.settle(p)
		if n := len(w.odoo.Records("mail.message")); n == 0 {
			t.Error("the comment is no note in Odoo once its work item is linked")
		}
	})
}
