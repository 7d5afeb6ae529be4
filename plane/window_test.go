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
