package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

func TestAMistakeInAnySettingIsOneMessageThatNamesIt(t *testing.T) {
	t.Parallel()
	for setting, wrong := range map[string]string{
		"DATABASE_URL": "not a database", "LISTEN_ADDR": "8080", "METRICS_ADDR": "localhost:metrics", "WORKERS": "many",
		"PLANE_BASE_URL": "api.plane.so", "PLANE_APP_URL": "ftp://x", "PLANE_WORKSPACE_SLUG": "our workspace", "PLANE_BIR_PROJECT_ID": "BIR",
		"PLANE_AUTH": "password", "PLANE_API_KEY_FILE": "/does/not/exist", "ODOO_URL": "odoo:8069", "ODOO_PROTOCOL": "soap",
		"ODOO_MAX_IN_FLIGHT": "0", "SYNC_SCHEDULE": "sometimes", "RECONCILE_SCHEDULE": "* *", "CLEANUP_SCHEDULE": "daily",
		"TIMEZONE": "Manila", "DELIVERY_RETENTION": "a week", "PLANE_OAUTH_REDIRECT_URL": "callback", "PLANE_OAUTH_USER_FLOW": "perhaps",
		"DATABASE_POOLER": "perhaps", "SECRETS_SOURCE": "post-it", "LOG_LEVEL": "loud", "LOG_FORMAT": "xml",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, settings: map[string]string{"DATABASE_URL": "postgres://bridge@127.0.0.1:1/none"}}
			s.settings[setting] = wrong
			code, _, stderr := s.command("serve")
			if code != exitUsage {
				t.Errorf("exit code = %d, want 2", code)
			}
			if name := strings.TrimSuffix(setting, "_FILE"); !strings.Contains(stderr, "\n"+name+": ") {
				t.Errorf("the message does not name %s:\n%s", name, stderr)
			}
			if lines := strings.Count(strings.TrimSpace(stderr), "\n"); lines != 1 {
				t.Errorf("the message has %d lines after its heading, want 1:\n%s", lines, stderr)
			}
			if !strings.HasSuffix(setting, "_FILE") && strings.Contains(stderr, `"`+wrong+`"`) {
				t.Errorf("the message quotes the value:\n%s", stderr)
			}
		})
	}
}

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
	if code != exitDone || !strings.Contains(stdout, "60 to create, 0 to change, 0 to cancel, 0 to leave as they are: about 62 requests, about 2 minutes at 60 a minute") {
		t.Errorf("dry run = %d\n%s%s", code, stdout, stderr)
	}
	if n := s.plane.RequestTotal(); n != 0 {
		t.Errorf("the dry run made %d requests to Plane", n)
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
