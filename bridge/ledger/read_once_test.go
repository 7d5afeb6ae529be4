package ledger

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// The check that a body is an object, the event's key and what stands beside the body all
// come from one reading; eight allocations are the key and the row.
func TestABodyIsReadOnceOnItsWayIn(t *testing.T) {
	body := []byte(`{"event": "issue", "action": "updated", "data": {"id": "d0a3640b-5125-4741-be29-9d0090a40065", "name": "tea", "labels": [],
		"description_html": "` + strings.Repeat("<p>Kailangan ng pirma</p>", 60) + `", "updated_at": "2026-11-21T20:44:30Z",
		"state": {"id": "a9213c44-c29a-4b65-9213-01f3e436a0ea", "name": "Todo", "group": "unstarted"}}}`)
	reading := testing.AllocsPerRun(100, func() {
		if _, err := plane.DecodeEvent(body); err != nil {
			t.Fatal(err)
		}
	})
	taking := testing.AllocsPerRun(100, func() {
		if _, err := NewDelivery(uuid.Nil, "issue", nil, body); err != nil {
			t.Fatal(err)
		}
	})
	// A second reading would double them; the pools of package json move them by a tenth
	// under the race detector.
	if taking > reading*3/2 {
		t.Errorf("taking a body in takes %.0f allocations, reading it once %.0f", taking, reading)
	}
}

func BenchmarkTakingABodyIn(b *testing.B) {
	for name, length := range map[string]int{"2 kB": 60, "200 kB": 8000} {
		b.Run(name, func(b *testing.B) {
			body := []byte(`{"event": "issue", "action": "updated", "data": {"id": "d0a3640b-5125-4741-be29-9d0090a40065", "name": "tea",
				"description_html": "` + strings.Repeat("<p>Kailangan ng pirma</p>", length) + `", "updated_at": "2026-11-21T20:44:30Z"}}`)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := NewDelivery(uuid.Nil, "issue", nil, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
