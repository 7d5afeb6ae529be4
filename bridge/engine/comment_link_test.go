package engine_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
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

// The link is made between the moment in which a delivery looks for it and the one in
// which it looks what else the work item may be.
func TestWhatIsSaidWhileALinkIsMadeReachesOdoo(t *testing.T) {
	t.Parallel()
	comment := func(w *world) {
		_, err := w.plane.Comment("maria", w.item(), "<p>remark</p>")
		w.must(err)
	}
	archived := func(w *world) {
		comment(w)
		w.must(w.plane.Quiesce(context.Background()))
		letters := w.mail.take()
		w.must(w.plane.Archive("maria", w.item()))
		w.must(w.plane.Quiesce(context.Background()))
		w.mail.take() // What tells of the archive is lost.
		w.mail.keepFor(letters)
	}
	for _, row := range []struct {
		name string
		said func(w *world)
		// asked is the request between the two looks.
		asked string
		told  string
	}{
		{"a comment", comment, "work-items/*/", "mail.message"},
		{"a comment on a work item that reads do not show", archived, "work-items/*/", "mail.message"},
		{"a state", (*world).complete, "users/me/", "mail.activity"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
				w.settle(p)
				item, told := w.item(), len(w.odoo.Records(row.told))
				w.exec("UPDATE ops.plane_sync_mappings SET state = 'intended', plane_issue_id = NULL")
				w.exec("DELETE FROM ops.work_items")
				w.letterOf(p, func() { row.said(w) })
				linked := w.plane.Fail(planetest.Fault{Method: http.MethodGet, Path: row.asked, Times: -1, Match: func(*http.Request) bool {
					w.exec("UPDATE ops.plane_sync_mappings SET state = 'linked', plane_issue_id = $1 WHERE plane_issue_id IS NULL", item)
					return false
				}})
				p.bridge.WorkOnce(p.ctx, w.queue)
				linked.Remove()
				if state := w.link().State; state != mapping.Linked {
					t.Fatalf("the link is %s: nothing was asked, so this run proves nothing", state)
				}
				w.workUntilDone(p)
				if n := len(w.odoo.Records(row.told)); n == told {
					t.Errorf("nothing of it is in Odoo: the delivery is %s, %v", w.only(p).Status, *w.only(p).Outcome)
				}
			})
		})
	}
}
