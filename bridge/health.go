package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	// checkTimeout bounds one check, so that a probe is answered in time.
	checkTimeout = 5 * time.Second
	// localFor and remoteFor are how long a result stands. A probe every few
	// seconds must not spend Plane's rate budget.
	localFor  = 2 * time.Second
	remoteFor = time.Minute
	// queueTooOld is when work that is due but not begun means that something is
	// stuck.
	queueTooOld = 5 * time.Minute
)

// Check is one thing that has to work. Its error is what an operator reads; a *Note
// is none.
type Check func(ctx context.Context) error

// Note is what a check returns that passed and has something to tell: somebody should
// look, and the bridge does its work all the same.
type Note struct{ Text string }

func (n *Note) Error() string { return n.Text }

// CheckReport is the state of one check.
type CheckReport struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	// Note is what an operator should know although the check passed.
	Note string `json:"note,omitempty"`
}

func reportOf(err error) CheckReport {
	var note *Note
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
	check Check
	ttl   time.Duration
	mu    sync.Mutex
	at    time.Time
	err   error
}

// NewHealth returns the checks of the database and the queue, and those given
// for remote servers.
func NewHealth(pool *pgxpool.Pool, remote map[string]Check) *Health {
	h := &Health{now: time.Now, checks: map[string]*cachedCheck{
		"database":   {ttl: localFor, check: func(ctx context.Context) error { return migrations.Access(ctx, pool) }},
		"migrations": {ttl: localFor, check: func(ctx context.Context) error { return checkMigrations(ctx, pool) }},
		"queue_age":  {ttl: localFor, check: func(ctx context.Context) error { return checkQueueAge(ctx, pool) }},
		"panics":     {ttl: localFor, check: func(ctx context.Context) error { return PanicsNote(ctx, pool) }},
		"clock":      {ttl: localFor, check: func(ctx context.Context) error { return ClockNote(ctx, pool) }},
		"webhook":    {ttl: localFor, check: func(ctx context.Context) error { return SilenceNote(ctx, pool) }},
		"brake":      {ttl: localFor, check: func(ctx context.Context) error { return brakeNote(ctx, pool) }},
		"links":      {ttl: localFor, check: func(ctx context.Context) error { return LinksNote(ctx, mapping.NewStore(pool)) }},
	}}
	for name, check := range remote {
		h.checks[name] = &cachedCheck{ttl: remoteFor, check: unlessBusy(check)}
	}
	return h
}

// unlessBusy passes a check that could not ask, because the rate limit of the far side
// is spent: that is no trouble of anybody's.
func unlessBusy(check Check) Check {
	return func(ctx context.Context) error {
		err := check(plane.WithMaxWait(ctx, probeWait))
		if busy := new(plane.BusyError); errors.As(err, &busy) {
			return &Note{"it was not asked, because the rate limit is spent until " + busy.Until.UTC().Format(time.DateTime+" MST")}
		}
		return err
	}
}

// Watch adds a check whose result is remembered for a while.
func (h *Health) Watch(name string, ttl time.Duration, check Check) {
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
	case errors.As(c.err, new(*Note)):
		ttl = min(ttl, remoteFor)
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

// brakeNote tells what brakes hold. It is a note: everything else goes on.
func brakeNote(ctx context.Context, pool *pgxpool.Pool) error {
	held, err := HeldBrakes(ctx, pool)
	if err != nil || len(held) == 0 {
		return err
	}
	texts := make([]string, len(held))
	for i, brake := range held {
		texts[i] = "flow " + brake.Flow + ": " + brake.String()
	}
	return &Note{strings.Join(texts, "; ")}
}

// LinksNote tells of links that carry an error: work items that are not as Odoo wants
// them. It is a note, because one work item must not take the bridge out of service.
func LinksNote(ctx context.Context, links *mapping.Store) error {
	failing, err := links.Failing(ctx)
	if err != nil || failing.Links == 0 {
		return err
	}
	return &Note{fmt.Sprintf("%d links carry an error, among them %s: %s; `mappings audit` lists them", failing.Links, failing.Key, failing.Why)}
}

// checkMigrations lets a newer schema pass: while replicas are exchanged one by
// one, those of the version before have to keep their traffic.
func checkMigrations(ctx context.Context, pool *pgxpool.Pool) error {
	err := migrations.Check(ctx, pool)
	if errors.Is(err, migrations.ErrNewer) {
		return nil
	}
	return err
}

// Work that waits behind other work is not stuck as long as its queue begins some: at
// one request a second a first mirroring takes longer than queueTooOld. Work that was
// put back, or failed, is made available by the queue's leader within seconds however
// much is waiting; a queue without a leader shows by it alone.
const sqlOldestStuck = `SELECT now() - min(due.scheduled_at) FROM ops.river_job due
	WHERE due.state IN ('available', 'retryable', 'scheduled') AND due.scheduled_at < now() - $1::interval
		AND (due.state <> 'available' OR NOT EXISTS (SELECT FROM ops.river_job begun
			WHERE begun.queue = due.queue AND begun.attempted_at > now() - $1::interval))`

func checkQueueAge(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, sqlOldestStuck, queueTooOld)
	if err != nil {
		return fmt.Errorf("reading the age of the queue: %w", err)
	}
	age, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*time.Duration])
	if err != nil {
		return fmt.Errorf("reading the age of the queue: %w", err)
	}
	if age != nil {
		return fmt.Errorf("work has been due for %s without being begun", age.Round(time.Second))
	}
	return nil
}
