package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// fault is a way in which one remote call or one commit goes wrong.
type fault string

const (
	// refused: it fails, nothing takes effect, and everything works afterwards.
	refused fault = "fails"
	// away: it fails, and so does whatever follows on that side until the work has
	// come to its end. The clients' own repeats do not help.
	away fault = "fails, and so does what follows"
	// unanswered: it takes effect, and its answer is lost.
	unanswered fault = "takes effect unanswered"
	// unansweredAway: it takes effect, its answer is lost, and what follows fails.
	unansweredAway fault = "takes effect unanswered, and what follows fails"
	// late: its connection is cut, and it takes effect only after somebody may have
	// looked for it. lateCrash: the process dies with the connection.
	late      fault = "is cut off and takes effect late"
	lateCrash fault = "takes effect late, and the process dies at once"
	// crash: it takes effect, and the process dies before it can go on.
	crash fault = "takes effect, then the process dies"

	// counting is no fault: the points are only counted. noFault does not even that.
	counting fault = "nothing happens"
	noFault  fault = ""
)

// The faults of each kind of point. A read has no effect whose answer could be lost.
var (
	faultsOfReads   = []fault{away, crash}
	faultsOfWrites  = []fault{refused, away, unanswered, unansweredAway, crash}
	faultsOfCreates = append(faultsOfWrites[:len(faultsOfWrites):len(faultsOfWrites)], late, lateCrash)
	faultsOfCommits = []fault{refused, unanswered, crash}
)

// everyFault is set by make test-faults. Without it a table tries only those that
// leave most behind: a write or commit that took effect and whose answer was lost.
var everyFault = flag.Bool("faults", false, "try every fault at every call and commit")

// tried are the faults that a table tries at a point.
func (p point) tried() []fault {
	if *everyFault {
		return p.faults
	}
	leaveMost := []fault{unanswered, crash, late, lateCrash}
	return slices.DeleteFunc(slices.Clone(p.faults), func(f fault) bool { return !p.writes || !slices.Contains(leaveMost, f) })
}

// The sides that faults happen on.
const (
	sidePlane    = "plane"
	sideOdoo     = "odoo"
	sideDatabase = "database"
)

// point is one remote call or one commit on the way of the work.
type point struct {
	side, what string
	writes     bool
	faults     []fault
}

// fate decides what happens at each point of one process's work. Points are
// counted from 1 in the order in which the work comes to them.
type fate struct {
	at   int
	kind fault

	mu     sync.Mutex
	points []point
	away   map[string]bool
	struck bool
	dead   bool
	healed bool
	cables []*cable
	stop   context.CancelFunc
	// late are the requests that have yet to take effect.
	late sync.WaitGroup
	// slowCreates makes Plane's creates slow.
	slowCreates func(time.Duration)
}

var (
	errDead    = errors.New("the process is dead")
	errCut     = fmt.Errorf("connection cut: %w", io.ErrUnexpectedEOF)
	errNoRoute = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
)

// reach notes a point and says what happens there; "" is nothing.
func (f *fate) reach(p point) (fault, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return "", errDead
	}
	if f.healed {
		return "", nil
	}
	f.points = append(f.points, p)
	switch {
	case f.away[p.side]:
		return away, nil
	case len(f.points) != f.at:
		return "", nil
	}
	f.struck = true
	if f.kind == away || f.kind == unansweredAway {
		f.away = map[string]bool{p.side: true}
	}
	return f.kind, nil
}

// heal lets everything work from here on.
func (f *fate) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.healed, f.away = true, nil
}

// die ends the process: its connections break off, and nothing that it would do
// afterwards reaches anybody.
func (f *fate) die() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	for _, c := range f.cables {
		_ = c.Close() // It may be closed already; either way nobody hears of it.
	}
	f.stop()
}

func (f *fate) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// way carries a client's requests to a far side.
type way struct {
	fate *fate
	side string
	next http.RoundTripper
}

var (
	ids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	prefix = regexp.MustCompile(`^(/api/v1/workspaces/[^/]+/projects/\*|/json/2)?/`)
	// readMethods are Odoo's methods that change nothing.
	readMethods = regexp.MustCompile(`/(search_read|search|search_count|read|fields_get|context_get|check_object_reference)$`)
)

// RoundTrip does to a request what its fate is.
func (w *way) RoundTrip(r *http.Request) (*http.Response, error) {
	path := ids.ReplaceAllString(r.URL.Path, "*")
	p := point{w.side, r.Method + " " + prefix.ReplaceAllString(path, ""), true, faultsOfWrites}
	if r.Method == http.MethodGet || w.side == sideOdoo && readMethods.MatchString(path) {
		p.writes, p.faults = false, faultsOfReads
	}
	if w.side == sidePlane && r.Method == http.MethodPost {
		p.faults = faultsOfCreates
	}
	kind, err := w.fate.reach(p)
	if err != nil {
		return nil, err
	}
	switch kind {
	case refused:
		return badGateway(r), nil
	case late, lateCrash:
		return nil, w.beLate(r, kind)
	case away:
		return nil, errNoRoute
	case noFault, counting, scheduled:
		return w.next.RoundTrip(r)
	case unanswered, unansweredAway, crash:
	}
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close() // The answer is lost.
	if kind == crash {
		w.fate.die()
		return nil, errDead
	}
	return nil, errCut
}

// latest is how late a request takes effect whose client has gone: after its client
// has looked for it and given up, and before its timeout is over.
const latest = 20 * time.Second

// beLate cuts a create off and lets it take effect later, as a server does that is
// slow and does not notice that its client has gone. It looks for the external pair
// at once, and so does not see what is created meanwhile.
func (w *way) beLate(r *http.Request, kind fault) error {
	w.fate.slowCreates(latest)
	again := r.Clone(context.WithoutCancel(r.Context()))
	w.fate.late.Go(func() {
		if response, err := w.next.RoundTrip(again); err == nil {
			_ = response.Body.Close() // Nobody hears the answer.
		}
	})
	time.Sleep(time.Millisecond) // By then the server has begun with it.
	w.fate.slowCreates(0)
	if kind == lateCrash {
		w.fate.die()
		return errDead
	}
	return errCut
}

func badGateway(r *http.Request) *http.Response {
	body := "<html><body>Bad Gateway</body></html>"
	return &http.Response{
		Status: "502 Bad Gateway", StatusCode: http.StatusBadGateway, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// cable is a connection to the database that can be cut at a commit.
type cable struct {
	net.Conn
	mu sync.Mutex
	// cut makes the next write fail, deaf makes the next answer go lost.
	cut, deaf, preparing bool
}

func (c *cable) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// Write sends unless the cable is to be cut first.
func (c *cable) Write(b []byte) (int, error) {
	c.mu.Lock()
	cut := c.cut && !c.preparing
	c.mu.Unlock()
	if cut {
		_ = c.Close() // It is being cut.
		return 0, errCut
	}
	return c.Conn.Write(b)
}

// Read loses the answer that was to be lost: when it is here, the server has done
// what it was asked for.
func (c *cable) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.deaf && !c.preparing {
		_ = c.Close() // It is being cut.
		return 0, errCut
	}
	return n, err
}

// dial opens a cable, unless the process is dead.
func (f *fate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if f.isDead() {
		return nil, errDead
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &cable{Conn: conn}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cables = append(f.cables, c)
	return c, nil
}

// statement strips the comments that generated queries begin with.
var statement = regexp.MustCompile(`(?s)^(?:\s*--[^\n]*\n)*\s*(.*)$`)

// commits reports whether a statement makes something durable: a commit, or a
// write outside a transaction.
func commits(conn *pgx.Conn, sql string) (what string, yes bool) {
	words := strings.Fields(statement.ReplaceAllString(sql, "$1"))
	switch {
	case len(words) == 0:
		return "", false
	case strings.EqualFold(words[0], "commit"):
		return "commit", true
	case conn.PgConn().TxStatus() != 'I':
		return "", false
	}
	switch verb := strings.ToUpper(words[0]); verb {
	case "INSERT", "UPDATE", "DELETE":
		return strings.Join(words[:3], " "), true
	}
	return "", false
}

type dyingQuery struct{}

// TraceQueryStart does to a commit what its fate is.
func (f *fate) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	what, yes := commits(conn, data.SQL)
	if !yes {
		return ctx
	}
	kind, err := f.reach(point{sideDatabase, what, true, faultsOfCommits})
	c := conn.PgConn().Conn().(*cable)
	switch {
	case err != nil || kind == refused:
		c.set(func() { c.cut = true })
	case kind == unanswered:
		c.set(func() { c.deaf = true })
	case kind == crash:
		return context.WithValue(ctx, dyingQuery{}, true)
	}
	return ctx
}

// TraceQueryEnd ends a process that was to die after a commit.
func (f *fate) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if ctx.Value(dyingQuery{}) != nil && data.Err == nil {
		f.die()
	}
}

// TracePrepareStart keeps the preparing of a statement, which goes before it, out
// of its fate.
func (f *fate) TracePrepareStart(ctx context.Context, conn *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	c := conn.PgConn().Conn().(*cable)
	c.set(func() { c.preparing = true })
	return ctx
}

// TracePrepareEnd is the end of preparing.
func (f *fate) TracePrepareEnd(_ context.Context, conn *pgx.Conn, _ pgx.TracePrepareEndData) {
	c := conn.PgConn().Conn().(*cable)
	c.set(func() { c.preparing = false })
}
