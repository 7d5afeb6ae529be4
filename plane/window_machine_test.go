package plane_test

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// countingServer counts requests of the last minute as Plane does, by its own clock,
// and refuses what is over its limit.
type countingServer struct {
	limit    int
	accepted []time.Time
}

func (s *countingServer) take(now time.Time) (remaining int, ok bool) {
	kept := s.accepted[:0]
	for _, at := range s.accepted {
		if now.Sub(at) < time.Minute {
			kept = append(kept, at)
		}
	}
	s.accepted = kept
	if len(s.accepted) >= s.limit {
		return 0, false
	}
	s.accepted = append(s.accepted, now)
	return s.limit - len(s.accepted), true
}

// exchange is a request under way: when it takes effect and when it is answered.
type exchange struct{ sent, arrives, answers time.Time }

// However long requests take, in whatever order answers come and whichever lane asks,
// a server that nobody else uses never refuses one, and a place is free again at the
// latest when a minute is over.
func TestAWindowNeverSpendsMoreThanTheServerAllows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(20, 80).Draw(rt, "limit")
		server, w := &countingServer{limit: limit}, plane.Window{Assumed: limit}
		now := time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
		var underWay []exchange
		granted := 0
		for range rapid.IntRange(50, 300).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 1500).Draw(rt, "pause")) * time.Millisecond)
			underWay = answerDue(rt, server, &w, now, underWay)
			lane := rapid.SampledFrom([]plane.Lane{plane.LaneInteractive, plane.LaneBackfill, plane.LaneSweep}).Draw(rt, "lane")
			if at := w.Reserve(now, lane); !at.IsZero() {
				if at.Sub(now) > time.Minute+time.Second {
					rt.Fatalf("a place is promised in %s", at.Sub(now))
				}
				continue
			}
			granted++
			way := time.Duration(rapid.IntRange(1, 2000).Draw(rt, "way")) * time.Millisecond
			back := time.Duration(rapid.IntRange(1, 2000).Draw(rt, "way back")) * time.Millisecond
			underWay = append(underWay, exchange{now, now.Add(way), now.Add(way + back)})
		}
		if granted == 0 {
			rt.Fatal("no request was ever allowed")
		}
	})
}

// answerDue lets what has arrived by now take effect, and notes what was answered.
func answerDue(rt *rapid.T, server *countingServer, w *plane.Window, now time.Time, underWay []exchange) []exchange {
	var left []exchange
	for _, e := range underWay {
		if e.answers.After(now) {
			left = append(left, e)
			continue
		}
		remaining, ok := server.take(e.arrives)
		if !ok {
			rt.Fatalf("the server refuses the request sent at %s: it has counted %d of %d", e.sent.Format(time.TimeOnly), len(server.accepted), server.limit)
		}
		w.Observe(e.answers, plane.Observation{Status: http.StatusOK, Remaining: remaining, Took: e.answers.Sub(e.sent)})
	}
	return left
}
