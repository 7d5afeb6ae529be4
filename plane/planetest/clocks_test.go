package planetest

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestTwoHostsStampWithTheirOwnClocksInTurn(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	s, client := start(t, Options{Now: func() time.Time { return noon }})
	s.SetClocks(5*time.Second, -3*time.Second)
	fast := createOverAPI(t, client, `{"name":"a"}`)
	slow := createOverAPI(t, client, `{"name":"b"}`)
	if err := s.RenameItem("maria", fast, "still fast"); err != nil {
		t.Fatal(err)
	}
	for id, off := range map[string]time.Duration{fast: 5 * time.Second, slow: -3 * time.Second} {
		it, _ := s.Item(id)
		if got := it.UpdatedAt.Sub(noon).Round(time.Second); got != off {
			t.Errorf("updated_at of %s is %s off, want %s", it.Name, got, off)
		}
	}
	status, _, header := try(t, client, "GET", me, "")
	reset, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64)
	if status != http.StatusOK || err != nil || time.Unix(reset, 0).Sub(noon) != 57*time.Second {
		t.Errorf("X-RateLimit-Reset of the slow host: %s (%v), want 57 s after noon", header.Get("X-RateLimit-Reset"), err)
	}
}

func TestTheBackgroundTaskKeepsTheClockOfTheHostThatWrote(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	s, client := start(t, Options{Now: func() time.Time { return noon }})
	s.ChooseClock(func(r *http.Request) time.Duration {
		if r != nil && r.Method == http.MethodPost {
			return time.Hour
		}
		return 0
	})
	id := createOverAPI(t, client, `{"name":"a"}`)
	callAPI(t, client, "GET", "work-items/"+id+"/", "")
	if it, _ := s.Item(id); it.UpdatedAt.Sub(noon).Round(time.Second) != time.Hour {
		t.Errorf("updated_at %s, want an hour after noon", it.UpdatedAt)
	}
	s.SetClocks()
	if err := s.RenameItem("maria", id, "b"); err != nil {
		t.Fatal(err)
	}
	if it, _ := s.Item(id); it.UpdatedAt.Sub(noon).Round(time.Second) != 0 {
		t.Errorf("updated_at %s after the clocks were set right, want noon", it.UpdatedAt)
	}
}
