package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

func TestAllFaultsAreReportedTogether(t *testing.T) {
	t.Parallel()
	s := &stage{t: t, settings: map[string]string{"LISTEN_ADDR": "8080", "TIMEZONE": "Manila"}}
	code, _, stderr := s.command("sync")
	if code != exitUsage {
		t.Errorf("exit code = %d, want 2", code)
	}
	for _, name := range []string{"LISTEN_ADDR", "TIMEZONE", "DATABASE_URL", "ODOO_URL", "ODOO_DB", "ODOO_LOGIN", "ODOO_PASSWORD", "PLANE_API_KEY", "PLANE_BIR_PROJECT_ID"} {
		if !strings.Contains(stderr, name+": ") {
			t.Errorf("the message does not name %s:\n%s", name, stderr)
		}
	}
}

func TestADryRunSaysWhatASyncWouldDoAndDoesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	code, stdout, stderr := s.command("sync", "--dry-run")
	if code != exitDone || !strings.Contains(stdout, "60 to create, 0 to change, 0 to cancel, 0 to leave as they are: about 75 requests, about 2 minutes at 60 a minute") {
		t.Errorf("dry run = %d\n%s%s", code, stdout, stderr)
	}
	for request := range s.plane.Requests() {
		if !strings.HasPrefix(request, "GET ") {
			t.Errorf("the dry run sent %s", request)
		}
	}
	if n := s.count("SELECT count(*) FROM ops.plane_sync_mappings"); n != 0 {
		t.Errorf("the dry run wrote %d links", n)
	}
}

func TestASecondSyncMakesNoRequestToPlane(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	if code, _, stderr := s.command("sync"); code != exitDone {
		t.Fatalf("sync: %s", stderr)
	}
	s.plane.ResetCounters()
	code, stdout, stderr := s.command("sync", "--json")
	if code != exitDone {
		t.Fatalf("sync: %s", stderr)
	}
	var result syncResult
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	if result.Left != 60 || s.plane.RequestTotal() != 0 {
		t.Errorf("second sync: %d left, %d requests; want 60 and none", result.Left, s.plane.RequestTotal())
	}
}

func TestCheckSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if code, stdout, _ := s.command("check"); code != exitDone {
		t.Errorf("check of a good setup = %d\n%s", code, stdout)
	}
	s.settings["PLANE_API_KEY"] = "plane_api_wrong"
	code, stdout, _ := s.command("check")
	if code != exitFailed || !strings.Contains(stdout, "fail") || !strings.Contains(stdout, "->") {
		t.Errorf("check with a wrong key = %d\n%s", code, stdout)
	}
	if strings.Contains(stdout, "plane_api_wrong") {
		t.Error("check printed the key")
	}
}

func TestTheDemoTellsItsStory(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	code, stdout, stderr := s.command("demo")
	if code != exitDone || !strings.Contains(stdout, "The account") {
		t.Errorf("demo = %d\n%s\n%s", code, stdout, stderr)
	}
}

func TestAPanicInACommandIsOneMessageAndExitCodeOne(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	getenv := func(name string) string {
		if name == "DATABASE_URL" {
			panic("an odd address")
		}
		return ""
	}
	code := run(t.Context(), []string{"reconcile"}, getenv, io.Discard, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "an odd address") || strings.Contains(stderr.String(), "goroutine") {
		t.Errorf("exit code %d and %q; want 1 and a message without a trace", code, stderr.String())
	}
}
