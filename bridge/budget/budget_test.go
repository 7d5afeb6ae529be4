package budget

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/wait"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// The tests of pacing run for minutes of a bubble's clock and seconds of ours.
// PostgreSQL stands outside of the bubble: while a query is under way no time
// passes inside, and the bubble's clock takes the place of the database's.

const budgetedKey = "plane_api_simulated"

// A planeWithReplicas is a simulated Plane and what is needed to make replicas
// that share its key.
type planeWithReplicas struct {
	*planetest.Server
	dsn     string
	latency time.Duration

	mu       sync.Mutex
	accepted []time.Time // our own, by the server's clock
	lowest   int         // fewest remaining that one of our answers told
}

// inBubble runs test in a bubble with a simulated Plane and a database.
func inBubble(t *testing.T, limit int, test func(t *testing.T, p *planeWithReplicas)) {
	t.Helper()
	dsn := pgtest.DSN(t)
	synctest.Test(t, func(t *testing.T) {
		server := planetest.New(planetest.Options{Limit: limit})
		defer server.Close()
		test(t, &planeWithReplicas{Server: server, dsn: dsn, latency: 60 * time.Millisecond, lowest: limit})
	})
}

// RoundTrip sends a request over a line that takes its time.
func (p *planeWithReplicas) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(p.latency / 2)
	at := time.Now()
	res, err := p.RoundTripper().RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusOK {
		p.note(at, res)
	}
	time.Sleep(p.latency / 2)
	return res, err
}

func (p *planeWithReplicas) note(at time.Time, res *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted = append(p.accepted, at)
	remaining := 0
	for _, digit := range res.Header.Get("X-RateLimit-Remaining") {
		remaining = 10*remaining + int(digit-'0')
	}
	p.lowest = min(p.lowest, remaining)
}

// replica is a Plane client with connections and a budget of its own, as another
// process has them.
func (p *planeWithReplicas) replica(t *testing.T) (*plane.Client, *Budget) {
	t.Helper()
	pool := openPool(t, p.dsn, nil)
	budget := New(pool, fixedKey(budgetedKey), slog.New(slog.DiscardHandler))
	budget.store.now = time.Now
	client, err := plane.New(plane.Config{
		BaseURL: "https://plane.example.com", Workspace: p.WorkspaceSlug(), Auth: plane.APIKey(budgetedKey),
		HTTPClient: &http.Client{Transport: p}, Budget: budget,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, budget
}

func openPool(t *testing.T, dsn string, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func fixedKey(credential string) func() Key {
	key := NewKey("https://plane.example.com/api/v1/", credential)
	return func() Key { return key }
}

// drainCalls makes n calls from several workers and returns how many failed.
func drainCalls(ctx context.Context, c *plane.Client, n, workers int) (failed int64) {
	var left, lost atomic.Int64
	left.Store(int64(n))
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := c.Me(ctx); err != nil {
					lost.Add(1)
				}
			}
		})
	}
	wait.Wait()
	return lost.Load()
}

// perMinute is the mean rate over the whole minutes from the second one on.
func (p *planeWithReplicas) perMinute() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	second := p.accepted[0].Add(time.Minute)
	minutes := int(p.accepted[len(p.accepted)-1].Sub(second) / time.Minute)
	n := 0
	for _, at := range p.accepted {
		if !at.Before(second) && at.Before(second.Add(time.Duration(minutes)*time.Minute)) {
			n++
		}
	}
	return float64(n) / float64(minutes)
}

// foreigner uses the key as another program does that knows nothing of us, until
// ctx ends.
func (p *planeWithReplicas) foreigner(ctx context.Context, every time.Duration) {
	for wait.For(ctx, every) == nil {
		p.Spend(budgetedKey, 1)
	}
}

func TestReplicasDrainTogetherAtNineTenthsOfTheRateWithoutRefusal(t *testing.T) {
	t.Parallel()
	for replicas, calls := range map[int]int{1: 150, 3: 300} {
		inBubble(t, 60, func(t *testing.T, p *planeWithReplicas) {
			var wait sync.WaitGroup
			for range replicas {
				client, _ := p.replica(t)
				wait.Go(func() {
					if failed := drainCalls(t.Context(), client, calls/replicas, 4); failed > 0 {
						t.Errorf("%d replicas: %d calls failed", replicas, failed)
					}
				})
			}
			wait.Wait()
			if n := p.Rejected(); n > 0 {
				t.Errorf("%d replicas: %d requests were refused with 429", replicas, n)
			}
			if len(p.accepted) != calls {
				t.Errorf("%d replicas: Plane served %d calls of %d", replicas, len(p.accepted), calls)
			}
			if rate := p.perMinute(); rate < 54 {
				t.Errorf("%d replicas: %.1f requests per minute of 60", replicas, rate)
			}
			if p.lowest < 4 {
				t.Errorf("%d replicas: remaining fell to %d", replicas, p.lowest)
			}
		})
	}
}

func TestReplicasLearnALowerLimitWithoutRefusal(t *testing.T) {
	t.Parallel()
	inBubble(t, 20, func(t *testing.T, p *planeWithReplicas) {
		var wait sync.WaitGroup
		for range 3 {
			client, _ := p.replica(t)
			wait.Go(func() { drainCalls(t.Context(), client, 30, 4) })
		}
		wait.Wait()
		if n := p.Rejected(); n > 0 || len(p.accepted) != 90 {
			t.Errorf("%d of 90 calls were served, %d requests were refused", len(p.accepted), n)
		}
		_, late := p.replica(t)
		if s := late.Status(t.Context()); s.Limit != 20 || s.Proved != 20 {
			t.Errorf("a replica that comes later reads a limit of %d (proved %d), want 20", s.Limit, s.Proved)
		}
	})
}

func TestAForeignClientWithHalfOfTheKeyCausesWaitingNotErrors(t *testing.T) {
	t.Parallel()
	for _, lead := range []time.Duration{0, 90 * time.Second} { // it comes with us, or was there first
		inBubble(t, 60, func(t *testing.T, p *planeWithReplicas) {
			ctx, stop := context.WithCancel(t.Context())
			go p.foreigner(ctx, 2*time.Second)
			time.Sleep(lead)
			var wait sync.WaitGroup
			for range 3 {
				client, _ := p.replica(t)
				wait.Go(func() {
					if failed := drainCalls(t.Context(), client, 30, 4); failed > 0 {
						t.Errorf("lead %s: %d calls failed", lead, failed)
					}
				})
			}
			wait.Wait()
			stop()
			if n := p.Rejected(); n > 0 {
				t.Errorf("lead %s: %d requests were refused with 429", lead, n)
			}
			if rate := p.perMinute(); rate < 20 || rate > 40 {
				t.Errorf("lead %s: %.1f requests per minute beside one that uses 30 of 60", lead, rate)
			}
		})
	}
}

func TestAPersonsChangeInOneReplicaGoesBeforeABackfillInAnother(t *testing.T) {
	t.Parallel()
	inBubble(t, 60, func(t *testing.T, p *planeWithReplicas) {
		backfilling, _ := p.replica(t)
		serving, _ := p.replica(t)
		ctx, stop := context.WithCancel(plane.WithLane(t.Context(), plane.LaneBackfill))
		var backfill sync.WaitGroup
		backfill.Go(func() { drainCalls(ctx, backfilling, 200, 8) })
		time.Sleep(3 * time.Minute)
		start := time.Now()
		if _, err := serving.Me(plane.WithLane(t.Context(), plane.LaneInteractive)); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("a person waited %s behind another replica's backfill", took)
		}
		stop()
		backfill.Wait()
	})
}

func TestASweepInOneReplicaYieldsToABackfillInAnother(t *testing.T) {
	t.Parallel()
	inBubble(t, 60, func(t *testing.T, p *planeWithReplicas) {
		backfilling, _ := p.replica(t)
		sweeping, _ := p.replica(t)
		ctx, stop := context.WithCancel(t.Context())
		var served [2]int64
		var wait sync.WaitGroup
		for i, client := range []*plane.Client{backfilling, sweeping} {
			lane := []plane.Lane{plane.LaneBackfill, plane.LaneSweep}[i]
			wait.Go(func() { served[i] = 1000 - drainCalls(plane.WithLane(ctx, lane), client, 1000, 4) })
		}
		time.Sleep(5 * time.Minute)
		stop()
		wait.Wait()
		if served[0] < 3*served[1] {
			t.Errorf("in five minutes the backfill got %d requests and the sweep %d", served[0], served[1])
		}
	})
}

func TestAWaitBeyondTheAllowedOneIsRefusedAtOnceWhateverTheClocksSay(t *testing.T) {
	t.Parallel()
	inBubble(t, 60, func(t *testing.T, p *planeWithReplicas) {
		client, budget := p.replica(t)
		budget.store.now = func() time.Time { return time.Now().Add(-48 * time.Hour) } // the database is two days behind
		drainCalls(plane.WithLane(t.Context(), plane.LaneInteractive), client, 56, 1)
		start := time.Now()
		_, err := client.Me(plane.WithMaxWait(t.Context(), 5*time.Second))
		var busy *plane.BusyError
		if !errors.As(err, &busy) {
			t.Fatalf("error %v, want *plane.BusyError", err)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("it waited %s before it refused", waited)
		}
		if wait := time.Until(busy.Until); wait <= 5*time.Second || wait > time.Minute+time.Second {
			t.Errorf("Until is %s away by our own clock", wait)
		}
		time.Sleep(time.Until(busy.Until))
		if _, err := client.Me(plane.WithMaxWait(t.Context(), 0)); err != nil {
			t.Errorf("at Until it is still refused: %v", err)
		}
	})
}

func TestWaitingForTheSharedBudgetEndsWithItsContext(t *testing.T) {
	t.Parallel()
	inBubble(t, 60, func(t *testing.T, p *planeWithReplicas) {
		client, _ := p.replica(t)
		drainCalls(plane.WithLane(t.Context(), plane.LaneInteractive), client, 56, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := client.Me(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want deadline exceeded", err)
		}
		if took := time.Since(start); took != 2500*time.Millisecond {
			t.Errorf("ended after %s", took)
		}
	})
}

// roomyPlane is what an observation says while 60 of 60 are there.
var roomyPlane = plane.Observation{Status: http.StatusOK, Remaining: 59}

// Many workers of several replicas ask at the same moment, by the database's own
// clock: what they got is what the row says, and no more than there was.
func TestNoPlaceIsGivenTwice(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	var budgets []*Budget
	for range 3 {
		budgets = append(budgets, New(openPool(t, dsn, nil), fixedKey(budgetedKey), slog.New(slog.DiscardHandler)))
	}
	ctx := plane.WithMaxWait(t.Context(), 0)
	if err := budgets[0].Wait(ctx, plane.LaneInteractive); err != nil {
		t.Fatal(err)
	}
	budgets[0].Observe(ctx, roomyPlane)
	var granted, busy atomic.Int64
	var wait sync.WaitGroup
	for i := range 90 {
		wait.Go(func() {
			err := budgets[i%3].Wait(ctx, plane.LaneInteractive)
			var full *plane.BusyError
			switch {
			case err == nil:
				granted.Add(1)
			case errors.As(err, &full):
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if granted.Load() != 55 || busy.Load() != 35 {
		t.Errorf("%d places were given and %d refused; want 55 and 35, which leaves 4 of 60 free", granted.Load(), busy.Load())
	}
	if used := budgets[1].Status(ctx).Used; used != 56 {
		t.Errorf("the row holds %d requests, want 56", used)
	}
}

func TestTheSharedBudgetWorksWithoutPreparedStatements(t *testing.T) {
	t.Parallel()
	pool := openPool(t, pgtest.DSN(t), func(config *pgxpool.Config) {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // as behind a transaction-mode pooler
		config.MaxConns = 1                                            // and no second connection to lean on
	})
	budget := New(pool, fixedKey(budgetedKey), slog.New(slog.DiscardHandler))
	for range 3 {
		if err := budget.Wait(t.Context(), plane.LaneInteractive); err != nil {
			t.Fatal(err)
		}
		budget.Observe(t.Context(), roomyPlane)
	}
	if s := budget.Status(t.Context()); s.Used != 3 || s.Proved == 0 {
		t.Errorf("status %+v, want 3 used and a proved limit", s)
	}
}
