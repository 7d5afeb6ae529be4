package sim

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
	// UnknownModel says that the model does not exist, in the words of each protocol; nothing happens.
	UnknownModel
	// NotFoundPage is Odoo's 404 page while it serves no database; nothing happens.
	NotFoundPage
	// ForeignAnswer answers Fault.Status and Fault.Body in Odoo's place, as a proxy does; nothing
	// happens.
	ForeignAnswer
	// EffectThenForeign answers the same; the call took effect all the same.
	EffectThenForeign
	// WrongResult answers Fault.Result as if it were the method's result; nothing happens.
	WrongResult
)

// Fault makes calls fail.
type Fault struct {
	Kind FaultKind
	// Model and Method say which calls; an empty one matches all calls of models. The services of
	// the classic protocols that need no session ("version", "authenticate") are the methods of
	// "common", which has to be named.
	Model, Method string
	// Times is how many calls are hit: 0 means one, a negative number all until ClearFaults.
	Times int
	// Skip lets that many matching calls pass first.
	Skip int
	// Name and Message are the error of ErrorObject, for example "odoo.exceptions.UserError".
	Name, Message string
	// Status (0 is 200), Body and ContentType (empty is text/html) are the answer of ForeignAnswer.
	Status            int
	Body, ContentType string
	// Result is what WrongResult answers: nil, bool, int64, float64, string, []any, map[string]any.
	Result any
	// Release ends Delayed.
	Release <-chan struct{}
}

// UpgradeFaults are what an Odoo answers while a module is being installed or upgraded, each by
// name, in the words that name a model and a field of it. They hit every call until ClearFaults, once
// planted with Fail.
func UpgradeFaults(modelName, fieldName string) map[string]Fault {
	table := underscored(modelName)
	raised := func(name, message string) Fault {
		return Fault{Kind: ErrorObject, Name: name, Message: message, Times: -1}
	}
	return map[string]Fault{
		"undefined column": raised("psycopg2.errors.UndefinedColumn", "column "+table+".x_note does not exist\nLINE 1: SELECT ..."),
		"undefined table":  raised("psycopg2.errors.UndefinedTable", "relation \""+table+"\" does not exist\nLINE 1: SELECT ..."),
		"programming":      raised("psycopg2.ProgrammingError", "relation does not exist"),
		"model key":        raised("builtins.KeyError", "'"+modelName+"'"),
		"field key":        raised("builtins.KeyError", "'"+fieldName+"'"),
		"attribute":        raised("builtins.AttributeError", "'res.users' object has no attribute '_compute_x'"),
		"invalid field":    raised("builtins.ValueError", "Invalid field '"+fieldName+"' on '"+modelName+"'"),
		"unknown model":    {Kind: UnknownModel, Times: -1},
		"registry":         raised("odoo.modules.registry.RegistryError", "Failed to load registry"),
		"read only":        raised("psycopg2.errors.ReadOnlySqlTransaction", "cannot execute UPDATE in a read-only transaction"),
		"database":         {Kind: DatabaseGone, Times: -1},
		"not found":        {Kind: NotFoundPage, Times: -1},
		"bad gateway":      {Kind: BadGateway, Times: -1},
		"pool":             {Kind: PoolExhausted, Times: -1},
	}
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

// serviceWithoutSession is the model of faults that hit authenticate and version.
const serviceWithoutSession = "common"

// takeFault uses up the fault that hits this call; nil hits nothing.
func (s *Server) takeFault(modelName, methodName string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, fault := range s.faults {
		if fault.Model == "" && modelName == serviceWithoutSession {
			continue
		}
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
	// body is sent as it is where contentType is set; else the proxy's own page is.
	contentType, body string
}

func (t *transportFault) Error() string { return "transport fault: " + t.title }

// before is what the fault does instead of the call, or ahead of it.
func (f *Fault) before(ctx context.Context, protocol, modelName string) error {
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
	case UnknownModel:
		return noSuchModel(protocol, modelName)
	case NotFoundPage:
		return &transportFault{status: http.StatusNotFound, title: "Not Found", contentType: "text/html; charset=utf-8", body: noDatabasePage}
	case ForeignAnswer:
		return f.foreign()
	case Delayed:
		<-f.Release
	case GatewayTimeout, CutAfter, LoadConflict, EffectThenForeign, WrongResult:
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
	case f.is(EffectThenForeign):
		return f.foreign()
	}
	return nil
}

func (f *Fault) foreign() *transportFault {
	fault := &transportFault{status: f.Status, title: "foreign answer", contentType: f.ContentType, body: f.Body}
	if fault.status == 0 {
		fault.status = http.StatusOK
	}
	if fault.contentType == "" {
		fault.contentType = "text/html"
	}
	return fault
}

// noSuchModel is said by a server whose registry does not hold the model (any more).
func noSuchModel(protocol, modelName string) error {
	if protocol == protocolJSON2 {
		return httpError(http.StatusNotFound, "the model '%s' does not exist", modelName)
	}
	return UserError("Object %s doesn't exist", modelName)
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
	if fault.contentType != "" {
		w.Header().Set("Content-Type", fault.contentType)
		send(w, fault.status, []byte(fault.body))
		return true
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
