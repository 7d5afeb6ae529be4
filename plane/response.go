package plane

import (
	"encoding/json"
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

// check turns an answer that is no success into *Error. It is the only place that reads error bodies.
func (r *response) check(cl call, now time.Time) error {
	if r.status >= 200 && r.status < 300 {
		return nil
	}
	e := &Error{Status: r.status, Method: cl.method, Path: cl.path, Uncertain: r.status >= 500 && !cl.reads()}
	details := readErrorBody(r.body)
	e.Message = cut(details.message)
	if cl.method == http.MethodPost {
		e.ExistingID = details.id // a PATCH is answered with the patched record's own id, not with the other's
	}
	e.Kind = kindOf(r.status, details.message)
	if e.Kind == KindInvalid {
		e.Fields = details.fields
	}
	if e.Kind == KindNotFound {
		e.Unrouted = details.unrouted()
	}
	if e.Kind == KindRateLimited {
		e.RetryAfter = retryAfter(r.header, now)
		e.ResetAt = now.Add(max(e.RetryAfter, time.Second))
	}
	if e.Kind == KindRedirected {
		e.Message = "the server redirects; check the base URL's scheme, host and path"
	}
	return e
}

// errorBody is what could be read from an error answer.
type errorBody struct {
	isJSON  bool
	message string
	id      string
	fields  map[string][]string
}

// readErrorBody reads the shapes that Plane answers with: {"error":…}, {"detail":…}, {"error_message":…},
// {"field":["…"]}, {"field":{"0":["…"]}}. A body that is no JSON object (a proxy's page) gives an empty result.
func readErrorBody(body []byte) errorBody {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return errorBody{}
	}
	result := errorBody{isJSON: true, fields: map[string][]string{}}
	result.id, _ = object["id"].(string)
	for _, key := range []string{"detail", "error", "error_message", "message"} {
		if text, ok := object[key].(string); ok && result.message == "" {
			result.message = text
			delete(object, key)
		}
	}
	for key, value := range object {
		if key != "id" && key != "error_code" {
			collectMessages(result.fields, key, value)
		}
	}
	return result
}

func collectMessages(into map[string][]string, path string, value any) {
	switch v := value.(type) {
	case string:
		if len(into) < maxFields || into[path] != nil {
			into[path] = append(into[path], cut(v))
		}
	case []any:
		for _, element := range v {
			collectMessages(into, path, element)
		}
	case map[string]any:
		for key, element := range v {
			collectMessages(into, path+"."+key, element)
		}
	}
}

// unrouted recognises Django's and Plane's answer for a path that no route matches: "Page not found." where a
// missing record says "The requested resource does not exist." A 404 without JSON comes from a proxy or from Django.
func (b errorBody) unrouted() bool {
	return !b.isJSON || strings.HasPrefix(strings.ToLower(b.message), "page not found")
}

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
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// observe reads what the answer says about the budget.
func (r *response) observe(now time.Time, took time.Duration) Observation {
	o := Observation{Status: r.status, Remaining: -1, Took: took}
	if n, err := strconv.Atoi(r.header.Get("X-RateLimit-Remaining")); err == nil && n >= 0 {
		o.Remaining = n
	}
	if unix, err := strconv.ParseInt(r.header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		o.Reset = time.Unix(unix, 0)
	}
	if r.status == http.StatusTooManyRequests {
		o.RetryAfter = retryAfter(r.header, now)
	}
	return o
}
