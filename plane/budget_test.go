package plane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestDrainingUsesNineTenthsOfTheRateWithoutRefusal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		limit, workers int
		latency        time.Duration
		lane           Lane
		share          float64
	}{
		{60, 1, 50 * time.Millisecond, LaneBackfill, 0.9},
		{60, 16, 50 * time.Millisecond, LaneBackfill, 0.9},
		{60, 16, 400 * time.Millisecond, LaneBackfill, 0.9},
		{60, 4, 50 * time.Millisecond, LaneInteractive, 0.9},
		{60, 4, 50 * time.Millisecond, LaneSweep, 0.8},
		{300, 16, 50 * time.Millisecond, LaneBackfill, 0.9},
		{100, 16, 200 * time.Millisecond, LaneBackfill, 0.9},
	} {
		t.Run(fmt.Sprintf("limit %d, %d workers, %s, %s", tc.limit, tc.workers, tc.latency, tc.lane), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &slidingServer{limit: tc.limit, latency: tc.latency}
				c := clientOver(t, server)
				n := 6 * tc.limit
				if failed := drain(WithLane(t.Context(), tc.lane), c, n, tc.workers); failed > 0 {
					t.Errorf("%d of %d calls failed", failed, n)
				}
				if len(server.refused) > 0 {
					t.Errorf("%d requests were refused with 429", len(server.refused))
				}
				if rate := server.perMinute(); rate < tc.share*float64(tc.limit) {
					t.Errorf("%.1f requests per minute, want at least %.0f%% of %d", rate, 100*tc.share, tc.limit)
				}
				if server.lowest < keepFree-1 {
					t.Errorf("remaining fell to %d", server.lowest)
				}
			})
		})
	}
}

func TestALowerLimitIsLearnedWithoutRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 20, latency: 50 * time.Millisecond}
		budget := NewBudget()
		c := clientOver(t, server, func(cfg *Config) { cfg.Budget = budget })
		if failed := drain(t.Context(), c, 120, 8); failed > 0 || len(server.refused) > 0 {
			t.Errorf("%d calls failed, %d requests were refused", failed, len(server.refused))
		}
		if s := budget.Status(t.Context()); s.Limit != 20 || s.Proved != 20 {
			t.Errorf("learned %d (proved %d), want 20", s.Limit, s.Proved)
		}
	})
}

func TestAHigherLimitIsLearnedFromTheFirstAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 6000, latency: 10 * time.Millisecond}
		budget := NewBudget()
		c := clientOver(t, server, func(cfg *Config) { cfg.Budget = budget })
		start := time.Now()
		drain(t.Context(), c, 500, 4)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("500 calls took %s under a limit of 6000 per minute", took)
		}
		if got := budget.Status(t.Context()).Limit; got != 6000 {
			t.Errorf("learned %d, want 6000", got)
		}
	})
}

func TestAForeignUserOfTheKeyCausesWaitingNotErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		every time.Duration
		burst int
	}{
		{"steadily", 2 * time.Second, 1},
		{"in bursts", 20 * time.Second, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &slidingServer{limit: 60, latency: 50 * time.Millisecond}
				c := clientOver(t, server)
				ctx, stop := context.WithCancel(t.Context())
				go server.foreigner(ctx, tc.every, tc.burst)
				sleepOrFail(t, 90*time.Second) // the other one was there first
				failed := drain(t.Context(), c, 150, 8)
				stop()
				synctest.Wait()
				if failed > 0 || len(server.refused) > 0 {
					t.Errorf("%d calls failed, %d requests were refused", failed, len(server.refused))
				}
				if server.foreign.refused > 0 {
					t.Errorf("the other user was refused %d times of %d", server.foreign.refused, server.foreign.accepted)
				}
				if rate := server.perMinute(); rate < 20 {
					t.Errorf("%.1f requests per minute beside one that uses 30 of 60", rate)
				}
			})
		})
	}
}

func sleepOrFail(t *testing.T, d time.Duration) {
	t.Helper()
	if err := sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func TestAForeignUserThatComesLaterCausesWaitingNotErrors(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 20 * time.Second, 100 * time.Second} {
		t.Run("after "+after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &slidingServer{limit: 60, latency: 50 * time.Millisecond}
				c := clientOver(t, server)
				ctx, stop := context.WithCancel(t.Context())
				go func() {
					if sleep(ctx, after) == nil {
						server.foreigner(ctx, 2*time.Second, 1)
					}
				}()
				failed := drain(t.Context(), c, 250, 8)
				stop()
				synctest.Wait()
				if failed > 0 || len(server.refused) > 0 {
					t.Errorf("%d calls failed, %d requests were refused", failed, len(server.refused))
				}
			})
		})
	}
}

func TestTheFirstMinuteIsSpreadSoThatOthersAreSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60, latency: 50 * time.Millisecond}
		drain(t.Context(), clientOver(t, server), 70, 8)
		for i, at := range server.accepted[1:] {
			if gap := at.Sub(server.accepted[i]); gap > 4*time.Second {
				t.Errorf("%s passed without an answer after request %d", gap, i+1)
			}
		}
	})
}

func TestAServerWithoutRateHeadersIsHeldToTheAssumedLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60, latency: 20 * time.Millisecond, silent: true}
		c := clientOver(t, server)
		if failed := drain(t.Context(), c, 180, 8); failed > 0 || len(server.refused) > 0 {
			t.Errorf("%d calls failed, %d requests were refused", failed, len(server.refused))
		}
	})
}

func TestARestartBesideAFullLogIsNotRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60, latency: 50 * time.Millisecond}
		drain(t.Context(), clientOver(t, server), 55, 8)
		restarted := clientOver(t, server) // its budget remembers nothing
		if failed := drain(t.Context(), restarted, 60, 16); failed > 0 || len(server.refused) > 0 {
			t.Errorf("%d calls failed, %d requests were refused", failed, len(server.refused))
		}
	})
}

func TestAnOperatorLoweringTheLimitIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60, latency: 50 * time.Millisecond}
		budget := NewBudget()
		c := clientOver(t, server, func(cfg *Config) { cfg.Budget = budget })
		drain(t.Context(), c, 120, 4)
		server.mu.Lock()
		server.limit = 30
		server.mu.Unlock()
		if failed := drain(t.Context(), c, 150, 4); failed > 0 {
			t.Errorf("%d calls failed", failed)
		}
		if got := budget.Status(t.Context()).Limit; got != 30 {
			t.Errorf("limit is believed to be %d, want 30", got)
		}
	})
}

func TestAPersonsChangeGoesBeforeABackfill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60, latency: 50 * time.Millisecond}
		c := clientOver(t, server)
		go drain(WithLane(t.Context(), LaneBackfill), c, 200, 8)
		sleepOrFail(t, 3*time.Minute)
		start := time.Now()
		if _, err := c.Me(WithLane(t.Context(), LaneInteractive)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("a person waited %s behind a backfill", took)
		}
		time.Sleep(10 * time.Minute) // the bubble's clock: let the backfill end
	})
}

func TestASweepYieldsToABackfill(t *testing.T) {
	t.Parallel()
	var w Window
	now := time.Now()
	for !w.Reserve(now, LaneBackfill).After(now.Add(5 * time.Second)) {
		w.Observe(now, Observation{Status: 200, Remaining: 60 - w.used()})
		now = now.Add(time.Second)
		if w.used() == 50 {
			break
		}
	}
	now = now.Add(2 * time.Second) // past what a backfill is spread by
	if at := w.Reserve(now, LaneSweep); at.IsZero() {
		t.Errorf("a sweep took place %d of 60", w.used())
	}
	if at := w.Reserve(now, LaneBackfill); !at.IsZero() {
		t.Errorf("a backfill had to wait with 50 of 60 in use, until %s later", at.Sub(now))
	}
}

func TestAWaitBeyondTheAllowedOneIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60}
		c := clientOver(t, server)
		drain(WithLane(t.Context(), LaneInteractive), c, 56, 1)
		start := time.Now()
		_, err := c.Me(WithMaxWait(t.Context(), 10*time.Second))
		var busy *BusyError
		if !errors.As(err, &busy) {
			t.Fatalf("error %v, want *BusyError", err)
		}
		if time.Since(start) > 0 {
			t.Error("it waited before it refused")
		}
		if wait := time.Until(busy.Until); wait <= 10*time.Second || wait > time.Minute+time.Second {
			t.Errorf("Until is %s away", wait)
		}
		sleepOrFail(t, time.Until(busy.Until))
		if _, err := c.Me(WithMaxWait(t.Context(), 0)); err != nil {
			t.Errorf("at Until it is still refused: %v", err)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60}
		c := clientOver(t, server)
		drain(WithLane(t.Context(), LaneInteractive), c, 56, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		if _, err := c.Me(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want deadline exceeded", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("ended after %s", took)
		}
	})
}

func TestProcessesThatShareAWindowDrainTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slidingServer{limit: 60, latency: 80 * time.Millisecond}
		shared := &storedBudget{state: []byte(`{}`)}
		var wg sync.WaitGroup
		for range 3 {
			c := clientOver(t, server, func(cfg *Config) { cfg.Budget = shared })
			wg.Go(func() {
				if failed := drain(t.Context(), c, 100, 4); failed > 0 {
					t.Errorf("%d calls failed", failed)
				}
			})
		}
		wg.Wait()
		if len(server.refused) > 0 {
			t.Errorf("%d requests were refused", len(server.refused))
		}
		if rate := server.perMinute(); rate < 54 {
			t.Errorf("%.1f requests per minute of 60", rate)
		}
		if len(shared.state) > 8<<10 {
			t.Errorf("the state takes %d bytes", len(shared.state))
		}
	})
}

// storedBudget is a shared budget as somebody would make it over a database: it loads, asks and saves.
type storedBudget struct {
	mu    sync.Mutex
	state []byte
}

func (b *storedBudget) with(use func(w *Window)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var w Window
	if err := json.Unmarshal(b.state, &w); err != nil {
		panic(err)
	}
	use(&w)
	var err error
	if b.state, err = json.Marshal(w); err != nil {
		panic(err)
	}
}

func (b *storedBudget) Wait(ctx context.Context, lane Lane) error {
	for {
		var at time.Time
		b.with(func(w *Window) { at = w.Reserve(time.Now(), lane) })
		if at.IsZero() {
			return nil
		}
		if err := sleep(ctx, min(time.Until(at), time.Second)); err != nil {
			return err
		}
	}
}

func (b *storedBudget) Observe(_ context.Context, o Observation) {
	b.with(func(w *Window) { w.Observe(time.Now(), o) })
}
