package odootest

import (
	"context"
	"errors"
	"net/http"
)

// FaultKind is a way in which a call goes wrong.
type FaultKind int

const (
	// ErrorObject answers with the error that Fault.Name and Fault.Message say; nothing happens.
	ErrorObject FaultKind = iota + 1
	// BadGateway is nginx's 502 page before a server that is away; nothing happens.
	BadGateway
	// GatewayTimeout is nginx's 504 page; the call took effect all the same.
	GatewayTimeout
	// CutBefore closes the connection before anything happens.
	CutBefore
	// CutAfter closes the connection after the call took effect.
	CutAfter
	// SerializationFailure is the database conflict that five retries did not resolve.
	SerializationFailure
	// LoadConflict makes load() answer ids=false with "could not serialize"; other methods pass.
	LoadConflict
	// Delayed holds the call until Fault.Release is closed. A caller that hangs up meanwhile does
	// not stop it.
	Delayed
	// PoolExhausted is a server with more calls in flight than it has connections.
	PoolExhausted
	// DatabaseGone is a PostgreSQL that refuses; over JSON-2 that is a 404 page in HTML.
	DatabaseGone
)

// Fault makes calls fail.
type Fault struct {
	Kind FaultKind
	// Model and Method say which calls; an empty one matches all.
	Model, Method string
	// Times is how many calls are hit: 0 means one, a negative number all until ClearFaults.
	Times int
	// Skip lets that many matching calls pass first.
	Skip int
	// Name and Message are the error of ErrorObject, for example "odoo.exceptions.UserError".
	Name, Message string
	// Release ends Delayed.
	Release <-chan struct{}
}

// Fail plants a fault. Several may wait at once; the oldest that matches a call is used.
func (s *Server) Fail(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fault.Times == 0 {
		fault.Times = 1
	}
	s.faults = append(s.faults, &fault)
}

// FaultsLeft counts planted faults that have not been used up, so that a test can tell that its
// fault really happened.
func (s *Server) FaultsLeft() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.faults)
}

// ClearFaults forgets all planted faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault uses up the fault that hits this call; nil hits nothing.
func (s *Server) takeFault(modelName, methodName string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, fault := range s.faults {
		if fault.Model != "" && fault.Model != modelName || fault.Method != "" && fault.Method != methodName {
			continue
		}
		if fault.Kind == LoadConflict && methodName != "load" {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		hit := *fault
		if fault.Times--; fault.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return &hit
	}
	return nil
}

func (f *Fault) is(kind FaultKind) bool { return f != nil && f.Kind == kind }

// transportFault is an outcome that is no answer of Odoo's: a page of the proxy, or no answer.
type transportFault struct {
	status int
	title  string
}

func (t *transportFault) Error() string { return "transport fault: " + t.title }

// before is what the fault does instead of the call, or ahead of it.
func (f *Fault) before(ctx context.Context) error {
	if f == nil {
		return nil
	}
	switch f.Kind {
	case ErrorObject:
		return &pythonError{name: f.Name, message: f.Message}
	case BadGateway:
		return &transportFault{status: http.StatusBadGateway, title: "Bad Gateway"}
	case CutBefore:
		return &transportFault{title: "connection closed before the call"}
	case SerializationFailure:
		return serializationFailure()
	case PoolExhausted:
		return poolFull()
	case DatabaseGone:
		return raise("psycopg2.OperationalError",
			"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database is not currently accepting connections\n")
	case Delayed:
		<-f.Release
	case GatewayTimeout, CutAfter, LoadConflict:
	}
	_ = ctx // A caller that hangs up does not stop Odoo.
	return nil
}

// after is what the fault does to the answer of a call that took effect.
func (f *Fault) after() error {
	switch {
	case f.is(GatewayTimeout):
		return &transportFault{status: http.StatusGatewayTimeout, title: "Gateway Time-out"}
	case f.is(CutAfter):
		return &transportFault{title: "connection closed after the call"}
	}
	return nil
}

// answered writes the outcome that is no answer of Odoo's, if it is one.
func answered(w http.ResponseWriter, err error) bool {
	var fault *transportFault
	if !errors.As(err, &fault) {
		return false
	}
	if fault.status == 0 {
		panic(http.ErrAbortHandler)
	}
	proxyPage(w, fault.status, fault.title)
	return true
}

// loadConflict is what the loser of two load() calls at the same moment gets: no error, no ids.
func loadConflict() map[string]any {
	return loadResult{messages: []any{map[string]any{
		"rows": map[string]any{"from": int64(0), "to": int64(0)}, "record": int64(0), "type": "error",
		"message": "could not serialize access due to concurrent update\n",
	}}}.wire()
}
