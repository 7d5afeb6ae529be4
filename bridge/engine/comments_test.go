package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// The record that the bridge said to be gone may be back before the webhook of its
// comment is worked on: then there is a chatter to write to, and it is not written to.
func TestOurOwnCommentOnALiveRecordIsNotToldToOdoo(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		w.settle(p)
		w.letterOf(p, func() {
			_, err := p.bridge.Mirror().Plane.CreateComment(p.ctx, w.plane.ProjectID(), w.item(), plane.NewComment{
				HTML: "<p>the bridge's own</p>", ExternalSource: mapping.ExternalSource, ExternalID: "own#gone",
			})
			w.must(err)
		})
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantStatus(p, ledger.StatusIgnored, "")
		if n := len(w.odoo.Records("mail.message")); n != 0 {
			t.Errorf("%d notes in Odoo, want none", n)
		}
	})
}

// A comment that can never be told is a person's matter and not the queue's.
func TestACommentWaitsADayForTheLinkAndNoLonger(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.settle(p)
		w.exec("DELETE FROM ops.plane_sync_mappings")
		letter := w.letterOf(p, w.comment)
		for _, row := range []struct {
			ago    string
			status ledger.Status
			cause  bridge.Cause
		}{
			{"23 hours", ledger.StatusReceived, ""},
			{"25 hours", ledger.StatusDead, bridge.CauseData},
		} {
			w.exec("UPDATE ops.plane_webhook_deliveries SET received_at = now() - $1::interval WHERE delivery_id = $2", row.ago, letter)
			w.exec("UPDATE ops.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'plane_delivery' AND finalized_at IS NULL")
			p.bridge.WorkOnce(p.ctx, w.queue)
			w.wantStatus(p, row.status, row.cause)
		}
	})
}

// One of Plane's hosts is behind the other, so the later text of a comment has the
// earlier time, and both webhooks are worked on together.
func TestEachTextOfACommentIsANoteWhateverItsTime(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.odoo.LinkReturn(1, w.odoo.AddReturn(1, "2550M"))
		w.settle(p)
		w.forget()
		w.plane.SetClocks(0, -3*time.Second)
		id, err := w.plane.Comment("maria", w.item(), "<p>first thought</p>")
		w.must(err)
		w.must(w.plane.Quiesce(p.ctx)) // A webhook's body is made when it is sent.
		w.must(w.plane.EditComment("maria", id, "<p>second thought</p>"))
		w.deliver(p)
		p.bridge.WorkOnce(p.ctx, w.queue)
		var notes string
		for _, note := range w.odoo.Records("mail.message") {
			notes += fmt.Sprint(note["body"])
		}
		if !strings.Contains(notes, "first thought") || !strings.Contains(notes, "second thought") {
			t.Errorf("the notes are %q, want both thoughts", notes)
		}
	})
}
