package weather_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/weather"
)

// Each fault has the effect that its name says, and the answer that it promises.
func TestAProxySpoilsRequestsAsItsFaultsSay(t *testing.T) {
	t.Parallel()
	for fault, want := range map[weather.Fault]struct {
		effect bool
		status int // 0: no answer
		whole  bool
	}{
		weather.None:    {effect: true, status: http.StatusOK, whole: true},
		weather.Cut:     {},
		weather.Foreign: {status: http.StatusBadGateway, whole: true},
		weather.Lost:    {effect: true},
		weather.Covered: {effect: true, status: http.StatusBadGateway, whole: true},
		weather.Torn:    {effect: true, status: http.StatusOK},
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			var effects atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				effects.Add(1)
				_, _ = io.WriteString(w, `{"whole": "answer"}`)
			}))
			t.Cleanup(server.Close)
			proxy := &weather.Proxy{
				Name: "plane", Target: server.URL, Foreign: []weather.Answer{{Status: http.StatusBadGateway, Body: "nginx"}},
				Dice: weather.NewDice(1, 1), MayBeLate: weather.IsCreate,
			}
			address, err := proxy.Serve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			proxy.Outage(fault)
			status, whole := ask(t, address)
			if effect := effects.Load() > 0; effect != want.effect || status != want.status || whole != want.whole {
				t.Errorf("effect %t, status %d, whole %t; want %+v", effect, status, whole, want)
			}
		})
	}
}

func ask(t *testing.T, address string) (status int, whole bool) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, address+"/work-items/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return 0, false
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	return response.StatusCode, err == nil
}

// What is late reaches the server when its client has been told nothing.
func TestACreateMayTakeEffectAfterItsClientHasGone(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{} }))
	t.Cleanup(server.Close)
	proxy := &weather.Proxy{
		Name: "plane", Target: server.URL, Foreign: []weather.Answer{{Status: http.StatusBadGateway}},
		Dice: weather.NewDice(1, 1), MayBeLate: func(*http.Request) bool { return true },
	}
	address, err := proxy.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	proxy.Outage(weather.Late)
	if status, _ := ask(t, address); status != 0 {
		t.Errorf("the client was answered %d", status)
	}
	select {
	case <-arrived:
	case <-time.After(30 * time.Second):
		t.Error("it never took effect")
	}
}
