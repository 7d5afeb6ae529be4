package planetest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func post(t *testing.T, client *http.Client, url, body string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-API-Key", "plane_api_EXAMPLE")
	response, err := client.Do(request)
	if err == nil {
		t.Cleanup(func() { response.Body.Close() })
	}
	return response, err
}

const itemsPath = "/api/v1/workspaces/insightpulseai/projects/" + recordedProject + "/work-items/"

func TestFaultsHappenWithAndWithoutEffect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  Fault
		status int // 0 for a cut connection
		items  int
	}{
		"an answer without effect":  {Fault{Kind: FaultStatus, Status: 503}, 503, 0},
		"cut without effect":        {Fault{Kind: FaultCut}, 0, 0},
		"effect, then cut":          {Fault{Kind: FaultEffectThenCut}, 0, 1},
		"effect, then a bad answer": {Fault{Kind: FaultEffectThenStatus}, 502, 1},
		"a wait that ends":          {Fault{Kind: FaultWait, Delay: time.Millisecond}, 201, 1},
		"effect, then a wait":       {Fault{Kind: FaultEffectThenWait, Delay: time.Millisecond}, 201, 1},
		"another method":            {Fault{Kind: FaultCut, Method: "PATCH"}, 201, 1},
		"another path":              {Fault{Kind: FaultCut, Path: "work-items/*/"}, 201, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, inProcess := start(t, Options{})
			web := httptest.NewServer(s)
			defer web.Close()
			for i, client := range []*http.Client{inProcess, web.Client()} {
				s.Fail(c.fault)
				response, err := post(t, client, web.URL+itemsPath, `{"name":"a"}`)
				switch {
				case c.status == 0 && err == nil:
					t.Errorf("answered %d, want a cut connection", response.StatusCode)
				case c.status != 0 && (err != nil || response.StatusCode != c.status):
					t.Errorf("%v %v, want %d", response, err, c.status)
				}
				if n := len(s.Items()); n != c.items*(i+1) {
					t.Errorf("%d items, want %d", n, c.items*(i+1))
				}
				s.faults = nil
			}
		})
	}
}

func TestFaultSkipsAndEnds(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	fault := s.Fail(Fault{Method: "GET", Path: "users/me/", Skip: 1, Times: 2, Kind: FaultStatus, Status: 500})
	var statuses []int
	for range 5 {
		status, _, _ := try(t, client, "GET", me, "")
		statuses = append(statuses, status)
	}
	want := []int{200, 500, 500, 200, 200}
	for i := range want {
		if statuses[i] != want[i] {
			t.Fatalf("statuses %v, want %v", statuses, want)
		}
	}
	if fault.Hits() != 2 || s.RequestTotal() != 3 {
		t.Errorf("%d hits and %d requests, want 2 and 3", fault.Hits(), s.RequestTotal())
	}
}

func TestWaitingRequestGoesOnWhenReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{})
		fault := s.Fail(Fault{Kind: FaultWait, Times: -1})
		done := make(chan error)
		go func() {
			_, err := post(t, client, "http://plane"+itemsPath, `{"name":"a"}`)
			done <- err
		}()
		<-fault.Reached()
		synctest.Wait()
		if len(s.Items()) != 0 {
			t.Error("took effect before it was released")
		}
		fault.Remove()
		fault.Release()
		if err := <-done; err != nil || len(s.Items()) != 1 {
			t.Errorf("%v, %d items", err, len(s.Items()))
		}
	})
}

func TestClientThatGivesUpDoesNotUndoTheEffect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{})
		client.Timeout = 30 * time.Second
		s.Fail(Fault{Kind: FaultEffectThenWait})
		_, err := post(t, client, "http://plane"+itemsPath, `{"name":"a"}`)
		if !errors.Is(err, context.DeadlineExceeded) || len(s.Items()) != 1 {
			t.Errorf("%v, %d items; want a timeout and the item", err, len(s.Items()))
		}
	})
}

func TestServerThatIsDownRefusesConnections(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	s.Down(true)
	if _, err := post(t, client, "http://plane"+itemsPath, `{}`); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("in process: %v, want connection refused", err)
	}
	web := httptest.NewServer(s)
	defer web.Close()
	if _, err := post(t, web.Client(), web.URL+itemsPath, `{}`); !errors.Is(err, io.EOF) {
		t.Errorf("over a socket: %v, want EOF", err)
	}
	s.Down(false)
	callAPI(t, client, "GET", me, "")
}

func TestHooksSeeEveryRequest(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	var seen []string
	s.OnRequest(func(r *http.Request) { seen = append(seen, r.Method+" "+r.URL.Path) })
	callAPI(t, client, "GET", me, "")
	if len(seen) != 1 || seen[0] != "GET "+me {
		t.Errorf("seen %v", seen)
	}
}

func TestCountersTellRequestsAndWrites(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a"}`)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"name":"b"}`)
	if err := s.RenameItem("maria", id, "c"); err != nil {
		t.Fatal(err)
	}
	if s.Writes(id) != 2 || s.Requests()["PATCH "+inProject+"work-items/{item}/"] != 1 {
		t.Errorf("%d writes, requests %v", s.Writes(id), s.Requests())
	}
	s.ResetCounters()
	if s.Writes(id) != 0 || s.RequestTotal() != 0 {
		t.Errorf("after the reset: %d writes, %d requests", s.Writes(id), s.RequestTotal())
	}
}

func TestForeignAnswersComeWithAndWithoutTheEffect(t *testing.T) {
	t.Parallel()
	for name, fault := range ForeignAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := start(t, Options{})
			client := &http.Client{Transport: s.RoundTripper(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			for items, kind := range []FaultKind{FaultStatus, FaultEffectThenStatus} {
				fault.Kind = kind
				s.Fail(fault)
				response, err := post(t, client, "http://plane"+itemsPath, `{"name":"a"}`)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != fault.Status || fault.Body != "" && string(body) != fault.Body || fault.NoBody && len(body) > 0 {
					t.Errorf("%d %q %v, want %d %q", response.StatusCode, body, err, fault.Status, fault.Body)
				}
				if n := len(s.Items()); n != items {
					t.Errorf("%d items, want %d", n, items)
				}
			}
		})
	}
}

func TestAnAnswerCanBeRewrittenOnItsWay(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	s.Fail(Fault{Method: "GET", Path: "work-items/", Kind: FaultRewrite, Rewrite: func(status int, body []byte) (int, []byte) {
		return status + 2, body[:10]
	}})
	if status, answer, _ := try(t, client, "GET", "work-items/", ""); status != 202 || answer != `{"grouped_` {
		t.Errorf("%d %s", status, answer)
	}
}
