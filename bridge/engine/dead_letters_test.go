package engine_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// only is the one delivery in the ledger.
func (w *world) only(p *process) ledger.Delivery {
	w.t.Helper()
	found, err := p.bridge.Deliveries().List(p.ctx, ledger.DeliveryFilter{})
	w.must(err)
	if len(found) != 1 {
		w.t.Fatalf("%d deliveries in the ledger, want 1", len(found))
	}
	return found[0]
}

// wantStatus looks how the one delivery stands.
func (w *world) wantStatus(p *process, status ledger.Status, cause bridge.Cause) {
	w.t.Helper()
	d := w.only(p)
	if got := causeOf(d); d.Status != status || got != cause {
		w.t.Errorf("the delivery is %s (%s), want %s (%s); outcome %v", d.Status, got, status, cause, d.Outcome)
	}
}

func causeOf(d ledger.Delivery) bridge.Cause {
	if d.Cause == nil {
		return ""
	}
	return *d.Cause
}

// forget empties the ledger of what came before.
func (w *world) forget() {
	w.t.Helper()
	w.mail.take()
	_, err := w.queue.Exec(context.Background(), "DELETE FROM ops.plane_webhook_deliveries; DELETE FROM ops.river_job")
	w.must(err)
}

// letterOf is the one delivery of something that happened in Plane.
func (w *world) letterOf(p *process, happens func()) uuid.UUID {
	w.t.Helper()
	w.forget()
	happens()
	w.deliver(p)
	return w.only(p).ID
}

func (w *world) complete() { w.must(w.plane.MoveItem("maria", w.item(), "completed")) }

func (w *world) revive(p *process) {
	w.t.Helper()
	w.must(p.bridge.Revive(p.ctx))
	p.bridge.WorkOnce(p.ctx, w.queue)
}

func TestDeadLettersReviveWhenTheServerIsBack(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		letter := w.letterOf(p, w.complete)
		w.odoo.Down(true)
		p.bridge.LastTry(p.ctx, letter)
		w.wantStatus(p, ledger.StatusDead, bridge.CauseOdoo)
		w.revive(p)
		w.wantStatus(p, ledger.StatusDead, bridge.CauseOdoo)
		w.odoo.Down(false)
		w.revive(p)
		w.wantStatus(p, ledger.StatusProcessed, "")
		w.wantReminders(1)

		letter = w.letterOf(p, w.comment)
		w.plane.Down(true)
		p.bridge.LastTry(p.ctx, letter)
		w.wantStatus(p, ledger.StatusDead, bridge.CausePlane)
		w.plane.Down(false)
		w.revive(p)
		w.wantStatus(p, ledger.StatusIgnored, "") // The deadline has no return that takes it.
	})
}

func (w *world) comment() {
	_, err := w.plane.Comment("maria", w.item(), "<p>sent by courier</p>")
	w.must(err)
}

func TestDeadLettersReviveWhenTheKeyIsSet(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		letter := w.letterOf(p, w.comment)
		w.key = ""
		p.bridge.LastTry(p.ctx, letter)
		w.wantStatus(p, ledger.StatusDead, bridge.CauseMissingKey)
		w.revive(p)
		w.wantStatus(p, ledger.StatusDead, bridge.CauseMissingKey)
		w.key = w.plane.BotKey()
		w.revive(p)
		w.wantStatus(p, ledger.StatusIgnored, "")
	})
}

func TestNothingIsTriedMoreOftenThanTheHardCap(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.letterOf(p, w.complete)
		w.odoo.Down(true)
		// Odoo seems to be back now and then, and is away again before anything is told.
		for range engine.HardCap + 5 {
			p.bridge.WorkOnce(p.ctx, w.queue)
			w.odoo.Down(false)
			w.must(p.bridge.Revive(p.ctx))
			w.odoo.Down(true)
		}
		w.wantStatus(p, ledger.StatusDead, bridge.CauseOdoo)
		if got := w.only(p).Attempts; got != engine.HardCap {
			t.Errorf("%d attempts, want the cap of %d", got, engine.HardCap)
		}
		w.odoo.Down(false)
		w.revive(p)
		w.wantStatus(p, ledger.StatusDead, bridge.CauseOdoo)
		w.must(p.bridge.Deliveries().Replay(p.ctx, w.only(p).ID))
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantStatus(p, ledger.StatusProcessed, "")
		w.wantReminders(1)
	})
}

// The cap is the delivery's, not the job's: the queue would go on trying.
func TestADeliveryAtTheHardCapIsDeadAlthoughItsJobHasTriesLeft(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		letter := w.letterOf(p, w.complete)
		w.odoo.Down(true)
		w.exec("UPDATE ops.plane_webhook_deliveries SET attempts = $1 WHERE delivery_id = $2", engine.HardCap-2, letter)
		for _, want := range []ledger.Status{ledger.StatusFailed, ledger.StatusDead} {
			p.bridge.WorkOnce(p.ctx, w.queue)
			w.wantStatus(p, want, bridge.CauseOdoo)
		}
	})
}

// The door refuses an event that it has seen; a replay goes around the door.
func TestAReplayIsNotEatenByItsOwnDedupe(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		letter := w.letterOf(p, w.complete)
		w.workUntilDone(p)
		w.wantReminders(1)
		// Somebody removes the reminder, and the note that it was left.
		w.odoo.Remove("mail.activity", 1)
		_, err := w.queue.Exec(p.ctx, "UPDATE ops.plane_sync_mappings SET notified = ''")
		w.must(err)
		w.must(p.bridge.Deliveries().Replay(p.ctx, letter))
		w.workUntilDone(p)
		w.wantStatus(p, ledger.StatusProcessed, "")
		w.wantReminders(1)
	})
}

func TestAPreviewOfAReplayChangesNothing(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.letterOf(p, w.complete)
		books := func() (state string) {
			w.must(w.queue.QueryRow(p.ctx, `SELECT md5(
				(SELECT string_agg(d::text, '|' ORDER BY delivery_id) FROM ops.plane_webhook_deliveries d)
				|| (SELECT string_agg(i::text, '|' ORDER BY work_item_ref) FROM ops.work_items i)
				|| (SELECT string_agg(m::text, '|' ORDER BY id) FROM ops.plane_sync_mappings m)
				|| (SELECT string_agg(j::text, '|' ORDER BY id) FROM ops.river_job j))`).Scan(&state))
			return state
		}
		before := books()
		would, err := p.bridge.Deliveries().Preview(p.ctx, w.only(p))
		w.must(err)
		if want := `title "[2550M] 2550M - 01/2000" to "[2550M] 2550M - 01/2000", status "Todo" to "Done", and Odoo is told`; would != want {
			t.Errorf("the preview says %q, want %q", would, want)
		}
		if books() != before {
			t.Error("the preview changed the books")
		}
		w.wantOdooWrites(0)
		if got := w.plane.Writes(w.item()); got != 0 {
			t.Errorf("%d writes to Plane, want none", got)
		}
	})
}

// A long outage leaves more letters than one look takes, and none of them waits for the
// next look.
func TestAllDeadLettersOfALongOutageRunAgainAtOnce(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.forget()
		_, err := w.queue.Exec(p.ctx, `INSERT INTO ops.plane_webhook_deliveries
				(delivery_id, event_key, event, raw_body, status, received_at, cause, last_error)
			SELECT gen_random_uuid(), 'long ' || n, 'issue', '{}', 'dead', now(), 'odoo', 'away' FROM generate_series(1, 1001) n`)
		w.must(err)
		w.must(p.bridge.Revive(p.ctx))
		if left := w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'dead'"); left != 0 {
			t.Errorf("%d letters are still dead although Odoo answers", left)
		}
	})
}
