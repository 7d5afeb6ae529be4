package ledger

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// Scripts read these names.
func TestADeliveryIsShownUnderTheNamesThatScriptsRead(t *testing.T) {
	t.Parallel()
	action, entity, cause, failure, outcome := "update", "e", bridge.CausePlane, "away", "kept"
	line := LineOf(Delivery{
		ID: uuid.Nil, ReceivedAt: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), Event: "issue", Action: &action, EntityID: &entity,
		Origin: "webhook", Status: StatusDead, Cause: &cause, Attempts: 3, LastError: &failure, Outcome: &outcome, RawBody: []byte("secret"),
	})
	got, err := json.Marshal(line)
	want := `{"delivery_id":"00000000-0000-0000-0000-000000000000","received_at":"2026-11-27T08:00:00Z","event":"issue","action":"update",` +
		`"entity_id":"e","origin":"webhook","status":"dead","cause":"plane","attempts":3,"outcome":"kept","last_error":"away"}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	if line.EventName() != "issue.update" || line.Said() != "away" {
		t.Errorf("%s: %s", line.EventName(), line.Said())
	}
}
