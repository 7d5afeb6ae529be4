package planetest

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A FaultKind is a way in which a request goes wrong.
type FaultKind int

const (
	// FaultStatus answers Fault.Status; nothing takes effect.
	FaultStatus FaultKind = iota
	// FaultCut ends the connection; nothing takes effect.
	FaultCut
	// FaultEffectThenCut takes effect and ends the connection without an answer.
	FaultEffectThenCut
	// FaultEffectThenStatus takes effect and answers Fault.Status, as a proxy
	// does that lost patience.
	FaultEffectThenStatus
	// FaultWait waits and then serves the request as usual, also when the
	// client has gone meanwhile: the outcome of such a call is uncertain.
	FaultWait
	// FaultEffectThenWait takes effect, and waits before it answers.
	FaultEffectThenWait
	// FaultRewrite takes effect and answers what Fault.Rewrite makes of the
	// server's own answer.
	FaultRewrite
)

// A Fault is a rule for requests that shall go wrong.
type Fault struct {
	// Method is the request's method; empty is any.
	Method string
	// Path is the end of the request's path, by whole segments; "*" is any one
	// segment. "work-items/" is the list, "work-items/*/" one item,
	// "work-items/*/comments/" its comments. Empty is any path.
	Path string
	// Match narrows the rule further; it must not read the body.
	Match func(*http.Request) bool
	// Skip lets that many matching requests pass first.
	Skip int
	// Times is how many requests go wrong; 0 is one, negative is all.
	Times int

	Kind FaultKind
	// Status is 502 when 0. Body is sent as it is; an empty one is a proxy's
	// HTML, unless NoBody leaves it out. Header is added.
	Status int
	Body   string
	NoBody bool
	Header http.Header
	// Rewrite changes an answer on its way; see FaultRewrite.
	Rewrite func(status int, body []byte) (int, []byte)
	// Delay ends a wait; 0 waits for ActiveFault.Release, or for the client to
	// go away.
	Delay time.Duration
}

// An ActiveFault is a rule in force.
type ActiveFault struct {
	fault    Fault
	server   *Server
	hits     int
	reached  chan struct{}
	released chan struct{}
	release  sync.Once
}

// Fail puts a rule in force. Rules are tried in the order in which they came.
// A request that goes wrong without effect does not count against the limit.
func (s *Server) Fail(rule Fault) *ActiveFault {
	rule.Times = orDefault(rule.Times, 1)
	rule.Status = orDefault(rule.Status, http.StatusBadGateway)
	active := &ActiveFault{
		fault: rule, server: s, reached: make(chan struct{}, 1024), released: make(chan struct{}),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, active)
	return active
}

// Reached yields once for each request that met the rule, before it goes wrong
// or waits (the first 1024).
func (a *ActiveFault) Reached() <-chan struct{} { return a.reached }

// Hits is how many requests met the rule.
func (a *ActiveFault) Hits() int {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	return a.hits
}

// Release lets all go on that wait for this rule, now and later.
func (a *ActiveFault) Release() { a.release.Do(func() { close(a.released) }) }

// Remove ends the rule. Requests that wait stay until released.
func (a *ActiveFault) Remove() {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.server.faults = slices.DeleteFunc(a.server.faults, func(other *ActiveFault) bool { return other == a })
}

// Down makes the server unreachable: sockets are cut at once, and the
// in-process transport says "connection refused".
func (s *Server) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// OnRequest calls hook with each request before anything else happens. The hook
// must not read the body; it may call the server.
func (s *Server) OnRequest(hook func(*http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, hook)
}

func (s *Server) serveWithFaults(w http.ResponseWriter, r *http.Request) {
	active := s.faultFor(r)
	if active == nil {
		s.dispatch(w, r)
		return
	}
	active.serve(w, r)
}

func (s *Server) faultFor(r *http.Request) *ActiveFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.faults {
		if !a.fault.matches(r) || a.fault.Times == 0 {
			continue
		}
		if a.fault.Skip > 0 {
			a.fault.Skip--
			continue
		}
		a.fault.Times = max(a.fault.Times-1, -1)
		a.hits++
		select {
		case a.reached <- struct{}{}:
		default:
		}
		return a
	}
	return nil
}

func (a *ActiveFault) serve(w http.ResponseWriter, r *http.Request) {
	switch a.fault.Kind {
	case FaultStatus:
		a.answer(w)
	case FaultCut:
		panic(http.ErrAbortHandler)
	case FaultEffectThenCut:
		a.server.dispatch(newRecorder(), r)
		panic(http.ErrAbortHandler)
	case FaultEffectThenStatus:
		a.server.dispatch(newRecorder(), r)
		a.answer(w)
	case FaultWait:
		a.wait(r)
		a.server.dispatch(w, r)
	case FaultEffectThenWait:
		recorded := newRecorder()
		a.server.dispatch(recorded, r)
		a.wait(r)
		recorded.replay(w)
	case FaultRewrite:
		recorded := newRecorder()
		a.server.dispatch(recorded, r)
		status, body := a.fault.Rewrite(recorded.status, recorded.body.Bytes())
		recorded.status, recorded.body = status, *bytes.NewBuffer(body)
		recorded.replay(w)
	}
}

func (a *ActiveFault) answer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	for name, values := range a.fault.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.fault.Status)
	if a.fault.NoBody {
		return
	}
	body := orDefault(a.fault.Body, "<html><body><h1>"+http.StatusText(a.fault.Status)+"</h1></body></html>")
	_, _ = w.Write([]byte(body)) // A client that has gone away is no fault of the server.
}

func (a *ActiveFault) wait(r *http.Request) {
	var after <-chan time.Time
	if a.fault.Delay > 0 {
		timer := time.NewTimer(a.fault.Delay)
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-after:
	case <-a.released:
	case <-r.Context().Done():
	}
}

func (f *Fault) matches(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method || !endsWith(r.URL.Path, f.Path) {
		return false
	}
	return f.Match == nil || f.Match(r)
}

func endsWith(path, end string) bool {
	if end == "" {
		return true
	}
	have, want := strings.Split(path, "/"), strings.Split(end, "/")
	if len(want) > len(have) {
		return false
	}
	for i, segment := range have[len(have)-len(want):] {
		if want[i] != "*" && want[i] != segment || want[i] == "*" && segment == "" {
			return false
		}
	}
	return true
}
