package engine_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// inWorld runs a test in a world where the deadline is mirrored.
func inWorld(t *testing.T, options planetest.Options, test func(w *world, p *process)) {
	t.Helper()
	dsn := pgtest.DSN(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, pgtest.Open(t, dsn), options)
		defer w.close()
		p := w.start(0, noFault)
		defer w.end(p)
		w.settle(p)
		w.plane.ResetCounters()
		w.odoo.ResetCounters()
		test(w, p)
	})
}

// inMirroredWorld runs a test in a world whose deadline is mirrored, after prepare and
// before anything came to rest.
func inMirroredWorld(t *testing.T, prepare func(*world), test func(w *world, p *process)) {
	t.Helper()
	dsn := pgtest.DSN(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, pgtest.Open(t, dsn), planetest.Options{})
		defer w.close()
		mirrored(w)
		prepare(w)
		p := w.start(0, noFault)
		defer w.end(p)
		test(w, p)
	})
}

func (w *world) wantReminders(n int) {
	w.t.Helper()
	if got := len(w.odoo.Records("mail.activity")); got != n {
		w.t.Errorf("%d reminders in Odoo, want %d", got, n)
	}
}

func (w *world) wantOdooWrites(n int) {
	w.t.Helper()
	if got := writesPeopleSee(w.odoo); got != n {
		w.t.Errorf("%d writes to Odoo, want %d: %v", got, n, w.odoo.Writes())
	}
}

// Plane sends a webhook for each field that changed.
func TestABurstOfWebhooksOfOneWorkItemIsOneWriteToOdoo(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		item := w.item()
		w.must(w.plane.SetPriority("maria", item, "urgent"))
		w.must(w.plane.Assign("maria", item, "maria"))
		w.must(w.plane.AddLabel("maria", item, "waiting for the client"))
		w.must(w.plane.MoveItem("maria", item, "completed"))
		w.deliver(p)
		if got := w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'received'"); got != 4 {
			t.Fatalf("%d webhooks wait, want 4", got)
		}
		w.workUntilDone(p)
		w.wantReminders(1)
		w.wantOdooWrites(1)
		if got := w.odoo.Calls()["bir.filing.deadline.search_read"]; got != 1 {
			t.Errorf("the deadline was read %d times for 4 webhooks, want once", got)
		}
	})
}

// An operator who moves to webhooks v2 has both for a while.
func TestBothVersionsOfAWebhookSideBySideAreOneEffect(t *testing.T) {
	t.Parallel()
	options := planetest.Options{Edition: planetest.Commercial, V2NoneStrings: true}
	inWorld(t, options, func(w *world, p *process) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		w.plane.AddWebhook("http://bridge.example/api/webhooks/plane", faultSecret, planetest.V2)
		w.must(w.plane.MoveItem("maria", w.item(), "completed"))
		_, err := w.plane.Comment("maria", w.item(), "<p>sent by courier</p>")
		w.must(err)
		w.settle(p)
		if got := w.count("SELECT count(DISTINCT length(event_key)) FROM ops.plane_webhook_deliveries"); got != 2 {
			t.Fatal("only one version of the webhooks came, so this run proves nothing")
		}
		w.wantReminders(1)
		if got := len(w.odoo.Records("mail.message")); got != 1 {
			t.Errorf("%d notes in Odoo, want 1", got)
		}
	})
}

// What fails for one deadline is tried again for it alone.
func TestAFailingEntityHoldsBackOnlyItself(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.GenerateDeadlines(1, 2000)
		failing := w.item()
		w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/" + failing + "/", Times: -1})
		w.odoo.Extend(1, "2000-01-03")
		w.must(p.bridge.SyncNow(p.ctx, "bir"))
		finished, open, _ := p.bridge.WorkOnce(p.ctx, w.queue)
		if finished != 59 || open != 1 {
			t.Errorf("%d jobs finished and %d open, want 59 and 1", finished, open)
		}
		// The same the other way: its webhooks wait while somebody works on it.
		other := w.plane.Items()[5].ID
		w.mail.take()
		w.must(w.plane.MoveItem("maria", failing, "completed"))
		w.must(w.plane.MoveItem("maria", other, "completed"))
		release := w.hold("work item:" + failing)
		w.deliver(p)
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantReminders(1)
		release()
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantReminders(2)
	})
}
