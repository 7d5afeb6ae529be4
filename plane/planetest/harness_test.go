package planetest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

type chanLock chan struct{}

func (l chanLock) take() func() {
	l <- struct{}{}
	return func() { <-l }
}

// A received is one request that a receiver got.
type received struct {
	header http.Header
	body   []byte
}

// A receiver takes webhooks. It answers with the statuses given, the last one
// for ever; 0 cuts the connection. Without any it answers 200.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	got      []received
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.mu.Lock()
	r.got = append(r.got, received{request.Header.Clone(), body})
	status := http.StatusOK
	if len(r.statuses) > 0 {
		status = r.statuses[0]
		if len(r.statuses) > 1 {
			r.statuses = r.statuses[1:]
		}
	}
	r.mu.Unlock()
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

func (r received) text(t *testing.T, path ...string) string {
	t.Helper()
	value, err := parseJSON(string(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		o, isObject := value.(object)
		if !isObject {
			t.Fatalf("no %v in %s", path, r.body)
		}
		value = o.get(key)
	}
	if text, isText := value.(string); isText {
		return text
	}
	return string(restStyle.encode(value))
}

func quiesce(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.Quiesce(ctx); err != nil {
		t.Fatal(err)
	}
}

// try makes one API request below the project, or from the root when the path
// begins with a slash.
func try(t *testing.T, client *http.Client, method, path, body string) (int, string, http.Header) {
	t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/workspaces/insightpulseai/projects/" + recordedProject + "/" + path
	}
	request, err := http.NewRequest(method, "http://plane"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-API-Key", "plane_api_EXAMPLE")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer), response.Header
}

func callAPI(t *testing.T, client *http.Client, method, path, body string) string {
	t.Helper()
	status, answer, _ := try(t, client, method, path, body)
	if status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

// createOverAPI posts, to the work items unless a path is given, and answers
// the new id.
func createOverAPI(t *testing.T, client *http.Client, body string, path ...string) string {
	t.Helper()
	answer := callAPI(t, client, http.MethodPost, orDefault(strings.Join(path, ""), "work-items/"), body)
	var record struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &record); err != nil {
		t.Fatal(err)
	}
	return record.ID
}

// start makes a server with the recorded seed, and a client for it.
func start(t *testing.T, options Options) (*Server, *http.Client) {
	t.Helper()
	options.Seed = recordedSeed()
	options.Limit = orDefault(options.Limit, 6000)
	s := New(options)
	t.Cleanup(s.Close)
	return s, &http.Client{Transport: s.RoundTripper()}
}
