package odoo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// fault builds an error about this call.
func (call invocation) fault(class Class, kind Kind, message string) *Error {
	return &Error{Class: class, Kind: kind, Message: clip(message, 400), Model: call.model, Method: call.method}
}

// broken is an answer cut short or garbled on its way. Of a write nobody knows then what became of it.
func (call invocation) broken(got answer) *Error {
	failed := call.fault(answerKept(call, Retryable), ErrUncertain, "the answer is cut short or not readable")
	failed.Status = got.status
	return failed
}

// answerKept is the class of a failure that comes after the server may have done its work.
func answerKept(call invocation, forReads Class) Class {
	if call.reads {
		return forReads
	}
	return Uncertain
}

// isKind reports whether err is of the kind.
func isKind(err error, kind Kind) bool { return errors.Is(err, kind) }

// inCall names the model and the method in an error that was made without knowing them.
func inCall(call invocation, err error) error {
	var known *Error
	if errors.As(err, &known) && known.Model == "" {
		known.Model, known.Method = call.model, call.method
	}
	return err
}

// unanswered is the error of a request that got no whole answer. Only when the request certainly did not leave is a
// write known not to have happened.
func (x *exchange) unanswered(call invocation, got answer, err error) *Error {
	var failed *Error
	switch {
	case errors.Is(err, errAnswerTooLarge):
		failed = call.fault(answerKept(call, Permanent), ErrTooLarge, err.Error())
	case errors.Is(err, errNotSent):
		failed = call.fault(Retryable, ErrBusy, networkText(err))
	default:
		failed = call.fault(answerKept(call, Retryable), ErrUncertain, networkText(err))
	}
	failed.Status, failed.cause = got.status, contextCause(err)
	return failed
}

// networkText keeps addresses of the client's own side out; the rest of a network error names only the server that the
// operator configured.
func networkText(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "given up by the caller"
	}
	return localAddress.ReplaceAllString(err.Error(), "")
}

var localAddress = regexp.MustCompile(`\d{1,3}(\.\d{1,3}){3}:\d+->`)

func contextCause(err error) error {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// refused is the error of an HTTP answer that is no Odoo answer: a proxy's page, Odoo's own page, a redirect.
func (x *exchange) refused(call invocation, got answer) *Error {
	class, kind, message := classifyStatus(call, got)
	failed := call.fault(class, kind, message)
	failed.Status = got.status
	return failed
}

func classifyStatus(call invocation, got answer) (Class, Kind, string) {
	switch status := got.status; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return answerKept(call, Retryable), ErrProtocol, "refused, and not in Odoo's words; does a proxy stand in between?"
	case status == http.StatusNotFound:
		return Retryable, ErrDatabase, "a 404 page: the database is not available, its name is wrong, or the address is"
	case status == http.StatusRequestEntityTooLarge:
		return Permanent, ErrTooLarge, "the request is over the server's or the proxy's limit"
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return Retryable, ErrBusy, "the server asks to come back later"
	case status == http.StatusInternalServerError:
		return Retryable, ErrBusy, "a 500 page: overloaded or starting"
	case status == http.StatusBadGateway:
		// Mostly nobody was there to take the call; but a proxy says the same when Odoo died while working.
		return answerKept(call, Retryable), ErrBusy, "the proxy could not reach Odoo"
	case status == http.StatusGatewayTimeout, status == http.StatusRequestTimeout:
		return answerKept(call, Retryable), ErrUncertain, "the proxy gave up waiting; the call may go on"
	case status > http.StatusInternalServerError:
		return answerKept(call, Retryable), ErrBusy, "the server or a proxy failed"
	case status >= 300 && status < 400:
		return Permanent, ErrProtocol, fmt.Sprintf("redirected to %s; configure the final address", clip(got.location, 200))
	default:
		return answerKept(call, Retryable), ErrProtocol, "this is not Odoo's remote interface"
	}
}

// raised is the error of an exception that Odoo reported. Its work was rolled back, whatever it was.
func (x *exchange) raised(call invocation, status int, remote remoteError, fallback string) *Error {
	if remote.Message == "" {
		remote.Message = fallback
	}
	class, kind := classifyException(call, remote)
	unsettled := raisedWhileModelsChange(call, remote, kind)
	if unsettled {
		class = x.settling.class(call, remote, time.Now())
	}
	text := remote.Message
	if kind == ErrDatabase {
		text = withoutDatabaseHost(text)
	}
	failed := call.fault(class, kind, x.withoutSecret(text))
	failed.Name, failed.Status, failed.unsettled = clip(remote.Name, 100), status, unsettled
	return failed
}

// withoutSecret guards against a server that repeats its arguments in an exception.
func (x *exchange) withoutSecret(text string) string {
	if len(x.secret) < 4 {
		return text
	}
	return strings.ReplaceAll(text, x.secret, "[secret]")
}

var exceptions = map[string]struct {
	class Class
	kind  Kind
}{
	"odoo.exceptions.AccessDenied":                 {Permanent, ErrDenied},
	"odoo.http.SessionExpiredException":            {Permanent, ErrDenied},
	"werkzeug.exceptions.Unauthorized":             {Permanent, ErrDenied},
	"odoo.exceptions.AccessError":                  {Permanent, ErrAccess},
	"werkzeug.exceptions.Forbidden":                {Permanent, ErrAccess},
	"odoo.exceptions.UserError":                    {Permanent, ErrUser},
	"odoo.exceptions.RedirectWarning":              {Permanent, ErrUser},
	"odoo.exceptions.ValidationError":              {Permanent, ErrValidation},
	"odoo.exceptions.MissingError":                 {Permanent, ErrMissing},
	"odoo.exceptions.LockError":                    {Retryable, ErrConflict},
	"odoo.exceptions.ConcurrencyError":             {Retryable, ErrConflict},
	"werkzeug.exceptions.RequestEntityTooLarge":    {Permanent, ErrTooLarge},
	"werkzeug.exceptions.UnprocessableEntity":      {Permanent, ErrValue},
	"werkzeug.exceptions.BadRequest":               {Permanent, ErrValue},
	"werkzeug.exceptions.NotFound":                 {Permanent, ErrUnknownMethod},
	"builtins.ValueError":                          {Permanent, ErrValue},
	"builtins.TypeError":                           {Permanent, ErrValue},
	"builtins.KeyError":                            {Permanent, ErrValue},
	"builtins.IndexError":                          {Permanent, ErrValue},
	"builtins.AttributeError":                      {Permanent, ErrServer},
	"builtins.AssertionError":                      {Permanent, ErrServer},
	"builtins.NameError":                           {Permanent, ErrServer},
	"builtins.NotImplementedError":                 {Permanent, ErrServer},
	"builtins.ZeroDivisionError":                   {Permanent, ErrServer},
	"psycopg2.errors.SerializationFailure":         {Retryable, ErrConflict},
	"psycopg2.errors.DeadlockDetected":             {Retryable, ErrConflict},
	"psycopg2.errors.LockNotAvailable":             {Retryable, ErrConflict},
	"psycopg2.extensions.TransactionRollbackError": {Retryable, ErrConflict},
	"psycopg2.pool.PoolError":                      {Retryable, ErrBusy},
	"odoo.sql_db.PoolError":                        {Retryable, ErrBusy},
	"psycopg2.errors.UniqueViolation":              {Permanent, ErrValidation},
	"psycopg2.errors.NotNullViolation":             {Permanent, ErrValidation},
	"psycopg2.errors.ForeignKeyViolation":          {Permanent, ErrValidation},
	"psycopg2.errors.CheckViolation":               {Permanent, ErrValidation},
	"psycopg2.IntegrityError":                      {Permanent, ErrValidation},
	"psycopg2.DataError":                           {Permanent, ErrValue},
}

// classifyException goes by the Python class. Only where one class says two things does the text decide: an unknown
// model is a UserError over the old protocols, a model or a method that is unknown is the same 404 over JSON-2.
// A class that is not in the table is tried again: it was rolled back, and it may be a mail server that was away.
func classifyException(call invocation, remote remoteError) (Class, Kind) {
	text := remote.Message
	switch {
	case isUnknownModel(call, text):
		return Permanent, ErrUnknownModel
	case isUnknownMethod(call, text):
		return Permanent, ErrUnknownMethod
	case remote.Name == "odoo.exceptions.MissingError" && call.model != "res.users" && strings.Contains(text, "(Record: res.users("):
		// The caller's own user is gone. Read as "record missing" it would look as if the record were.
		return Permanent, ErrDenied
	}
	if known, ok := exceptions[remote.Name]; ok {
		return known.class, known.kind
	}
	if strings.HasPrefix(remote.Name, "psycopg2.") {
		return Retryable, ErrDatabase
	}
	return Retryable, ErrServer
}

// settlesWithin is how long an exception that Odoo raises while a module is being installed or upgraded is waited for.
// Upgrades take minutes. Only what lasts longer is a mistake of the call.
const settlesWithin = 30 * time.Minute

// settling remembers since when such exceptions have come, so that waiting for a registry in motion has an end.
type settling struct {
	mu   sync.Mutex
	seen map[string]sighting
}

type sighting struct{ first, last time.Time }

// class says whether an exception is still waited for: Retryable for settlesWithin after its first sight, Permanent from
// then on. One that did not come for as long belongs to another upgrade, and its time begins anew.
func (s *settling) class(call invocation, remote remoteError, now time.Time) Class {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]sighting{}
	}
	for key, earlier := range s.seen {
		if now.Sub(earlier.last) > settlesWithin {
			delete(s.seen, key)
		}
	}
	key := call.model + "." + call.method + "\n" + remote.Name + "\n" + clip(remote.Message, 200)
	seen, known := s.seen[key]
	if !known {
		seen.first = now
	}
	seen.last = now
	s.seen[key] = seen
	if now.Sub(seen.first) > settlesWithin {
		return Permanent
	}
	return Retryable
}

// modelOrField is how KeyError names what is missing from the registry, or from a model: 'bir.filing.deadline', 'x_note'.
var modelOrField = regexp.MustCompile(`^'?[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*'?$`)

// raisedWhileModelsChange reports whether Odoo raises such an exception also while its registry is in motion: the model,
// a method or a field is not there yet, or not any more. The same exceptions come from a call that is wrong for good.
// What PostgreSQL says meanwhile (a missing column or table) and a registry that does not load are never the call's
// mistake, and always tried again.
func raisedWhileModelsChange(call invocation, remote remoteError, kind Kind) bool {
	switch {
	case kind == ErrUnknownModel, kind == ErrUnknownMethod, remote.Name == "builtins.AttributeError":
		return true
	case remote.Name == "builtins.KeyError":
		return modelOrField.MatchString(remote.Message)
	default:
		return remote.Name == "builtins.ValueError" && strings.HasPrefix(remote.Message, "Invalid field")
	}
}

// isUnsettled reports whether err may be a registry in motion. Minutes help then, and not the seconds between two reads.
func isUnsettled(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.unsettled
}

func isUnknownModel(call invocation, text string) bool {
	return text == "Object "+call.model+" doesn't exist" || text == "the model '"+call.model+"' does not exist"
}

func isUnknownMethod(call invocation, text string) bool {
	return text == "The method '"+call.model+"."+call.method+"' does not exist" ||
		strings.HasSuffix(text, "has no attribute '"+call.method+"'")
}

var (
	databaseServer = regexp.MustCompile(`connection to server (at|on socket) "[^"]*"( \([^)]*\))?(, port \d+)?`)
	databaseHint   = regexp.MustCompile(`(?s)Is the server running.*?\?`)
)

// withoutDatabaseHost drops where PostgreSQL listens: it helps nobody who reads the message, and it is internal.
func withoutDatabaseHost(text string) string {
	text = databaseServer.ReplaceAllString(text, "connection to PostgreSQL")
	return databaseHint.ReplaceAllString(text, "")
}

// XML-RPC's fault codes.
const (
	faultUnexpected = 1
	faultWarning    = 2
	faultDenied     = 3
	faultAccess     = 4
)

// readFault finds the exception behind a fault. Code 1 is everything unexpected, with the traceback as its text; code 2
// is UserError, ValidationError and MissingError alike, of which only the last is known by its fixed text.
func readFault(code int, text string) remoteError {
	if code != faultUnexpected && strings.HasPrefix(text, "Traceback ") {
		text = readTraceback(text).Message
	}
	switch code {
	case faultDenied:
		return remoteError{Name: "odoo.exceptions.AccessDenied", Message: text}
	case faultAccess:
		return remoteError{Name: "odoo.exceptions.AccessError", Message: text}
	case faultWarning:
		if strings.HasPrefix(text, "Record does not exist or has been deleted.") {
			return remoteError{Name: "odoo.exceptions.MissingError", Message: text}
		}
		return remoteError{Name: "odoo.exceptions.UserError", Message: text}
	default:
		return readTraceback(text)
	}
}

var exceptionLine = regexp.MustCompile(`^([A-Za-z_]\w*(?:\.\w+)*)(?:: (.*))?$`)

// readTraceback takes the exception off the end of a traceback: the first line after the last indented one, "Class:
// message", and what follows. Nothing else of a traceback is kept.
func readTraceback(text string) remoteError {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := len(lines) - 1; i > 0; i-- {
		if !strings.HasPrefix(lines[i-1], "  ") || strings.HasPrefix(lines[i], " ") {
			continue
		}
		found := exceptionLine.FindStringSubmatch(lines[i])
		if found == nil {
			continue
		}
		name := found[1]
		if !strings.Contains(name, ".") {
			name = "builtins." + name
		}
		return remoteError{Name: name, Message: strings.Join(append([]string{found[2]}, lines[i+1:]...), "\n")}
	}
	return remoteError{Message: "an exception that the server did not describe"}
}

// isNull reports whether the body is the JSON value null.
func isNull(body []byte) bool { return string(bytes.TrimSpace(body)) == "null" }
