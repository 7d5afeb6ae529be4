package plane

import (
	"encoding/json"
	"testing"
	"time"
)

func TestAnErrorBeforeAnyHeaderDoesNotCloseTheBudget(t *testing.T) {
	t.Parallel()
	var w Window
	now := time.Now()
	w.Reserve(now, LaneBackfill)
	w.Observe(now, Observation{Status: 502, Remaining: -1})
	if at := w.Reserve(now, LaneBackfill); !at.IsZero() {
		t.Errorf("waits %s after an answer without headers", at.Sub(now))
	}
}

func TestAClockSetBackDoesNotFreezeTheBudget(t *testing.T) {
	t.Parallel()
	var w Window
	now := time.Now()
	for range 40 {
		w.Reserve(now, LaneInteractive)
		w.Observe(now, Observation{Status: 200, Remaining: 60 - w.used()})
	}
	back := now.Add(-24 * time.Hour)
	for range 30 {
		if at := w.Reserve(back, LaneInteractive); !at.IsZero() {
			if at.Sub(back) > 2*time.Minute {
				t.Fatalf("waits %s after the clock went back", at.Sub(back))
			}
			back = at
		}
	}
}

func TestTheStateOfABusyWindowStaysSmall(t *testing.T) {
	t.Parallel()
	var w Window
	now := time.Now()
	for range 6000 {
		w.Reserve(now, LaneInteractive)
		now = now.Add(5 * time.Millisecond)
		w.Observe(now, Observation{Status: 200, Remaining: 6000, Took: 5 * time.Millisecond})
		now = now.Add(4 * time.Millisecond)
	}
	raw, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 32<<10 || w.used() < 5900 {
		t.Errorf("%d requests take %d bytes", w.used(), len(raw))
	}
}

// BenchmarkDrain prints the rate achieved as a share of the rate allowed, on a fake clock.
func BenchmarkDrain(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(benchDrain(), "achieved/allowed")
	}
}

// benchDrain drives Window alone, request after request, over ten minutes of its own time.
func benchDrain() float64 {
	const limit, latency = 60, 50 * time.Millisecond
	var w Window
	start := time.Unix(1_800_000_000, 0)
	now, server, sent := start, []time.Time{}, 0
	for now.Sub(start) < 11*time.Minute {
		if at := w.Reserve(now, LaneBackfill); !at.IsZero() {
			now = at
			continue
		}
		now = now.Add(latency)
		server = append(server, now)
		for now.Sub(server[0]) >= time.Minute {
			server = server[1:]
		}
		if now.Sub(start) >= time.Minute {
			sent++
		}
		w.Observe(now, Observation{Status: 200, Remaining: limit - len(server), Took: latency})
	}
	return float64(sent) / (10 * limit)
}

// Somebody else who was seen to take more and more is reckoned to go on, so that a silence of some seconds does not
// end in a full log. One who holds what he held leaves the room as it was.
func TestWhoeverIsSeenToGrowIsReckonedToGoOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		others func(second int) int
		waits  bool
	}{
		"growing": {func(second int) int { return second / 2 }, true},
		"steady":  {func(int) int { return 15 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w Window
			now := time.Now()
			for second := range 31 {
				w.Reserve(now, LaneInteractive)
				w.Observe(now, Observation{Status: 200, Remaining: 60 - w.used() - tc.others(second)})
				now = now.Add(time.Second)
			}
			silence := now.Add(20 * time.Second) // with 14 free of 60 when it began
			if at := w.Reserve(silence, LaneBackfill); at.IsZero() == tc.waits {
				t.Errorf("waits %t, want %t", !at.IsZero(), tc.waits)
			}
		})
	}
}

// after25 is a window after a quiet start: 25 requests, each answered.
func after25(now time.Time) Window {
	var w Window
	for i := range 25 {
		w.Reserve(now, LaneInteractive)
		w.Observe(now, Observation{Status: 200, Remaining: 59 - i})
	}
	return w
}

func TestAShortRetryAfterIsHonouredAsSuch(t *testing.T) {
	t.Parallel()
	for _, lane := range []Lane{LaneInteractive, LaneBackfill, LaneSweep} {
		now := time.Now()
		w := after25(now)
		now = now.Add(5 * time.Second)
		for range 3 { // Several were under way when the server began to refuse.
			w.Log = append(w.Log, Entry{At: now.UnixMicro(), Count: 1})
		}
		for range 3 {
			w.Observe(now, Observation{Status: 429, Remaining: -1, RetryAfter: time.Second})
		}
		at := w.Reserve(now, lane)
		if wait := at.Sub(now); wait > 1100*time.Millisecond {
			t.Errorf("%s waits %s after a Retry-After of 1 s", lane, wait)
		}
		if at := w.Reserve(now.Add(1100*time.Millisecond), lane); !at.IsZero() {
			t.Errorf("%s waits until %s once the Retry-After is over", lane, at)
		}
		if at := w.Reserve(now.Add(1100*time.Millisecond), lane); at.IsZero() {
			t.Error("a second request goes before the first is answered")
		}
	}
}

func TestASecondRefusalInARowIsTakenForAFullLog(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := after25(now)
	for range 2 {
		w.Observe(now, Observation{Status: 429, Remaining: -1, RetryAfter: time.Second})
		now = now.Add(1100 * time.Millisecond)
		if w.Refusals == 1 {
			w.Reserve(now, LaneInteractive)
			now = now.Add(10 * time.Millisecond)
		}
	}
	if at := w.Reserve(now, LaneInteractive); at.IsZero() {
		t.Error("a third request goes at once although the server refuses what it asked for")
	}
}

func TestRequestsThatTheServerDidNotCountProveNoLimit(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var w Window
	for _, o := range []Observation{{Status: 502}, {Status: 403}, {Status: 0}, {Status: 404}} {
		for range 10 {
			w.Reserve(now, LaneInteractive)
			o.Remaining = -1
			w.Observe(now, o)
			now = now.Add(10 * time.Millisecond)
		}
	}
	w.Reserve(now, LaneInteractive)
	w.Observe(now, Observation{Status: 200, Remaining: 59})
	if w.Limit != 60 {
		t.Errorf("the limit is believed to be %d, want 60: one was counted and 59 remain", w.Limit)
	}
}
