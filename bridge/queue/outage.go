package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	// probeEvery is how often a server that is away is asked, and the database. It
	// bounds how long work waits after a return.
	probeEvery = 5 * time.Second
	// probeFor is how long a probe may take, and probeWait how much of it may pass
	// before it has its place in the rate budget.
	probeFor  = 5 * time.Second
	ProbeWait = 2 * time.Second
	// remindEvery is how often the log tells of an outage that lasts.
	remindEvery = time.Minute
)

// side is a server that work may have to wait for.
type side struct {
	name string
	// causes are those of failures that end when it is back.
	causes []bridge.Cause
	check  bridge.Check

	mu sync.Mutex
	// known says that it was asked at least once since the process began: until then
	// what waits may wait for an outage that another process saw.
	known bool
	// suspected says that work failed because of it and it was not asked since.
	suspected bool
	// since is when it was first found away; zero while it answers.
	since    time.Time
	reminded time.Time
	// failed is when work last found the side away where a probe may find it there.
	failed time.Time
	// refuses says that it answers, and does not let the bridge in.
	refuses bool
	// slow says that a probe had no answer in its time, which work has more of.
	slow bool
}

// suspect notes that work failed because of the side and reports whether that is
// news: one line in the log is enough until it is known whether the side is away.
func (s *side) suspect() (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	news = !s.suspected && s.since.IsZero()
	s.suspected = true
	return news
}

// lost notes that work found the side away.
func (s *side) lost(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = now
}

// refusesConnections reports whether the database could not be reached for a piece of
// work: there was no connection to be had, which may be so for new ones alone.
func refusesConnections(err error) bool {
	var refused *pgconn.ConnectError
	return errors.As(err, &refused)
}

// pass returns plane.ErrAway while the side is away.
func (s *side) pass() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() || s.slow {
		return nil // What is only slow still gets its work done.
	}
	why := "it is away"
	if s.refuses {
		why = "it refuses the bridge"
	}
	return fmt.Errorf("%w; %s since %s", plane.ErrAway, why, s.since.UTC().Format(time.RFC3339))
}

// due reports whether the side has to be asked. One that answers and that nothing
// failed because of is left in peace: a question costs a request.
func (s *side) due(waiting bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.suspected || !s.since.IsZero() || !s.known && waiting
}

// change is what an answer says about an outage.
type change int

const (
	stillThere change = iota
	goneAway
	stillAway
	isBack
)

// answered notes an answer, and says what it changes and how long the outage lasts.
func (s *side) answered(err error, now time.Time) (change, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, since := !s.known, s.since
	s.known, s.suspected = true, false
	s.refuses, s.slow = refuses(err), errors.Is(err, context.DeadlineExceeded)
	switch {
	case err == nil && now.Sub(s.failed) < probeEvery:
		return stillThere, 0 // Work knows better.
	case err == nil && (first || !since.IsZero()):
		s.since = time.Time{}
		return isBack, outageOf(since, now)
	case err == nil:
		return stillThere, 0
	case since.IsZero():
		s.since, s.reminded = now, now
		return goneAway, 0
	case now.Sub(s.reminded) >= remindEvery:
		s.reminded = now
		return stillAway, now.Sub(since)
	default:
		return stillThere, 0
	}
}

// outageOf is 0 where the process did not see the outage begin.
func outageOf(since, now time.Time) time.Duration {
	if since.IsZero() {
		return 0
	}
	return now.Sub(since)
}

// Outages watches the servers that work waits for. When one is back, what waits for
// it begins at once, in order, instead of waiting out its back-off; and an outage is
// one line in the log when it begins, one a minute, and one when it ends.
type Outages struct {
	queue *Queue
	// revive opens dead letters again whose cause is over.
	revive   func(context.Context) error
	database *side
	remote   []*side
	// owe brings the next sweep forward.
	owe func()
	// Resync queues a sync of every flow; nil does not.
	Resync func(ctx context.Context) error
	every  time.Duration
	wake   chan struct{}
	logger *slog.Logger
}

func NewOutages(queue *Queue, revive func(context.Context) error, remote map[string]bridge.Check, owe func(), logger *slog.Logger) *Outages {
	o := &Outages{
		queue: queue, revive: revive, owe: owe, every: probeEvery, wake: make(chan struct{}, 1), logger: logger,
		database: &side{name: "database", causes: []bridge.Cause{bridge.CauseOurs}},
	}
	for name, cause := range map[string]bridge.Cause{"plane": bridge.CausePlane, "odoo": bridge.CauseOdoo} {
		if check := remote[name]; check != nil {
			o.remote = append(o.remote, &side{name: name, causes: []bridge.Cause{cause, bridge.CauseMissingKey}, check: check})
		}
	}
	return o
}

// suspect is told of each failure that time may heal. It reports whether the
// failure is worth a line of its own in the log: all are that no server's return
// heals.
func (o *Outages) suspect(ctx context.Context, cause bridge.Cause, err error) (news bool) {
	if cause == bridge.CauseOurs && refusesConnections(err) {
		// The watch asks over a connection that it has, and would find nothing wrong.
		o.database.lost(time.Now())
		o.answered(ctx, o.database, err, 0)
	}
	news = true
	for _, s := range append([]*side{o.database}, o.remote...) {
		if slices.Contains(s.causes, cause) {
			news = s.suspect()
		}
	}
	select {
	case o.wake <- struct{}{}:
	default: // The watch wakes anyway.
	}
	return news
}

// gate keeps requests back while a server is known to be away.
func (o *Outages) gate(name string) func() error {
	for _, s := range o.remote {
		if s.name == name {
			return s.pass
		}
	}
	return func() error { return nil }
}

// Run watches until the context ends.
func (o *Outages) Run(ctx context.Context) {
	ticker := time.NewTicker(o.every)
	defer ticker.Stop()
	for {
		o.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-o.wake:
		}
	}
}

// look asks whoever has to be asked. The database comes first: without it nobody
// knows what waits.
func (o *Outages) look(ctx context.Context) {
	waiting, err := o.queue.waitingFor(ctx)
	if ctx.Err() != nil {
		return
	}
	o.answered(ctx, o.database, err, waiting[bridge.CauseOurs])
	if err != nil {
		return
	}
	for _, s := range o.remote {
		n := 0
		for _, cause := range s.causes {
			n += waiting[cause]
		}
		if s.due(n > 0) {
			o.ask(ctx, s, n)
		}
	}
}

func (o *Outages) ask(ctx context.Context, s *side, waiting int) {
	asking, cancel := context.WithTimeout(plane.WithMaxWait(plane.WithLane(ctx, plane.LaneInteractive), ProbeWait), probeFor)
	defer cancel()
	err := s.check(asking)
	var busy *plane.BusyError
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, plane.ErrRateLimited):
		o.answered(ctx, s, nil, waiting) // It answers; its limit is another matter.
	case errors.As(err, &busy):
		// Our own budget had no room, so nobody was asked.
	case errors.Is(err, plane.ErrBudgetUnavailable):
		// The database is away again; that says nothing about the side.
	default:
		o.answered(ctx, s, err, waiting)
	}
}

// answered acts on an answer.
func (o *Outages) answered(ctx context.Context, s *side, err error, waiting int) {
	change, lasted := s.answered(err, time.Now())
	log := o.logger.With(slog.String("server", s.name), slog.Int("waiting", waiting))
	switch change {
	case goneAway:
		if refuses(err) {
			log.ErrorContext(ctx, "a server refuses the bridge; what waits for it goes on when the key is accepted", slog.Any("error", err))
			return
		}
		log.ErrorContext(ctx, "a server is away; what waits for it goes on when it is back", slog.Any("error", err))
	case stillAway:
		log.WarnContext(ctx, "a server is still not usable", slog.Duration("since", lasted.Round(time.Second)), slog.Any("error", err))
	case isBack:
		if lasted > 0 {
			log.InfoContext(ctx, "a server is back; what waits for it goes on now", slog.Duration("outage", lasted.Round(time.Second)))
		}
		o.goOn(ctx, s, lasted > 0)
	case stillThere:
	}
}

// refuses reports whether a server answers, and refuses.
func refuses(err error) bool {
	return slices.ContainsFunc([]error{plane.ErrForbidden, plane.ErrBadKey, plane.ErrUnauthorized, bridge.ErrKeyMissing, bridge.ErrRefused}, func(target error) bool {
		return errors.Is(err, target)
	})
}

// goOn lets everything begin that waits for a side. What cannot be done now is left
// to its own time.
func (o *Outages) goOn(ctx context.Context, s *side, outage bool) {
	err := o.queue.bringForward(ctx, s.causes)
	if s == o.database && outage {
		// What was under way when the connections broke has nobody any more, and
		// Plane's Community edition sends nothing again that was refused meanwhile.
		err = errors.Join(err, o.queue.takeUpLost(ctx))
		o.owe()
	}
	if outage && o.Resync != nil && !slices.Contains(s.causes, bridge.CausePlane) {
		// A sync is not tried for long, because its schedule comes again; and what Odoo
		// told of was refused while the database was away.
		err = errors.Join(err, o.Resync(ctx))
	}
	err = errors.Join(err, o.revive(ctx))
	if err != nil && ctx.Err() == nil {
		o.logger.WarnContext(ctx, "not everything that waited for a server could be begun at once", slog.String("server", s.name), slog.Any("error", err))
	}
}
