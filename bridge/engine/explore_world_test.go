package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/internal/wait"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// explored is a world whose processes, webhooks and people take turns.
type explored struct {
	*world
	*scheduler
	replicas []*process
	// claimed are the jobs that a worker has fetched; letters is how many webhooks
	// there were.
	claimed map[int64]bool
	letters int
	seen    seen

	flight sync.Mutex
	// creates are the creates under way, by external id.
	creates map[string]int
	broken  []string
}

// explore puts two replicas with three workers over a world.
func explore(w *world, picker picker) *explored {
	e := &explored{world: w, scheduler: newScheduler(picker, w.queue), claimed: map[int64]bool{}, creates: map[string]int{}, seen: newSeen()}
	w.explored = e
	for range 2 {
		e.replicas = append(e.replicas, w.start(0, scheduled))
	}
	for i, replica := range []int{0, 0, 1} {
		e.enter(fmt.Sprintf("worker %d", i+1), func(ctx context.Context) { e.work(ctx, e.replicas[replica]) })
	}
	return e
}

// scheduled is no fault: the scheduler decides when each point is reached.
const scheduled fault = "takes its turn"

// exploredName is how the database knows the connections of explored replicas.
const exploredName = "explored"

// pool is a replica's way to the database.
func (e *explored) pool() *pgxpool.Pool {
	config := e.queue.Config()
	config.ConnConfig.Tracer = e.scheduler
	config.ConnConfig.RuntimeParams["application_name"] = exploredName
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	e.must(err)
	return pool
}

// work fetches one job after the other, each by a stop, and works on it as a started
// queue does.
func (e *explored) work(ctx context.Context, p *process) {
	a, _ := ctx.Value(actorKey{}).(*actor)
	for {
		id := a.park("fetch job", e.openJobs)
		if id == leave {
			return
		}
		e.change(func() { e.claimed[id] = true })
		e.must(e.workOn(ctx, p, id))
		e.change(func() { delete(e.claimed, id) })
	}
}

// leave tells a worker to stop.
const leave int64 = -1

// workOn claims a job durably, as River's fetch does, works on it, and marks it. The
// attempt is counted by River.
func (e *explored) workOn(ctx context.Context, p *process, id int64) error {
	_, err := p.pool.Exec(ctx, "UPDATE ops.river_job SET state = 'running', attempted_by = array_append(attempted_by, 'explored') WHERE id = $1", id)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		_, _ = p.bridge.WorkJob(ctx, e.t, tx, id) // What fails is tried again; the rules say what is wrong.
		return nil
	})
}

// openJobs are the jobs that may be fetched next. Those that wait for a time are
// among them: any time may have passed. It is called with the scheduler locked.
func (e *explored) openJobs() []int64 {
	rows, err := e.queue.Query(context.Background(),
		"SELECT id FROM ops.river_job WHERE finalized_at IS NULL AND state <> 'running' ORDER BY id LIMIT 4")
	e.must(err)
	defer rows.Close()
	var all []int64
	for rows.Next() {
		var id int64
		e.must(rows.Scan(&id))
		if !e.claimed[id] {
			all = append(all, id)
		}
	}
	e.must(rows.Err())
	return all
}

// turnTaking carries requests to a far side in turns.
type turnTaking struct {
	*explored
	side string
	next http.RoundTripper
}

// RoundTrip stops an actor before its request is carried out, and again before it
// hears the answer.
func (e turnTaking) RoundTrip(r *http.Request) (*http.Response, error) {
	side := e.side
	path := prefix.ReplaceAllString(ids.ReplaceAllString(r.URL.Path, "*"), "")
	pair := e.creating(side, r)
	park(r.Context(), side+" "+r.Method+" "+path)
	e.inFlight(pair, 1)
	response, err := e.next.RoundTrip(r)
	park(r.Context(), "hear from "+side+" of "+r.Method+" "+path)
	e.inFlight(pair, -1)
	return response, err
}

// creating is the external id of the work item that a request makes, or empty.
func (e *explored) creating(side string, r *http.Request) string {
	if side != sidePlane || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/work-items/") {
		return ""
	}
	raw, err := io.ReadAll(r.Body)
	e.must(err)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	var body struct {
		ID string `json:"external_id"`
	}
	e.must(json.Unmarshal(raw, &body))
	return body.ID
}

func (e *explored) inFlight(pair string, change int) {
	if pair == "" {
		return
	}
	e.flight.Lock()
	defer e.flight.Unlock()
	if e.creates[pair] += change; e.creates[pair] > 1 {
		e.broken = append(e.broken, fmt.Sprintf("%d creates of %s are under way at once", e.creates[pair], pair))
	}
}

// person does one thing after the other.
func (e *explored) person(name string, acts ...func()) {
	e.enter(name, func(ctx context.Context) {
		for i, act := range acts {
			park(ctx, fmt.Sprintf("act %d", i+1))
			act()
		}
	})
}

// onceMade lets a person act as soon as the deadline has its work item.
func (e *explored) onceMade(name string, act func()) {
	e.enter(name, func(ctx context.Context) {
		a, _ := ctx.Value(actorKey{}).(*actor)
		a.park("act", func() []int64 {
			if len(e.plane.ItemsByExternalID(mapping.ExternalSource, deadlinePair)) == 0 {
				return nil
			}
			return []int64{1}
		})
		act()
	})
}

// queueJob is a job that a schedule or Odoo's push brings.
func (e *explored) queueJob(args river.JobArgs) func() {
	return func() { e.replicas[0].bridge.insert(args) }
}

// syncCommand is an operator's sync beside the replicas.
func (e *explored) syncCommand() {
	p := e.replicas[1]
	e.enter("sync command", func(ctx context.Context) {
		flow := p.bridge.Flows()[0]
		ctx = wait.Driven(ctx, func(ctx context.Context) { park(ctx, "wait") })
		plan, err := p.bridge.Mirror().Plan(ctx, flow, mirror.WhatChanged)
		e.must(err)
		run := outbound.Run{Mirror: p.bridge.Mirror(), Flow: flow, Extent: mirror.WhatChanged, Stop: ctx, Step: func() {}, Logger: silent}
		if result, err := run.CarryOut(ctx, plan); err != nil || result.Failed > 0 {
			e.broken = append(e.broken, fmt.Sprintf("the sync command ended with %v, failed: %v", err, result.Errors))
		}
	})
}

// post makes an actor of each webhook that Plane has sent, and of some of them a
// second one: the event that comes again.
func (e *explored) post() {
	e.must(e.plane.Quiesce(context.Background()))
	for _, l := range e.mail.take() {
		e.letters++
		e.send(fmt.Sprintf("webhook %d", e.letters), l)
		if e.letters%3 == 0 {
			e.send(fmt.Sprintf("webhook %d again", e.letters), l.again())
		}
	}
}

func (e *explored) send(name string, l letter) {
	p := e.replicas[e.letters%2]
	e.enter(name, func(ctx context.Context) {
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/webhooks/plane", bytes.NewReader(l.body))
		request.Header = l.header
		answer := httptest.NewRecorder()
		p.receiver.ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			e.broken = append(e.broken, fmt.Sprintf("%s was answered %d %s", name, answer.Code, answer.Body))
		}
	})
}

// run takes steps until nothing is left to do, and says which rule was broken.
func (e *explored) run() error {
	for steps := 0; ; steps++ {
		e.quiesce()
		e.post()
		more, err := e.step()
		if err != nil || !more {
			return err
		}
		e.quiesce()
		if err := e.check(); err != nil {
			return err
		}
		if steps > mostSteps {
			return fmt.Errorf("it does not come to rest in %d steps", steps)
		}
	}
}

// mostSteps ends a schedule that goes round in circles. The longest story takes some
// 300 steps.
const mostSteps = 3000

// end lets all workers leave, and whoever a broken rule stopped in the middle go on.
func (e *explored) end() {
	if !e.letGo(5 * time.Second) {
		// Whoever waits for ever for a lock is let go by the database, stops once more on
		// its way out, and would keep its connection.
		_, err := e.queue.Exec(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1", exploredName)
		e.must(err)
		e.letGo(5 * time.Second)
	}
	for _, p := range e.replicas {
		p.stop()
		p.pool.Close()
	}
	e.explored = nil
}

// letGo lets everybody go on without stops, and reports whether all came to their end in
// time.
func (e *explored) letGo(within time.Duration) bool {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(100 * time.Microsecond) {
		if e.release() == 0 {
			return true
		}
	}
	return false
}

// release lets whoever is stopped go on, and counts who has not come to the end.
func (e *explored) release() (left int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.actors {
		if a.done {
			continue
		}
		left++
		if a.parked {
			a.parked = false
			a.next <- leave
		}
	}
	return left
}
