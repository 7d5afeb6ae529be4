package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// scheduler lets one of many actors go at a time. An actor stops before every remote
// call and again before its answer, before every commit and every wait; it goes on
// when the scheduler picks it. What a seed picks, it picks again.
type scheduler struct {
	mu     sync.Mutex
	actors []*actor
	// epoch grows with whatever an actor does.
	epoch  int
	picker picker
	// taken are the moves so far, in words.
	taken []string
	// monitor asks the database which actors wait for each other's locks.
	monitor *pgxpool.Pool
}

// actor is whoever does steps: a worker, a webhook on its way, a person.
type actor struct {
	s    *scheduler
	name string
	// at is where a parked actor waits.
	at string
	// options are what it may be told when it goes on; none disables it.
	options func() []int64
	next    chan int64
	parked  bool
	done    bool
	// asking is the connection whose answer it waits for; 0 is none.
	asking uint32
}

type actorKey struct{}

func newScheduler(picker picker, monitor *pgxpool.Pool) *scheduler {
	return &scheduler{picker: picker, monitor: monitor}
}

// enter lets a new actor do its work, beginning with a stop.
func (s *scheduler) enter(name string, work func(ctx context.Context)) {
	a := &actor{s: s, name: name, next: make(chan int64)}
	s.change(func() { s.actors = append(s.actors, a) })
	go func() {
		ctx := context.WithValue(context.Background(), actorKey{}, a)
		a.park("begin", nil)
		work(ctx)
		s.change(func() { a.done = true })
	}()
}

func (s *scheduler) change(how func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how()
	s.epoch++
}

// park stops the actor of a context before a step; others pass.
func park(ctx context.Context, before string) {
	if a, ok := ctx.Value(actorKey{}).(*actor); ok {
		a.park(before, nil)
	}
}

func (a *actor) park(before string, options func() []int64) int64 {
	a.s.change(func() { a.parked, a.at, a.options = true, before, options })
	return <-a.next
}

// move is one thing that can happen next.
type move struct {
	actor  *actor
	option int64
}

func (m move) String() string {
	if m.actor.options == nil {
		return m.actor.name + ": " + m.actor.at
	}
	return fmt.Sprintf("%s: %s %d", m.actor.name, m.actor.at, m.option)
}

// quiesce waits until every actor is parked, done, or waits for what another one
// holds, and returns what can happen next. PostgreSQL says who waits for a lock. Who
// waits for another actor of its process, as for a log-in that both need, is known
// by doing nothing for a while; whoever is only slow is taken for one that waits,
// which costs no rule, only that the schedule may not come out the same again.
func (s *scheduler) quiesce() []move {
	s.mu.Lock()
	defer s.mu.Unlock()
	for epoch, since := s.epoch, time.Now(); ; {
		running, asking := s.busy()
		still := time.Since(since)
		if epoch != s.epoch {
			epoch, since = s.epoch, time.Now()
		} else if (running == 0 || still > stillFor) && (len(asking) == 0 || s.allLocked(asking)) {
			if moves := s.moves(); len(moves) > 0 || running+len(asking) == 0 || still > stuckAfter {
				return moves
			}
		}
		s.mu.Unlock()
		time.Sleep(50 * time.Microsecond)
		s.mu.Lock()
	}
}

const (
	stillFor   = 5 * time.Millisecond
	stuckAfter = 15 * time.Second
)

func (s *scheduler) busy() (running int, asking []uint32) {
	for _, a := range s.actors {
		switch {
		case a.done, a.parked:
		case a.asking != 0:
			asking = append(asking, a.asking)
		default:
			running++
		}
	}
	return running, asking
}

// allLocked reports whether all these connections wait for a lock, and nothing
// happened while that was asked.
func (s *scheduler) allLocked(pids []uint32) bool {
	epoch, locked := s.epoch, 0
	s.mu.Unlock()
	err := s.monitor.QueryRow(context.Background(),
		"SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1) AND state = 'active' AND wait_event_type = 'Lock'", pids).Scan(&locked)
	s.mu.Lock()
	return err == nil && locked == len(pids) && epoch == s.epoch
}

func (s *scheduler) moves() []move {
	var all []move
	for _, a := range s.actors {
		switch {
		case a.done || !a.parked:
		case a.options == nil:
			all = append(all, move{a, 0})
		default:
			for _, option := range a.options() {
				all = append(all, move{a, option})
			}
		}
	}
	return all
}

// step lets one actor go on. It reports false when nobody can.
func (s *scheduler) step() (bool, error) {
	all := s.quiesce()
	if len(all) == 0 {
		return false, s.stuck()
	}
	m := all[s.picker.pick(all)]
	s.taken = append(s.taken, m.String())
	s.change(func() { m.actor.parked = false })
	m.actor.next <- m.option
	return true, nil
}

// stuck says who waits for ever.
func (s *scheduler) stuck() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var waiting []string
	for _, a := range s.actors {
		if !a.done && !a.parked {
			waiting = append(waiting, a.name)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	return fmt.Errorf("%s wait for locks that nobody gives back", strings.Join(waiting, ", "))
}

// TraceQueryStart stops an actor before it commits, and knows it as waiting for the
// database until the answer.
func (s *scheduler) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if what, yes := commits(conn, data.SQL); yes {
		park(ctx, what)
	}
	return s.ask(ctx, conn)
}

// TraceQueryEnd is the answer.
func (s *scheduler) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	s.answered(ctx)
}

// TraceBatchStart and the others are the same for batches and copies.
func (s *scheduler) TraceBatchStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return s.ask(ctx, conn)
}

// TraceBatchQuery does nothing: the batch has one answer.
func (s *scheduler) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is the answer.
func (s *scheduler) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) {
	s.answered(ctx)
}

func (s *scheduler) ask(ctx context.Context, conn *pgx.Conn) context.Context {
	if a, ok := ctx.Value(actorKey{}).(*actor); ok {
		s.change(func() { a.asking = conn.PgConn().PID() })
	}
	return ctx
}

func (s *scheduler) answered(ctx context.Context) {
	if a, ok := ctx.Value(actorKey{}).(*actor); ok {
		s.change(func() { a.asking = 0 })
	}
}

// picker picks one of several moves.
type picker interface{ pick(all []move) int }

// evenly picks any move with the same chance.
type evenly struct{ *rand.Rand }

func (e evenly) pick(all []move) int { return e.IntN(len(all)) }

// ranked picks the actor of the highest rank, which changes at a few steps only, as
// in probabilistic concurrency testing: it finds what needs one actor to sleep long.
type ranked struct {
	*rand.Rand
	ranks map[*actor]float64
	// falls are the steps at which whoever goes falls to the lowest rank.
	falls []int
	steps int
	last  *actor
	turns int
}

func newRanked(r *rand.Rand) *ranked {
	p := &ranked{Rand: r, ranks: map[*actor]float64{}}
	for range 4 {
		p.falls = append(p.falls, r.IntN(120))
	}
	return p
}

func (p *ranked) pick(all []move) int {
	for _, m := range all {
		if _, known := p.ranks[m.actor]; !known {
			p.ranks[m.actor] = p.Float64()
		}
	}
	best := slices.MaxFunc(all, func(a, b move) int { return cmp.Compare(p.ranks[a.actor], p.ranks[b.actor]) }).actor
	p.steps++
	if p.turns++; best != p.last {
		p.last, p.turns = best, 0
	}
	// An actor that tries in vain, again and again, makes way in the end.
	if slices.Contains(p.falls, p.steps) || p.turns > 40 {
		p.ranks[best], p.turns = -float64(p.steps), 0
	}
	var its []int
	for i, m := range all {
		if m.actor == best {
			its = append(its, i)
		}
	}
	return its[p.IntN(len(its))]
}

// along picks what a path says, and what another picker says after its end. It notes
// the path that it went.
type along struct {
	path []int
	then picker
	went []int
}

func (p *along) pick(all []move) int {
	at := len(p.went)
	var picked int
	if at < len(p.path) {
		picked = min(p.path[at], len(all)-1)
	} else {
		picked = p.then.pick(all)
	}
	p.went = append(p.went, picked)
	return picked
}
