package inbound

import (
	"context"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

const sameItem = "d0a3640b-5125-4741-be29-9d0090a40065"

// A work item shows A, then B, then A again. An old webhook of the first A says what
// is known; what it is told after that of B is older all the same.
func TestAnOldWebhookThatSaysWhatIsKnownDoesNotMakeTheRowOlder(t *testing.T) {
	t.Parallel()
	pool, last := pgtest.Pool(t), time.Date(2026, 11, 21, 20, 0, 20, 0, time.UTC)
	reportedAt := time.Now()
	items := ledger.WorkItemsIn(pool)
	for _, at := range []time.Time{last, last.Add(-20 * time.Second)} {
		row := ledger.WorkItem{ExternalID: sameItem, Title: "A", Status: "Todo", UpdatedAt: at, ReportedAt: &reportedAt, Content: "A"}
		if err := items.Upsert(context.Background(), row); err != nil {
			t.Fatal(err)
		}
	}
	row, err := items.ByID(t.Context(), sameItem)
	if err != nil || !row.UpdatedAt.Equal(last) {
		t.Fatalf("the row is of %v (%v), want %v", row.UpdatedAt, err, last)
	}
	between := folded{at: last.Add(-10 * time.Second), reportedAt: reportedAt}
	if got := between.standing("B", row, time.Now()); got != standingOld {
		t.Errorf("what came between stands as %d, want %d", got, standingOld)
	}
}
