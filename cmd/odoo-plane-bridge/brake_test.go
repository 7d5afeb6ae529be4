package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// While the brake holds, whoever asks is told, and once it is let go nobody is.
func TestWhoeverAsksIsToldOfTheBrake(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	if code, stdout, stderr := s.command("sync"); code != exitDone {
		t.Fatalf("the first sync = %d\n%s%s", code, stdout, stderr)
	}
	for id := int64(1); id <= 30; id++ {
		s.odoo.DeleteDeadline(id)
	}
	code, stdout, _ := s.command("sync")
	if code != exitFailed || !strings.Contains(stdout, "30 held by the brake, 30 left as they are") {
		t.Errorf("sync = %d and says\n%s", code, stdout)
	}
	s.settings["METRICS_ADDR"] = freeAddress(t)
	for _, told := range []struct {
		by       string
		ask      func() string
		holding  string
		released string
	}{
		{"sync --json", func() string { return s.output("sync", "--json") }, `"held": 30`, `"held": 0`},
		{"sync --dry-run", func() string { return s.output("sync", "--dry-run") }, "30 held by the brake", "0 to cancel, 30 to leave as they are"},
		{"check", func() string { return s.output("check") }, "fail  brake", "ok    brake"},
		{"readyz", func() string { return s.served("/readyz") }, "the brake holds 30 of 60", `"brake":{"ok":true}`},
		{"metrics", func() string { return s.served("metrics") }, `bridge_brake_held{direction="to_plane"} 30`, `bridge_brake_held{direction="to_plane"} 0`},
	} {
		t.Run(told.by, func(t *testing.T) {
			s.exec("DELETE FROM ops.brakes")
			s.command("sync")
			if text := told.ask(); !strings.Contains(text, told.holding) {
				t.Errorf("while it holds, want %q in:\n%s", told.holding, text)
			}
		})
		defer func() {
			if text := told.ask(); !strings.Contains(text, told.released) {
				t.Errorf("%s: once it is let go, want %q in:\n%s", told.by, told.released, text)
			}
		}()
	}
	if code, stdout, stderr := s.command("sync", "--release"); code != exitDone || !strings.Contains(stdout, "30 cancelled") {
		t.Errorf("sync --release = %d\n%s%s", code, stdout, stderr)
	}
}

// output is what a command prints, whatever its exit code.
func (s *stage) output(args ...string) string {
	s.t.Helper()
	_, stdout, stderr := s.command(args...)
	return stdout + stderr
}

// served starts the bridge and reads one address of it, or its metrics.
func (s *stage) served(path string) string {
	s.t.Helper()
	p := s.start("serve")
	defer p.kill()
	address := p.url + path
	if path == "metrics" {
		address = "http://" + s.settings["METRICS_ADDR"] + "/metrics"
	}
	response, err := http.Get(address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if json.Valid(text) {
		return strings.NewReplacer("\n", "", " \"", "\"", ": ", ":").Replace(string(text))
	}
	return string(text)
}
