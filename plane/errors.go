package plane

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind says which of the failures that callers treat differently an Error is.
type Kind string

// The kinds of failure, each with the sentinel that errors.Is matches.
const (
	KindInvalid          Kind = "invalid"            // 400: Fields holds the messages
	KindUnauthorized     Kind = "unauthorized"       // 401: no credentials arrived
	KindBadKey           Kind = "bad key"            // 403: the server does not know the API key
	KindForbidden        Kind = "forbidden"          // 403: key known, no permission; also a wrong workspace slug
	KindNotFound         Kind = "not found"          // 404
	KindMethodNotAllowed Kind = "method not allowed" // 405
	KindConflict         Kind = "conflict"           // 409: ExistingID holds the id that exists
	KindTooLarge         Kind = "too large"          // 413, or an answer above the client's limit
	KindRateLimited      Kind = "rate limited"       // 429, after all retries
	KindServer           Kind = "server error"       // 5xx
	KindRedirected       Kind = "redirected"         // 3xx: the base URL is not the server's own
	KindUnreachable      Kind = "unreachable"        // no connection; the request was never sent
	KindInterrupted      Kind = "interrupted"        // connection cut or timed out after the request was sent
	KindUnexpected       Kind = "unexpected answer"  // another status, or a body that is not what Plane sends
)

// Sentinels for errors.Is.
var (
	ErrInvalid          = errors.New("plane: invalid request")
	ErrUnauthorized     = errors.New("plane: no credentials")
	ErrBadKey           = errors.New("plane: API key not valid")
	ErrForbidden        = errors.New("plane: no permission")
	ErrNotFound         = errors.New("plane: not found")
	ErrMethodNotAllowed = errors.New("plane: method not allowed")
	ErrConflict         = errors.New("plane: already exists")
	ErrTooLarge         = errors.New("plane: too large")
	ErrRateLimited      = errors.New("plane: rate limited")
	ErrServer           = errors.New("plane: server error")
	ErrUnreachable      = errors.New("plane: unreachable")
	// ErrUncertain matches a write whose outcome is unknown: cut off, timed out, or answered by a 5xx. It may have
	// taken effect; look before repeating.
	ErrUncertain = errors.New("plane: outcome of the write is unknown")
)

var sentinels = map[Kind]error{
	KindInvalid: ErrInvalid, KindUnauthorized: ErrUnauthorized, KindBadKey: ErrBadKey, KindForbidden: ErrForbidden,
	KindNotFound: ErrNotFound, KindMethodNotAllowed: ErrMethodNotAllowed, KindConflict: ErrConflict, KindTooLarge: ErrTooLarge,
	KindRateLimited: ErrRateLimited, KindServer: ErrServer, KindUnreachable: ErrUnreachable,
}

// Error is every failure of a request. It holds no credentials and never a whole body: messages are cut and the
// request's own credentials are replaced should a server echo them.
type Error struct {
	Status  int // 0 when no answer came
	Kind    Kind
	Method  string
	Path    string              // below /api/v1/, without query
	Message string              // what the server said, cut to a few hundred characters
	Fields  map[string][]string // messages by field of a 400; nested ones as "labels.0"
	// ExistingID is the id of the record that the 409 of a create collided with; adopt it. It is empty for a PATCH,
	// whose 409 does not say who has the pair.
	ExistingID string
	// RetryAfter is what a 429 asked for, 0 when it did not say.
	RetryAfter time.Duration
	// ResetAt is when a rate-limited caller may try again.
	ResetAt time.Time
	// Unrouted tells a 404 for a path that this server does not have from a 404 for a record that is not there.
	Unrouted bool
	// Uncertain is set on a write that may have taken effect although it failed.
	Uncertain bool

	cause error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plane: %s %s: %s", e.Method, e.Path, e.Kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%d)", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for _, name := range slices.Sorted(mapKeys(e.Fields)) {
		fmt.Fprintf(&b, "; %s: %s", name, strings.Join(e.Fields[name], " "))
	}
	if e.Kind == KindRateLimited && !e.ResetAt.IsZero() {
		b.WriteString("; try again at " + e.ResetAt.UTC().Format(time.RFC3339))
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Is matches the sentinel of the error's kind, and ErrUncertain.
func (e *Error) Is(target error) bool {
	if target == ErrUncertain {
		return e.Uncertain
	}
	return sentinels[e.Kind] == target
}

// Unwrap returns what lies below, such as context.DeadlineExceeded or a network error.
func (e *Error) Unwrap() error { return e.cause }

// ExistingID returns the id that the 409 of a create carried, or "".
func ExistingID(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Kind == KindConflict {
		return e.ExistingID
	}
	return ""
}

// IsUnrouted reports whether err is a 404 for a path that the server does not have at all.
func IsUnrouted(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Unrouted
}

func kindOf(status int, detail string) Kind {
	switch {
	case status == http.StatusForbidden && strings.Contains(strings.ToLower(detail), "token is not valid"):
		return KindBadKey
	case status >= 500:
		return KindServer
	case status >= 300 && status < 400:
		return KindRedirected
	}
	if kind, ok := statusKinds[status]; ok {
		return kind
	}
	return KindUnexpected
}

var statusKinds = map[int]Kind{
	http.StatusBadRequest: KindInvalid, http.StatusUnauthorized: KindUnauthorized, http.StatusForbidden: KindForbidden,
	http.StatusNotFound: KindNotFound, http.StatusMethodNotAllowed: KindMethodNotAllowed, http.StatusConflict: KindConflict,
	http.StatusRequestEntityTooLarge: KindTooLarge, http.StatusTooManyRequests: KindRateLimited,
}

// isAnswerOfView reports whether err shows that the request reached the code behind its path.
func isAnswerOfView(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case KindInvalid, KindConflict, KindMethodNotAllowed, KindForbidden:
		return true
	case KindNotFound:
		return !e.Unrouted
	default:
		return false
	}
}
