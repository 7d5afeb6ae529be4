package engine_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// Nobody waits for Plane to come back only to know the state of a work item that no
// record of Odoo depends on.
func TestAWebhookOfAnUnlinkedWorkItemIsBelievedWhilePlaneCannotBeAsked(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "her own"})
		w.must(err)
		w.deliver(p)
		w.workUntilDone(p)
		w.must(w.plane.RenameItem("maria", id, "her own, renamed"))
		w.must(w.plane.Quiesce(context.Background()))
		w.plane.Down(true)
		w.deliver(p)
		w.workUntilDone(p)
		if got := w.count("SELECT count(*) FROM ops.work_items WHERE external_id = $1 AND title = 'her own, renamed'", id); got != 1 {
			t.Error("the newer of two webhooks of one moment is not believed")
		}
		w.tellOfDelete(p, id)
		w.workUntilDone(p)
		if got := w.count("SELECT count(*) FROM ops.work_items WHERE external_id = $1 AND status = 'deleted'", id); got != 1 {
			t.Error("a signed delete is not believed")
		}
	})
}

// A link is undone by proof alone, so a delete of a linked work item waits for Plane.
func TestADeleteOfALinkedWorkItemWaitsForPlane(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		w.plane.Down(true)
		w.tellOfDelete(p, w.item())
		workThrough(w, p)
		if link := w.link(); link.Issue() == "" || w.count("SELECT count(*) FROM ops.work_items WHERE status = 'deleted'") != 0 {
			t.Error("a delete that Plane did not prove undid a link")
		}
	})
}

// tellOfDelete sends the webhook of a delete, as Plane's commercial edition does.
func (w *world) tellOfDelete(p *process, id string) {
	w.t.Helper()
	body := []byte(`{"event": "issue", "action": "deleted", "data": {"id": "` + id + `", "project": "` + w.plane.ProjectID() + `"}}`)
	header := http.Header{}
	header.Set(plane.HeaderSignature, plane.Sign(faultSecret, body))
	header.Set(plane.HeaderDelivery, uuid.NewString())
	header.Set(plane.HeaderEvent, "issue")
	if !p.acknowledges(letter{header, body}) {
		w.t.Fatal("the webhook of a delete was not acknowledged")
	}
}
