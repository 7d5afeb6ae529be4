package planetest

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

const me = "/api/v1/users/me/"

func TestFullWindowAnswers429AsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{Limit: 5})
		for range 5 {
			callAPI(t, client, "GET", me, "")
			time.Sleep(time.Second)
		}
		time.Sleep(49*time.Second + 500*time.Millisecond)
		status, body, header := try(t, client, "GET", me, "")
		recorded := read[replayed](t, "", "50-rate-limited.json")
		if status != recorded.Response.Status || body != compact(t, recorded.Response.Body) {
			t.Errorf("%d %s", status, body)
		}
		compareHeaders(t, header, recorded.Response.Headers)
		if s.Rejected() != 1 {
			t.Errorf("%d rejected, want 1", s.Rejected())
		}
	})
}

func TestRefusedRequestsDoNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, Options{Limit: 2})
		callAPI(t, client, "GET", me, "")
		time.Sleep(30 * time.Second)
		callAPI(t, client, "GET", me, "")
		for range 10 {
			if status, _, _ := try(t, client, "GET", me, ""); status != http.StatusTooManyRequests {
				t.Fatalf("status %d, want 429", status)
			}
		}
		time.Sleep(30 * time.Second)
		if status, _, _ := try(t, client, "GET", me, ""); status != http.StatusOK {
			t.Errorf("status %d after the oldest request left the window, want 200", status)
		}
		if status, _, _ := try(t, client, "GET", me, ""); status != http.StatusTooManyRequests {
			t.Errorf("status %d while the second request is in the window, want 429", status)
		}
	})
}

func TestResetIsAlwaysAMinuteAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, Options{Limit: 5})
		for i := range 4 {
			_, _, header := try(t, client, "GET", me, "")
			if got, want := header.Get("X-RateLimit-Reset"), strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10); got != want {
				t.Errorf("reset %s, want %s", got, want)
			}
			if got, want := header.Get("X-RateLimit-Remaining"), strconv.Itoa(4-i); got != want {
				t.Errorf("remaining %s, want %s", got, want)
			}
			time.Sleep(7 * time.Second)
		}
	})
}

func TestForeignUseOfTheKeyTakesFromTheSameBudget(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{Limit: 10})
	s.Spend("plane_api_EXAMPLE", 7)
	_, _, header := try(t, client, "GET", me, "")
	if header.Get("X-RateLimit-Remaining") != "2" {
		t.Errorf("remaining %s, want 2", header.Get("X-RateLimit-Remaining"))
	}
}

func TestServiceKeysHaveTheirOwnLimit(t *testing.T) {
	t.Parallel()
	seed := recordedSeed()
	seed.Keys = append(seed.Keys, Key{Key: "service", User: "bridge", Service: true})
	s := New(Options{Seed: seed})
	request, err := http.NewRequest(http.MethodGet, "http://plane"+me, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-API-Key", "service")
	response, err := s.RoundTripper().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("X-RateLimit-Remaining") != "299" {
		t.Errorf("remaining %s, want 299", response.Header.Get("X-RateLimit-Remaining"))
	}
}

func TestPeopleInTheirBrowsersCostNothing(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{Limit: 3})
	id, err := s.CreateItem("maria", NewItem{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.MoveItem("maria", id, "completed"); err != nil {
		t.Fatal(err)
	}
	_, _, header := try(t, client, "GET", me, "")
	if header.Get("X-RateLimit-Remaining") != "2" {
		t.Errorf("remaining %s, want 2", header.Get("X-RateLimit-Remaining"))
	}
}
