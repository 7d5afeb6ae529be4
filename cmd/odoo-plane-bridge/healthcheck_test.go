package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheHealthcheckSaysWhetherTheBridgeLives(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	bridge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("asked for %s, want /healthz", r.URL.Path)
		}
		w.WriteHeader(status)
	}))
	defer bridge.Close()
	port := bridge.URL[strings.LastIndex(bridge.URL, ":"):]
	for _, address := range []string{port, "0.0.0.0" + port, "[::]" + port, "127.0.0.1" + port} {
		s := &stage{t: t, settings: map[string]string{"LISTEN_ADDR": address}}
		if code, _, stderr := s.command("healthcheck"); code != exitDone {
			t.Errorf("healthcheck at %s = %d: %s", address, code, stderr)
		}
	}
	s := &stage{t: t, settings: map[string]string{"LISTEN_ADDR": port}}
	status = http.StatusServiceUnavailable
	if code, _, _ := s.command("healthcheck"); code != exitFailed {
		t.Errorf("healthcheck of a bridge that answers 503 = %d, want 1", code)
	}
	bridge.Close()
	if code, _, _ := s.command("healthcheck"); code != exitFailed {
		t.Errorf("healthcheck of no bridge = %d, want 1", code)
	}
	s.settings["LISTEN_ADDR"] = "8080"
	if code, _, _ := s.command("healthcheck"); code != exitUsage {
		t.Errorf("healthcheck with a wrong setting = %d, want 2", code)
	}
}
