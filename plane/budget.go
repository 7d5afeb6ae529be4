package plane

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrBudgetUnavailable says that a budget that is shared could not be asked. Nothing was sent.
var ErrBudgetUnavailable = errors.New("the shared rate budget is not available")

// Budget decides when a request may be sent. One budget belongs to one API key, because the server counts per key.
// Implementations are safe for concurrent use.
type Budget interface {
	// Wait blocks until one request may be sent, and takes its place, or until ctx ends. If the wait would exceed
	// the limit that ctx carries (WithMaxWait), it returns *BusyError at once. A budget that others share asks again
	// every second or so while it waits, because what they observe may make room earlier.
	Wait(ctx context.Context, lane Lane) error
	// Observe corrects the budget by what the server said. It is called once after every Wait that returned nil,
	// with a context that does not end with the request's.
	Observe(ctx context.Context, o Observation)
}

// Observation is what one request taught about the budget.
type Observation struct {
	// Status is the HTTP status, 0 when no answer came.
	Status int
	// Remaining is X-RateLimit-Remaining, -1 when the header is missing (as on 429, 401 and 403).
	Remaining int
	// Reset is X-RateLimit-Reset. Plane always sends now + 60 s, whatever the window holds, so pacing ignores it.
	Reset time.Time
	// RetryAfter is what a 429 asked for, 0 when it did not say.
	RetryAfter time.Duration
	// Took is how long the exchange lasted; a duration, so that clocks of several machines need not agree.
	Took time.Duration
	// Unsent says that the request never left, so that its place is free again.
	Unsent bool
}

// LocalBudget is a budget in memory, for one process. Make it with NewBudget.
type LocalBudget struct {
	mu      sync.Mutex
	window  Window
	changed chan struct{} // closed and replaced whenever an observation may have made room
}

// BudgetOption changes a new LocalBudget.
type BudgetOption func(*LocalBudget)

// WithAssumedLimit sets the requests per minute assumed until the server's headers say more; default DefaultLimit.
func WithAssumedLimit(perMinute int) BudgetOption {
	return func(b *LocalBudget) { b.window.Assumed = perMinute }
}

// WithWindow starts from a saved window, so that a restart does not forget what was sent a moment ago.
func WithWindow(w Window) BudgetOption {
	return func(b *LocalBudget) { b.window = w.clone() }
}

// NewBudget returns a budget for one process. Several processes that share a key need a shared budget, which can
// be made of Window.
func NewBudget(opts ...BudgetOption) *LocalBudget {
	b := &LocalBudget{changed: make(chan struct{})}
	for _, opt := range opts {
		opt(b)
	}
	return b
}

// Wait implements Budget.
func (b *LocalBudget) Wait(ctx context.Context, lane Lane) error {
	start := time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		at, changed := b.reserve(lane)
		if at.IsZero() {
			return nil
		}
		if err := CheckMaxWait(ctx, start, at, nil); err != nil {
			return err
		}
		if err := b.pause(ctx, time.Until(at), changed); err != nil {
			return err
		}
	}
}

// reserve takes a place, or returns when to try again and what to listen to meanwhile.
func (b *LocalBudget) reserve(lane Lane) (time.Time, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.window.Reserve(time.Now(), lane), b.changed
}

func (b *LocalBudget) pause(ctx context.Context, d time.Duration, changed <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-timer.C:
	}
	return nil
}

// Observe implements Budget.
func (b *LocalBudget) Observe(_ context.Context, o Observation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.window.Observe(time.Now(), o)
	close(b.changed)
	b.changed = make(chan struct{})
}

// Window returns a copy of the state, for saving and for showing.
func (b *LocalBudget) Window() Window {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.window.clone()
}

// Status returns what is believed about the budget now.
func (b *LocalBudget) Status(context.Context) BudgetStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.window.Status(time.Now())
}
