package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// sweepByHand sweeps as an operator does, and works through what was found.
func (w *world) sweepByHand(p *process) {
	w.t.Helper()
	time.Sleep(time.Second) // Sweeps are told apart by their time; the bubble's costs nothing.
	_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
	w.must(err)
	w.workUntilDone(p)
}

// wantLink looks how the deadline's link stands.
func (w *world) wantLink(state mapping.State) {
	w.t.Helper()
	link, err := mapping.NewStore(w.queue).ByKey(w.t.Context(), w.start(0, noFault).bridge.Flows()[0].Scope(), deadlinePair)
	w.must(err)
	if link.State != state {
		w.t.Errorf("the link is %s, want %s", link.State, state)
	}
}

// The answer to the create was lost, so that nothing but what its webhook said tells what
// the work item stands for.
func TestAnArchivedWorkItemWithoutALinkIsNotTakenForDeleted(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		w.people(p, 9) // So that one missing work item does not hold the brake.
		w.breakLink("state = 'intended', plane_issue_id = NULL")
		w.must(w.plane.Archive("maria", id))
		w.must(w.plane.Quiesce(p.ctx))
		w.mail.take()
		w.sweepByHand(p)
		if n := w.count("SELECT count(*) FROM ops.work_items WHERE external_id = '" + id + "' AND status = 'archived'"); n != 1 {
			t.Error("the archived work item is not known as archived")
		}
	})
}

// A write finds the work item archived before its webhook, which is lost, could tell.
func TestAWorkItemThatAWriteFoundArchivedIsKnownAsArchived(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		w.must(w.plane.Archive("maria", id))
		w.must(w.plane.Quiesce(p.ctx))
		w.mail.take()
		w.odoo.Extend(1, "2000-01-03")
		w.syncAndWork(p)
		w.wantLink(mapping.Broken)
		w.mail.take()
		w.people(p, 9) // So that one missing work item does not hold the brake.
		w.sweepByHand(p)
		if n := w.count("SELECT count(*) FROM ops.work_items WHERE external_id = '" + id + "' AND status = 'archived'"); n != 1 {
			t.Error("the archived work item is not known as archived")
		}
		w.plane.ResetCounters()
		w.sweepByHand(p)
		if n := w.plane.RequestTotal(); n > 1 {
			t.Errorf("the next sweep takes %d requests, want the list alone", n)
		}
	})
}

// Whoever archives a work item means it: it is neither written nor made again,
// whether the bridge hears of it by a sweep, by a write or when it wants to create.
func TestAnArchivedWorkItemIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		hear func(w *world, p *process)
	}{
		{"found by a sweep", func(w *world, p *process) { w.sweepByHand(p) }},
		{"met by a write", func(w *world, p *process) {
			w.odoo.Extend(1, "2000-01-03")
			w.syncAndWork(p)
		}},
		{"met by a create after the link was lost", func(w *world, p *process) {
			_, err := w.queue.Exec(p.ctx, "DELETE FROM ops.plane_sync_mappings")
			w.must(err)
			w.syncAndWork(p)
		}},
		{"met by a create that goes on", func(w *world, p *process) {
			w.breakLink("state = 'intended', plane_issue_id = NULL")
			w.syncAndWork(p)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				id := w.item()
				w.must(w.plane.Archive("maria", id))
				before, _ := w.plane.Item(id)
				row.hear(w, p)
				w.odoo.Extend(1, "2000-01-04")
				w.settle(p)
				after, _ := w.plane.Item(id)
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("the archived work item changed (-before +after):\n%s", diff)
				}
				if n := len(w.plane.Items()); n != 1 {
					t.Errorf("%d work items, want the archived one alone", n)
				}
				w.wantLink(mapping.Broken)
			})
		})
	}
}

func TestAWorkItemThatComesOutOfTheArchiveIsLinkedAgain(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		w.must(w.plane.Archive("maria", id))
		w.sweepByHand(p)
		w.wantLink(mapping.Broken)
		w.must(w.plane.Unarchive("maria", id))
		w.sweepByHand(p)
		w.wantLink(mapping.Linked)
		w.odoo.Extend(1, "2000-01-03")
		w.settle(p)
		if item, _ := w.plane.Item(id); item.TargetDate != "2000-01-03" {
			t.Errorf("the work item is due %s, want what Odoo says", item.TargetDate)
		}
	})
}

// The next sync may be a quarter of an hour away, and may find nothing to do.
func TestWhatOdooWantsMeanwhileIsWrittenTheMomentAWorkItemIsBack(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		w.must(w.plane.Archive("maria", id))
		w.sweepByHand(p)
		w.odoo.Extend(1, "2000-01-03")
		w.must(w.plane.Unarchive("maria", id))
		w.sweepByHand(p)
		if item, _ := w.plane.Item(id); item.TargetDate != "2000-01-03" {
			t.Errorf("without a sync the work item is due %s, want what Odoo says", item.TargetDate)
		}
	})
}

// The record is gone from Odoo as well, so nothing is to be made again.
func TestACancelledWorkItemThatIsDeletedStaysCancelled(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		w.odoo.DeleteDeadline(1)
		w.settle(p)
		w.wantLink(mapping.Cancelled)
		w.must(w.plane.Delete("maria", id))
		w.sweepByHand(p)
		w.wantLink(mapping.Cancelled)
	})
}

// A brake that held is not gone around by the job of a single record.
func TestARecordThatIsGoneIsLeftToOneSync(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.GenerateDeadlines(1, 2000)
		w.settle(p)
		w.forget()
		for _, deadline := range w.odoo.Deadlines()[:40] {
			w.odoo.DeleteDeadline(deadline.ID)
			w.must(w.odooSays(p, deadline.ID))
		}
		w.plane.ResetCounters()
		for range 40 { // Each takes the look at one record.
			p.bridge.WorkOnce(p.ctx, w.queue)
			if w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'odoo_change' AND finalized_at IS NULL") == 0 {
				break
			}
		}
		if n := w.count("SELECT count(*) FROM ops.river_job WHERE kind = 'sync'"); n != 1 {
			t.Errorf("%d syncs for 40 records that are gone at once, want 1", n)
		}
		w.workUntilDone(p)
		for _, item := range w.plane.Items() {
			if item.StateGroup == "cancelled" {
				t.Fatalf("%s was cancelled in spite of the brake", item.Name)
			}
		}
	})
}

// Both are seen at once when no webhook arrived in between. What is announced to Odoo
// must not wait for the transaction that moves the link.
func TestAWorkItemThatIsBackAndCompletedAtOnceLeavesItsReminder(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		w.must(w.plane.Archive("maria", id))
		w.sweepByHand(p)
		w.wantLink(mapping.Broken)
		w.must(w.plane.Unarchive("maria", id))
		w.complete()
		w.sweepByHand(p)
		w.wantLink(mapping.Linked)
		w.wantReminders(1)
	})
}
