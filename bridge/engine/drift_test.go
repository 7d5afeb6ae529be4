package engine_test

import (
	"net/http"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// repairs counts the jobs that are to put something back.
func (w *world) repairs() int {
	w.t.Helper()
	return w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'mirror_entity' AND args ->> 'task' = 'repair'")
}

// lettersOf are the webhooks of something that happened in Plane; none of them is
// under way any more.
func (w *world) lettersOf(happens func()) []letter {
	w.t.Helper()
	w.must(w.plane.Quiesce(w.t.Context()))
	w.mail.take()
	happens()
	w.must(w.plane.Quiesce(w.t.Context()))
	return w.mail.take()
}

// The webhook of a write comes late, after the bridge has written again: what it
// shows is not what is there, and nobody edited anything.
func TestOurOwnWriteThatComesBackIsNoDrift(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.forget()
		late := w.lettersOf(func() {
			w.odoo.Extend(1, "2000-03-01")
			w.syncAndWork(p)
		})
		w.lettersOf(func() {
			w.odoo.Extend(1, "2000-03-02")
			w.syncAndWork(p)
		})
		writes := w.plane.Writes(w.item())
		w.mail.keepFor(late)
		w.deliver(p)
		w.workUntilDone(p)
		if got := w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'processed'"); got == 0 {
			t.Fatal("no webhook of the bridge's own write came, so this run proves nothing")
		}
		if n := w.repairs(); n != 0 || w.plane.Writes(w.item()) != writes {
			t.Errorf("%d repairs and %d writes because of the bridge's own write, want none", n, w.plane.Writes(w.item())-writes)
		}
	})
}

// A write took effect and its answer was lost: nothing says on the link that Plane shows
// it, and its webhook is the first to tell.
func TestOurOwnWriteThatWasNotAnsweredIsNoDrift(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.forget()
		cut := w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/*/", Kind: planetest.FaultEffectThenCut, Times: -1})
		told := w.lettersOf(func() {
			w.odoo.Extend(1, "2000-03-01")
			w.must(p.bridge.SyncNow(p.ctx, bir.Name))
			p.bridge.WorkOnce(p.ctx, w.queue)
		})
		cut.Remove()
		if item, _ := w.plane.Item(w.item()); item.TargetDate != "2000-03-01" || len(told) == 0 {
			t.Fatalf("the write did not take effect, or %d webhooks came: this run proves nothing", len(told))
		}
		w.exec("DELETE FROM ops.river_job")
		w.mail.keepFor(told)
		w.deliver(p)
		p.bridge.WorkOnce(p.ctx, w.queue)
		if n := w.repairs(); n != 0 {
			t.Errorf("%d repairs because of the bridge's own write, want none", n)
		}
	})
}

// Two writes in a row have no answer, and the first took effect: what it wrote is still
// ours when Odoo wants it otherwise.
func TestAWriteWithoutAnAnswerIsRememberedBesideTheNextOne(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		odoosID := w.odoo.Records(bir.Model)[0]
		lost := w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/*/", Kind: planetest.FaultEffectThenCut, Times: -1})
		w.odoo.DeleteDeadline(1)
		w.must(p.bridge.SyncNow(p.ctx, bir.Name))
		p.bridge.WorkOnce(p.ctx, w.queue)
		lost.Remove()
		if item, _ := w.plane.Item(w.item()); item.StateGroup != "cancelled" {
			t.Fatalf("the work item is %s: this run proves nothing", item.StateGroup)
		}
		cut := w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/*/", Kind: planetest.FaultCut, Times: -1})
		w.odoo.Add(bir.Model, odoosID)
		p.bridge.WorkOnce(p.ctx, w.queue)
		cut.Remove()
		w.mail.take() // The sweep is not what this is about.
		w.workUntilDone(p)
		if item, _ := w.plane.Item(w.item()); item.StateGroup != "unstarted" {
			t.Errorf("the work item is %s, and Odoo has its deadline again", item.StateGroup)
		}
	})
}

func TestAPersonsEditOfWhatOdooOwnsIsDriftAndReverted(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.letterOf(p, func() { w.must(w.plane.SetTargetDate("maria", w.item(), "2000-03-01")) })
		w.workUntilDone(p)
		if n := w.repairs(); n != 1 {
			t.Errorf("%d repairs because of a person's edit, want 1", n)
		}
		if item, _ := w.plane.Item(w.item()); item.TargetDate != "2000-02-20" {
			t.Errorf("the work item is due %s, want the edit reverted", item.TargetDate)
		}
	})
}

// What is Plane's to choose is no drift, whoever chose it.
func TestAPersonsEditOfWhatOdooOnlySuggestsStays(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.letterOf(p, func() {
			w.must(w.plane.SetPriority("maria", w.item(), "low"))
		})
		w.workUntilDone(p)
		if item, _ := w.plane.Item(w.item()); item.Priority != "low" || w.repairs() != 0 {
			t.Errorf("the priority is %s after %d repairs, want the person's and none", item.Priority, w.repairs())
		}
	})
}

// The bridge's own comment under a work item is not told to Odoo as a person's.
func TestOurOwnCommentIsNotToldToOdoo(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		w.settle(p)
		w.odoo.DeleteDeadline(1)
		w.settle(p)
		item, found := w.plane.Item(w.plane.ItemsByExternalID(mapping.ExternalSource, deadlinePair)[0].ID)
		if !found || len(item.Comments) != 1 {
			t.Fatalf("the cancelled work item has the comments %v, want the bridge's one", item.Comments)
		}
		if got := len(w.odoo.Records("mail.message")); got != 0 {
			t.Errorf("%d notes in Odoo about the bridge's own comment, want none", got)
		}
	})
}
