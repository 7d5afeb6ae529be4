package plane

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// step is one answer of a scripted server; a nil answer stands for err.
type step func(r *http.Request) (*http.Response, error)

func says(status int, body string, headers ...string) step {
	return func(r *http.Request) (*http.Response, error) { return answer(r, status, body, headers...), nil }
}

func breaks(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// script answers requests one after the other and notes what was asked when.
type script struct {
	steps []step

	mu    sync.Mutex
	asked []string
	at    []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.at = append(s.asked, r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path[:len(r.URL.Path)-1], "/"):]), append(s.at, time.Now())
	if len(s.steps) == 0 {
		return nil, errors.New("nothing more is scripted")
	}
	next := s.steps[0]
	s.steps = s.steps[1:]
	return next(r)
}

const okUser = `{"id":"u"}`

const okItem = `{"id":"i","external_source":"odoo","external_id":"m,1"}`

var paired = NewWorkItem{Name: "n", ExternalSource: "odoo", ExternalID: "m,1"}

func TestRetriesDoNoHarm(t *testing.T) {
	t.Parallel()
	missing := says(404, `{"error":"The requested resource does not exist."}`)
	cut := breaks(io.ErrUnexpectedEOF)
	refused := breaks(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
	get := func(ctx context.Context, c *Client) error { _, err := c.Me(ctx); return err }
	create := func(item NewWorkItem) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error { _, err := c.CreateWorkItem(ctx, "p", item); return err }
	}
	comment := func(ctx context.Context, c *Client) error {
		_, err := c.CreateComment(ctx, "p", "i", NewComment{HTML: "<p>c</p>", ExternalSource: "odoo", ExternalID: "m,1#gone"})
		return err
	}
	patch := func(ctx context.Context, c *Client) error {
		_, err := c.UpdateWorkItem(ctx, "p", "i", WorkItemPatch{Name: Set("n")})
		return err
	}
	remove := func(ctx context.Context, c *Client) error { return c.DeleteWorkItem(ctx, "p", "i") }
	for name, tc := range map[string]struct {
		do    func(context.Context, *Client) error
		steps []step
		asked []string
		want  error
	}{
		"a read is repeated after a 5xx":                         {get, []step{says(502, ``), says(200, okUser)}, []string{"GET /me/", "GET /me/"}, nil},
		"a read is repeated once only":                           {get, []step{says(502, ``), says(503, ``)}, []string{"GET /me/", "GET /me/"}, ErrServer},
		"a read is repeated after a cut connection":              {get, []step{cut, says(200, okUser)}, []string{"GET /me/", "GET /me/"}, nil},
		"a read is not repeated after a 400":                     {get, []step{says(400, `{"detail":"Invalid cursor parameter."}`)}, []string{"GET /me/"}, ErrInvalid},
		"a patch is repeated, because it sets state":             {patch, []step{cut, says(200, okItem)}, []string{"PATCH /i/", "PATCH /i/"}, nil},
		"a create without a pair is not repeated":                {create(NewWorkItem{Name: "n"}), []step{says(500, ``)}, []string{"POST /work-items/"}, ErrUncertain},
		"a create is looked up and found":                        {create(paired), []step{cut, says(200, okItem)}, []string{"POST /work-items/", "GET /work-items/"}, nil},
		"a create that is not found is not repeated":             {create(paired), []step{cut, missing}, []string{"POST /work-items/", "GET /work-items/"}, ErrUncertain},
		"a create behind a proxy's 504 is not repeated":          {create(paired), []step{says(504, `<html>`), missing}, []string{"POST /work-items/", "GET /work-items/"}, ErrUncertain},
		"a comment that is not found is not repeated":            {comment, []step{cut, says(200, pageOf(false, ""))}, []string{"POST /comments/", "GET /comments/"}, ErrUncertain},
		"a create that cannot be looked up stays uncertain":      {create(paired), []step{cut, cut, cut}, []string{"POST /work-items/", "GET /work-items/", "GET /work-items/"}, ErrUncertain},
		"a create that exists is a conflict, not a retry":        {create(paired), []step{says(409, `{"error":"exists","id":"i"}`)}, []string{"POST /work-items/"}, ErrConflict},
		"a create is repeated when it never left":                {create(NewWorkItem{Name: "n"}), []step{refused, says(201, okItem)}, []string{"POST /work-items/", "POST /work-items/"}, nil},
		"a server that stays away is unreachable":                {get, []step{refused, refused}, []string{"GET /me/", "GET /me/"}, ErrUnreachable},
		"a delete is repeated, and gone then is done":            {remove, []step{cut, missing}, []string{"DELETE /i/", "DELETE /i/"}, nil},
		"a delete of what was gone before says so":               {remove, []step{missing}, []string{"DELETE /i/"}, ErrNotFound},
		"a delete that fails twice stays uncertain":              {remove, []step{says(500, ``), says(500, ``)}, []string{"DELETE /i/", "DELETE /i/"}, ErrUncertain},
		"an answer cut within a create leaves it uncertain":      {create(NewWorkItem{Name: "n"}), []step{says(201, `{"id":`)}, []string{"POST /work-items/"}, ErrUncertain},
		"a rate limit is retried three times and then an error":  {get, []step{says(429, ``), says(429, ``), says(429, ``), says(429, ``)}, []string{"GET /me/", "GET /me/", "GET /me/", "GET /me/"}, ErrRateLimited},
		"a create is repeated after a 429, which took no effect": {create(NewWorkItem{Name: "n"}), []step{says(429, ``), says(201, okItem)}, []string{"POST /work-items/", "POST /work-items/"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &script{steps: tc.steps}
				err := tc.do(t.Context(), clientOver(t, server))
				if !errors.Is(err, tc.want) {
					t.Errorf("error %v, want %v", err, tc.want)
				}
				if got, want := strings.Join(server.asked, ", "), strings.Join(tc.asked, ", "); got != want {
					t.Errorf("asked %s\nwant  %s", got, want)
				}
			})
		})
	}
}

func TestAServerErrorIsRepeatedAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: []step{says(500, ``), says(200, okUser)}}
		if _, err := clientOver(t, server).Me(t.Context()); err != nil {
			t.Fatal(err)
		}
		if wait := server.at[1].Sub(server.at[0]); wait != 2*time.Second {
			t.Errorf("waited %s", wait)
		}
	})
}

// freeBudget never waits, so that only the waits of the retries themselves are seen.
type freeBudget struct{}

func (freeBudget) Wait(context.Context, Lane) error     { return nil }
func (freeBudget) Observe(context.Context, Observation) {}

func TestWithoutRetryAfterNobodyWaitsBeyondTheWindowsReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reset := func(in time.Duration) step {
			return says(429, ``, "X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(in).Unix(), 10))
		}
		server := &script{steps: []step{reset(30 * time.Second), reset(time.Second), says(200, okUser)}}
		start := time.Now()
		if _, err := clientOver(t, server, func(cfg *Config) { cfg.Budget = freeBudget{} }).Me(t.Context()); err != nil {
			t.Fatal(err)
		}
		// 1 s with jitter, and then not 2 s but until the reset, which lies at most 1 s ahead of the first answer.
		if took := time.Since(start); took < time.Second || took > 1300*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

func TestRetryAfterIsHonouredBeforeBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: []step{says(429, ``, "Retry-After", "17"), says(429, ``), says(429, ``), says(200, okUser)}}
		c := clientOver(t, server, func(cfg *Config) { cfg.Budget = freeBudget{} })
		if _, err := c.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, least := range []time.Duration{17 * time.Second, 2 * time.Second, 4 * time.Second} {
			if wait := server.at[i+1].Sub(server.at[i]); wait < least || wait > least+time.Second {
				t.Errorf("wait %d was %s, want %s and a little jitter", i+1, wait, least)
			}
		}
	})
}

func TestARateLimitLongerThanTheAllowedWaitPutsTheJobBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: []step{says(429, ``, "Retry-After", "40")}}
		start := time.Now()
		_, err := clientOver(t, server).Me(WithMaxWait(t.Context(), 5*time.Second))
		var busy *BusyError
		if !errors.As(err, &busy) || !errors.Is(err, ErrRateLimited) {
			t.Fatalf("error %v, want a BusyError over ErrRateLimited", err)
		}
		if wait := busy.Until.Sub(start); time.Since(start) > 0 || wait < 40*time.Second || wait > 41*time.Second {
			t.Errorf("Until is %s away, returned after %s", wait, time.Since(start))
		}
	})
}

func TestARetryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: []step{says(500, ``), says(200, okUser)}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := clientOver(t, server).Me(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrServer) || len(server.asked) != 1 {
			t.Errorf("%d requests, error %v", len(server.asked), err)
		}
	})
}

func TestATimeoutOfAWriteIsUncertain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.CreateWorkItem(ctx, "p", paired)
		if !errors.Is(err, ErrUncertain) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}
