package plane

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever a server says about its limit, nobody waits for less than nothing or for
// longer than the client lets itself be told, and the budget goes on.
func FuzzWhatAServerSaysOfItsLimitIsBounded(f *testing.F) {
	for _, header := range []string{
		"", "17", "0", "-1", "1.5", "600", "601", "9223372036", "9223372037", "18446744073", "9223372036854775807", "99999999999999999999", "1e9",
		"Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 1999 07:28:00 GMT", "soon", " 3", "0x10",
	} {
		f.Add(429, header, "", "")
		f.Add(429, "", header, header)
		f.Add(200, "", header, header)
		f.Add(503, header, header, header)
	}
	f.Fuzz(func(t *testing.T, status int, retryAfter, remaining, reset string) {
		now := time.Now()
		r := &response{status: status, header: http.Header{"Retry-After": {retryAfter}, "X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}}}
		seen := r.observe(now, time.Millisecond)
		if seen.RetryAfter < 0 || seen.RetryAfter > maxRetryAfter || seen.Remaining < -1 {
			t.Errorf("seen is %+v", seen)
		}
		if digits := strings.Trim(retryAfter, "0123456789"); status == http.StatusTooManyRequests && digits == "" && len(retryAfter) > 4 && retryAfter[0] != '0' && seen.RetryAfter != maxRetryAfter {
			t.Errorf("Retry-After %s is read as %s, want the longest wait", retryAfter, seen.RetryAfter)
		}
		var used retries
		for range maxRateRetries {
			if wait, again := used.next(call{}, r.check(call{method: http.MethodGet}, now)); again && (wait < 0 || wait > maxRetryAfter+time.Second) {
				t.Errorf("the next try is %s away", wait)
			}
		}
		mustStayUsable(t, seen, now)
	})
}

// mustStayUsable shows an observation to a window, and wants a place within the time
// that every window gives one.
func mustStayUsable(t *testing.T, seen Observation, now time.Time) {
	t.Helper()
	var w Window
	for _, lane := range []Lane{LaneInteractive, LaneBackfill, LaneSweep} {
		w.Reserve(now, lane)
		w.Observe(now, seen)
	}
	if said := w.Status(now); said.Limit < 1 || said.Free < 0 || said.Used < 0 {
		t.Errorf("after %+v the window says %+v", seen, said)
	}
	if at := w.Reserve(now, LaneBackfill); !at.IsZero() && at.Sub(now) > maxRetryAfter+2*time.Minute {
		t.Errorf("after %+v the next place is %s away", seen, at.Sub(now))
	}
	if _, err := json.Marshal(w); err != nil {
		t.Error(err)
	}
}

// A cursor is the server's own: it is sent back as it came, and a list of pages ends
// whatever the cursors are.
func FuzzACursorIsSentBackAsItCame(f *testing.F) {
	for _, cursor := range []string{"", "100:1:0", "100:1:0&per_page=1", "a b", "ü", "\x00", "%", "../..", "?cursor=", "\u2028", strings.Repeat("c", 5000)} {
		f.Add(cursor, "100:2:0")
		f.Add("100:1:0", cursor)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		given := []string{strings.ToValidUTF8(first, "\ufffd"), strings.ToValidUTF8(second, "\ufffd")}
		var asked []string
		client := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Query().Get("cursor"))
			next, err := json.Marshal(given[(len(asked)-1)%2])
			return answer(r, 200, `{"results":[],"next_page_results":true,"next_cursor":`+string(next)+`}`), err
		}), func(cfg *Config) { cfg.Budget = freeBudget{} })
		_, err := collect(client.WorkItems(t.Context(), "p", ListOptions{}))
		if err == nil || len(asked) > 3 {
			t.Fatalf("a list that leads nowhere ends with %v after %d pages", err, len(asked))
		}
		if want := append([]string{""}, given...); !slices.Equal(asked, want[:len(asked)]) {
			t.Errorf("asked for %q, given were %q", asked, given)
		}
	})
}
