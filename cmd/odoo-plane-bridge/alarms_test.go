package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// alarm is something that only a person can end, and what each teller says while it
// lasts.
type alarm struct {
	name  string
	raise func(*stage)
	end   func(*stage)
	// code is how a sync ends while it lasts.
	code int
	says map[string]string
}

var alarms = []alarm{
	{
		name: "the brake to Plane",
		raise: func(s *stage) {
			for id := int64(1); id <= 30; id++ {
				s.odoo.DeleteDeadline(id)
			}
		},
		end:  func(s *stage) { s.done("sync", "--release") },
		code: exitFailed,
		says: map[string]string{
			"sync": "30 held by the brake, 30 left as they are", "sync --json": `"held": 30`, "check": "fail  brake",
			"readyz": "the brake holds 30 of 60", "metrics": `bridge_brake_held{direction="to_plane"} 30`,
		},
	},
	{
		name: "the brake from Plane",
		raise: func(s *stage) {
			for _, item := range s.plane.Items()[:30] {
				s.must(s.plane.Delete("maria", item.ID))
			}
			s.command("reconcile")
		},
		end: func(s *stage) { s.done("reconcile", "--release") },
		says: map[string]string{
			"sync": "besides: the brake holds 30 of 60", "sync --json": "the brake holds 30 of 60", "check": "fail  brake",
			"readyz": "the brake holds 30 of 60", "metrics": `bridge_brake_held{direction="from_plane"} 30`,
		},
	},
	{
		name: "a webhook that is silent",
		raise: func(s *stage) {
			s.plane.MuteWebhooks(true)
			for _, item := range s.plane.Items()[:3] {
				s.must(s.plane.MoveItem("maria", item.ID, "started"))
			}
			s.done("reconcile")
			s.done("reconcile") // Nothing new is missed, and the silence lasts.
		},
		end: func(s *stage) {
			s.plane.MuteWebhooks(false)
			s.must(s.plane.MoveItem("maria", s.plane.Items()[5].ID, "started"))
		},
		says: map[string]string{
			"sync": "besides: Plane's webhook is silent", "sync --json": "Plane's webhook is silent", "check": "fail  webhook",
			"readyz": "Plane's webhook is silent", "metrics": `bridge_webhook_silent{project="PROJECT"} 1`,
		},
	},
}

// Whoever is asked tells of an alarm while it lasts, and nobody does before and after.
func TestEverybodyTellsOfAnAlarmWhileItLasts(t *testing.T) {
	t.Parallel()
	for _, alarm := range alarms {
		t.Run(alarm.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.odoo.GenerateDeadlines(1, 2099)
			s.settings["METRICS_ADDR"] = freeAddress(t)
			p := s.start("serve")
			s.plane.AddWebhook(p.url+"/api/webhooks/plane", stageSecret, planetest.V1)
			s.eventually("all work items are known", time.Minute, func() bool {
				return s.count("SELECT count(*) FROM ops.work_items") == 60 && s.open() == 0
			})
			s.allTell(p, alarm, false)
			alarm.raise(s)
			s.allTell(p, alarm, true)
			alarm.end(s)
			s.eventually("what ended it is worked through", time.Minute, func() bool { return s.open() == 0 })
			s.allTell(p, alarm, false)
		})
	}
}

// allTell asks everybody. A sync comes first, because what it finds is what the others
// know.
func (s *stage) allTell(p *program, alarm alarm, want bool) {
	s.t.Helper()
	wantCode := exitDone
	if want {
		wantCode = alarm.code
	}
	for _, teller := range []struct {
		name string
		ask  func() string
	}{
		{"sync", func() string { return s.sync(wantCode) }},
		{"sync --json", func() string { return s.sync(wantCode, "--json") }},
		{"check", func() string { return s.output("check") }},
		{"metrics", func() string { return s.served("http://" + s.settings["METRICS_ADDR"] + "/metrics") }},
		{"readyz", func() string { return s.served(p.url + "/readyz") }},
	} {
		words := strings.ReplaceAll(alarm.says[teller.name], "PROJECT", s.plane.ProjectID())
		said := teller.ask()
		if teller.name == "readyz" {
			// It remembers for some seconds what it found.
			s.eventually("readyz agrees", 20*time.Second, func() bool {
				said = teller.ask()
				return strings.Contains(said, words) == want
			})
		}
		if strings.Contains(said, words) != want {
			s.t.Errorf("%s says %q: %t, want %t. It says:\n%s", teller.name, words, !want, want, said)
		}
	}
}

func (s *stage) sync(want int, flags ...string) string {
	s.t.Helper()
	code, stdout, stderr := s.command(append([]string{"sync"}, flags...)...)
	if code != want {
		s.t.Errorf("sync = %d, want %d\n%s%s", code, want, stdout, stderr)
	}
	return stdout
}

// output is what a command prints, whatever its exit code.
func (s *stage) output(args ...string) string {
	s.t.Helper()
	_, stdout, stderr := s.command(args...)
	return stdout + stderr
}

// served reads an address of a running bridge.
func (s *stage) served(address string) string {
	s.t.Helper()
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
