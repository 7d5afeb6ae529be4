package observe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

const (
	// checkTimeout bounds one check, so that a probe is answered in time.
	checkTimeout = 5 * time.Second
	// RemoteFor is how long the result of a check stands that asks a remote server: a
	// probe every few seconds must not spend Plane's rate budget.
	RemoteFor = time.Minute
)

// CheckReport is the state of one check.
type CheckReport struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	// Note is what an operator should know although the check passed.
	Note string `json:"note,omitempty"`
}

func reportOf(err error) CheckReport {
	var note *bridge.Note
	switch {
	case err == nil:
		return CheckReport{OK: true}
	case errors.As(err, &note):
		return CheckReport{OK: true, Note: note.Text}
	default:
		return CheckReport{Error: err.Error()}
	}
}

// HealthReport is the answer of /readyz.
type HealthReport struct {
	OK     bool                   `json:"ok"`
	Checks map[string]CheckReport `json:"checks"`
}

// Health runs the checks behind /readyz and remembers their results for a while.
type Health struct {
	checks map[string]*cachedCheck
	now    func() time.Time
}

type cachedCheck struct {
	check bridge.Check
	ttl   time.Duration
	mu    sync.Mutex
	at    time.Time
	err   error
}

// NewHealth returns readiness without a check.
func NewHealth() *Health { return &Health{now: time.Now, checks: make(map[string]*cachedCheck)} }

// Watch adds a check whose result is remembered for a while.
func (h *Health) Watch(name string, ttl time.Duration, check bridge.Check) {
	h.checks[name] = &cachedCheck{ttl: ttl, check: check}
}

// Report runs every check whose result is too old, all at once.
func (h *Health) Report(ctx context.Context) HealthReport {
	report := HealthReport{OK: true, Checks: make(map[string]CheckReport, len(h.checks))}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, name := range slices.Sorted(maps.Keys(h.checks)) {
		wait.Go(func() {
			result := reportOf(h.checks[name].run(ctx, h.now()))
			mu.Lock()
			defer mu.Unlock()
			report.Checks[name] = result
			report.OK = report.OK && result.OK
		})
	}
	wait.Wait()
	return report
}

func (c *cachedCheck) run(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A failure is looked at again soon: whoever repairs it is watching. A note may
	// last for days, and some cost a request to Plane each.
	ttl := c.ttl
	switch {
	case errors.As(c.err, new(*bridge.Note)):
		ttl = min(ttl, RemoteFor)
	case c.err != nil:
		ttl = min(ttl, 10*time.Second)
	}
	if !c.at.IsZero() && now.Sub(c.at) < ttl {
		return c.err
	}
	// The probe that asks may hang up; the result is for the next one as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	c.err = c.check(ctx)
	if errors.Is(c.err, context.DeadlineExceeded) {
		c.err = fmt.Errorf("no answer within %s", checkTimeout)
	}
	c.at = now
	return c.err
}
