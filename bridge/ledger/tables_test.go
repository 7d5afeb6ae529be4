package ledger

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// A commit may take effect although its answer is lost. The failure that its worker then
// notes is about a delivery that is finished, and must not open it again.
func TestAFailureLeavesAFinishedDeliveryFinished(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	deliveries := DeliveriesIn(pool)
	for _, finished := range []Status{StatusProcessed, StatusIgnored} {
		d := Delivery{ID: uuid.New(), EventKey: string(finished), Origin: originWebhook, Event: "issue", Headers: map[string]string{}, RawBody: []byte("{}")}
		if _, err := deliveries.accept(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := deliveries.Settle(t.Context(), []uuid.UUID{d.ID}, finished, "done"); err != nil {
			t.Fatal(err)
		}
		if err := deliveries.FailOpen(t.Context(), d.ID, StatusFailed, bridge.CauseOurs, "the answer was lost"); err != nil {
			t.Fatal(err)
		}
		kept, err := deliveries.ByID(t.Context(), d.ID)
		if err != nil || kept.Status != finished || kept.LastError != nil {
			t.Errorf("the delivery is %s (%v), want %s as before", kept.Status, err, finished)
		}
	}
}

// Whoever asked knows more than whoever had heard before. Workers see to it under the
// lock of the work item; the table holds it whatever the order.
func TestWhatWasAskedForIsOnlyOverwrittenByWhatIsNewer(t *testing.T) {
	t.Parallel()
	pool, now := pgtest.Pool(t), time.Now()
	items, earlier, later := WorkItemsIn(pool), now.Add(-time.Second), now.Add(time.Second)
	for _, row := range []struct {
		title        string
		heard, asked *time.Time
		want         string
	}{
		{"asked for", nil, &now, "asked for"},
		{"heard of before", &earlier, nil, "asked for"},
		{"asked for before", nil, &earlier, "asked for"},
		{"heard of afterwards", &later, nil, "heard of afterwards"},
	} {
		item := WorkItem{ExternalID: foundItem, Title: row.title, Status: "Todo", UpdatedAt: now, ReportedAt: row.heard, AskedAt: row.asked, Content: row.title}
		if err := items.Upsert(t.Context(), item); err != nil {
			t.Fatal(err)
		}
		if kept, err := items.ByID(t.Context(), foundItem); err != nil || kept.Title != row.want {
			t.Fatalf("after what was %s the row says %q (%v), want %q", row.title, kept.Title, err, row.want)
		}
	}
}
