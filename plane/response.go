package plane

import (
	"errors"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// How much of a server's own words an Error carries.
const (
	maxMessage = 300
	maxFields  = 20
)

// response is one answer, read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// check turns an answer that is no success, or not the answer to this call, into *Error. It is the only place that
// decides whether what came back is Plane's word.
func (r *response) check(cl call, now time.Time) error {
	if r.status >= 200 && r.status < 300 {
		return r.checkSuccess(cl)
	}
	details := readErrorBody(r.body)
	e := &Error{Status: r.status, Method: cl.method, Path: cl.path, Kind: kindOf(r.status, details, cl.body != nil)}
	e.Uncertain = !cl.reads() && (e.Kind == KindServer || e.Kind == KindForeign)
	e.Unrouted = e.Kind == KindUnrouted || e.Kind == KindForeign && r.status == http.StatusNotFound
	switch e.Kind {
	case KindForeign:
		e.Message = "the answer has not the shape of Plane's own; a proxy may have given it"
		return e
	case KindInvalid:
		e.Fields = details.fields
	case KindRateLimited:
		e.RetryAfter = retryAfter(r.header, now)
		e.ResetAt, e.windowReset = now.Add(max(e.RetryAfter, time.Second)), windowReset(r.header)
	case KindConflict:
		if cl.method == http.MethodPost {
			e.ExistingID = details.id // a PATCH is answered with the patched record's own id, not with the other's
		}
	default:
	}
	e.Message = cut(details.message)
	if e.Kind == KindRedirected {
		e.Message = "the server redirects; check the base URL's scheme, host and path"
	}
	return e
}

// checkSuccess takes in a success. A delete is answered 204 and nothing else; of everything else 200 and 201 alone have
// a body that could show the record.
func (r *response) checkSuccess(cl call) error {
	fits := r.status == http.StatusOK || r.status == http.StatusCreated
	if cl.method == http.MethodDelete {
		fits = r.status == http.StatusNoContent
	}
	err := errWrongStatus
	if fits && cl.read == nil {
		return nil
	}
	if fits {
		err = cl.read(r.body)
	}
	if err == nil {
		return nil
	}
	e := &Error{Status: r.status, Kind: KindForeign, Method: cl.method, Path: cl.path, Uncertain: !cl.reads(), cause: err}
	var field *unreadableField
	if errors.As(err, &field) {
		e.Kind = KindUnreadable
	}
	return e
}

var errWrongStatus = errors.New("a success that Plane does not answer this call with")

func cut(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if utf8.RuneCountInString(s) <= maxMessage {
		return s
	}
	return string([]rune(s)[:maxMessage]) + "…"
}

// retryAfter reads Retry-After in seconds or as a date; 0 means that it is missing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	// Compared before it is multiplied: a figure beyond all range still asks for the longest wait.
	if seconds, err := strconv.ParseInt(value, 10, 64); (err == nil || errors.Is(err, strconv.ErrRange)) && seconds >= 0 {
		return time.Duration(min(seconds, int64(maxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// windowReset reads X-RateLimit-Reset; zero means that it is missing.
func windowReset(h http.Header) time.Time {
	unix, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(unix, 0)
}

// maxRemaining is more than any server grants in a minute. The budget reckons with what remains, and with a figure
// without bound it would run over.
const maxRemaining = 1_000_000

// observe reads what the answer says about the budget.
func (r *response) observe(now time.Time, took time.Duration) Observation {
	o := Observation{Status: r.status, Remaining: -1, Took: took}
	if n, err := strconv.Atoi(r.header.Get("X-RateLimit-Remaining")); err == nil && n >= 0 {
		o.Remaining = min(n, maxRemaining)
	}
	o.Reset = windowReset(r.header)
	if r.status == http.StatusTooManyRequests {
		o.RetryAfter = retryAfter(r.header, now)
	}
	return o
}
