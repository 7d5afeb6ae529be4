package inbound

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// burst are the webhooks of one work item in which several fields were changed.
func burst(n int) []ledger.Delivery {
	entity := uuid.NewString()
	batch := make([]ledger.Delivery, n)
	for i := range batch {
		at := time.Date(2026, 11, 21, 20, 0, i, 0, time.UTC)
		batch[i] = ledger.Delivery{ID: uuid.New(), Origin: "webhook", ReceivedAt: at, RawBody: []byte(fmt.Sprintf(
			`{"event": "issue", "action": "updated", "data": {"id": %q, "name": "name %d", "updated_at": %q, "labels": [],
				"state": {"id": "a9213c44-c29a-4b65-9213-01f3e436a0ea", "name": "Todo", "group": "unstarted"}}}`, entity, i, at.Format(time.RFC3339Nano)))}
	}
	return batch
}

func BenchmarkFoldingABurst(b *testing.B) {
	batch := burst(8)
	b.ReportAllocs()
	for b.Loop() {
		if f := fold(batch); len(f.ids) != len(batch) {
			b.Fatalf("%d of %d could be read", len(f.ids), len(batch))
		}
	}
}

// What is made of a batch beyond reading each body once is a few lists. A second reading
// would double the allocations; under the race detector the pools of package json move
// them by a tenth.
func TestEachBodyOfABatchIsReadOnce(t *testing.T) {
	const webhooks = 8
	batch := burst(webhooks)
	reading := testing.AllocsPerRun(100, func() {
		for _, d := range batch {
			if _, err := plane.DecodeEvent(d.RawBody); err != nil {
				t.Fatal(err)
			}
		}
	})
	folding := testing.AllocsPerRun(100, func() { fold(batch) })
	if folding > reading*3/2 {
		t.Errorf("folding takes %.0f allocations, reading %d bodies once %.0f", folding, webhooks, reading)
	}
}
