package plane

import (
	"errors"
	"fmt"
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
	KindNotFound         Kind = "not found"          // 404: the record is not there
	KindUnrouted         Kind = "no such path"       // 404: the server has no such path; nothing is said about a record
	KindMethodNotAllowed Kind = "method not allowed" // 405
	KindConflict         Kind = "conflict"           // 409: ExistingID holds the id that exists
	KindTooLarge         Kind = "too large"          // 413, or an answer above the client's limit
	KindRateLimited      Kind = "rate limited"       // 429, after all retries
	KindServer           Kind = "server error"       // 5xx
	KindRedirected       Kind = "redirected"         // 3xx: the base URL is not the server's own
	KindUnreachable      Kind = "unreachable"        // no connection; the request was never sent
	KindInterrupted      Kind = "interrupted"        // connection cut or timed out after the request was sent
	// KindForeign is an answer that Plane does not give: a proxy's page, an empty body, another JSON, another record. It
	// says nothing about a record, whatever its status, and is retried as a 5xx is.
	KindForeign    Kind = "not Plane's own answer"
	KindUnreadable Kind = "unreadable record" // the record that was asked for, with a field that cannot be read
	KindUnexpected Kind = "unexpected answer" // a status that none of the others stands for, or a list without an end
)

// Sentinels for errors.Is.
var (
	ErrInvalid          = errors.New("plane: invalid request")
	ErrUnauthorized     = errors.New("plane: no credentials")
	ErrBadKey           = errors.New("plane: API key not valid")
	ErrForbidden        = errors.New("plane: no permission")
	ErrNotFound         = errors.New("plane: not found")
	ErrUnrouted         = errors.New("plane: no such path")
	ErrMethodNotAllowed = errors.New("plane: method not allowed")
	ErrConflict         = errors.New("plane: already exists")
	ErrTooLarge         = errors.New("plane: too large")
	ErrRateLimited      = errors.New("plane: rate limited")
	ErrServer           = errors.New("plane: server error")
	ErrUnreachable      = errors.New("plane: unreachable")
	// ErrForeign matches an answer that is not Plane's own. It is trouble on the way: try later, conclude nothing.
	ErrForeign = errors.New("plane: not Plane's own answer")
	// ErrUnreadable matches a record that Plane sent and that cannot be read, alone or (*ItemError) in a list.
	ErrUnreadable = errors.New("plane: unreadable record")
	// ErrUncertain matches a write whose outcome is unknown: cut off, timed out, or answered by a 5xx or by something
	// that is not Plane's own. It may have taken effect; look before repeating.
	ErrUncertain = errors.New("plane: outcome of the write is unknown")
)

var sentinels = map[Kind]error{
	KindInvalid: ErrInvalid, KindUnauthorized: ErrUnauthorized, KindBadKey: ErrBadKey, KindForbidden: ErrForbidden,
	KindNotFound: ErrNotFound, KindMethodNotAllowed: ErrMethodNotAllowed, KindConflict: ErrConflict, KindTooLarge: ErrTooLarge,
	KindRateLimited: ErrRateLimited, KindServer: ErrServer, KindUnreachable: ErrUnreachable,
	KindUnrouted: ErrUnrouted, KindForeign: ErrForeign, KindUnreadable: ErrUnreadable,
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
	// windowReset is what a 429 without Retry-After said about the end of the window, zero when it said nothing.
	windowReset time.Time
	// ResetAt is when a rate-limited caller may try again.
	ResetAt time.Time
	// Unrouted is set on a 404 that is not about a record: in Plane's words for a path that it does not have
	// (KindUnrouted), or in a page that is not Plane's (KindForeign).
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

// IsUnrouted reports whether err is a 404 that is not about a record: the server seems not to have the path at all.
func IsUnrouted(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Unrouted
}

// ItemError is one record of a list that cannot be read: a date of an unknown layout, a text where a list is due, or
// more than the client takes in. It comes as the error of its own pair, and the list goes on behind it. Whoever stops
// at the first error stops here too, and does not take the rest for the whole; whoever wants the rest reports it and
// goes on:
//
//	var odd *plane.ItemError
//	if errors.As(err, &odd) {
//		report(odd)
//		continue
//	}
type ItemError struct {
	// ID is the record's id, "" when not even that can be read.
	ID string
	// Path is the list's, below /api/v1/.
	Path string

	cause error
}

func (e *ItemError) Error() string {
	id := e.ID
	if id == "" {
		id = "without an id"
	}
	return fmt.Sprintf("plane: listing %s: record %s cannot be read: %s", e.Path, id, e.cause)
}

// Is matches ErrUnreadable.
func (e *ItemError) Is(target error) bool { return target == ErrUnreadable }

// Unwrap returns why the record cannot be read.
func (e *ItemError) Unwrap() error { return e.cause }
