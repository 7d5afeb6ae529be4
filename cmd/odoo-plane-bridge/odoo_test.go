package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// pushToken needs escaping in an address.
const pushToken = "push token & more"

// asAdministrator are the arguments that sign in as one.
func (s *stage) asAdministrator(args ...string) []string {
	admin := s.odoo.Admin()
	s.settings["ODOO_ADMIN_PASSWORD"] = admin.APIKey
	return append([]string{"odoo"}, append(args, "--login", admin.Login)...)
}

func TestSetupPushIsIdempotentAndRemovable(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.settings["BRIDGE_PUBLIC_URL"], s.settings["ODOO_WEBHOOK_TOKEN"] = "http://127.0.0.1:8080/", pushToken
	for _, want := range []string{"rules made in Odoo", "rules brought up to date in Odoo"} {
		code, stdout, stderr := s.command(s.asAdministrator("setup-push")...)
		if code != exitDone || !strings.Contains(stdout, want) || !strings.Contains(stdout, "http://127.0.0.1:8080/api/webhooks/odoo") {
			t.Fatalf("setup-push = %d\n%s%s\nwant %q", code, stdout, stderr, want)
		}
		if strings.Contains(stdout+stderr, "push token") || strings.Contains(stdout+stderr, "push+token") {
			t.Error("setup-push printed the token")
		}
	}
	if rules, actions := s.odoo.Records("base.automation"), s.odoo.Records("ir.actions.server"); len(rules) != 2 || len(actions) != 2 {
		t.Errorf("%d rules and %d actions, want 2 and 2", len(rules), len(actions))
	}
	for _, want := range []string{"are removed", "has no rules of the bridge"} {
		code, stdout, stderr := s.command(s.asAdministrator("setup-push", "--remove")...)
		if code != exitDone || !strings.Contains(stdout, want) {
			t.Errorf("setup-push --remove = %d\n%s%s\nwant %q", code, stdout, stderr, want)
		}
	}
	if rules, actions := s.odoo.Records("base.automation"), s.odoo.Records("ir.actions.server"); len(rules) != 0 || len(actions) != 0 {
		t.Errorf("%d rules and %d actions are left", len(rules), len(actions))
	}
}

func TestSetupSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	code, _, stderr := s.command("odoo", "setup-push")
	if code != exitUsage || !strings.Contains(stderr, "BRIDGE_PUBLIC_URL: ") || !strings.Contains(stderr, "ODOO_WEBHOOK_TOKEN: ") {
		t.Errorf("without address and token = %d %s", code, stderr)
	}
	code, _, stderr = s.command("odoo", "setup-fields", "--login", "admin")
	if code != exitUsage || !strings.Contains(stderr, "ODOO_ADMIN_PASSWORD: ") {
		t.Errorf("without the password of --login = %d %s", code, stderr)
	}
	s.settings["BRIDGE_PUBLIC_URL"], s.settings["ODOO_WEBHOOK_TOKEN"] = "http://127.0.0.1:8080", pushToken
	for _, command := range []string{"setup-push", "setup-fields"} {
		code, _, stderr = s.command("odoo", command)
		if code != exitFailed || !strings.Contains(stderr, "Settings rights") || !strings.Contains(stderr, "--login") {
			t.Errorf("%s as a user of least privilege = %d %s", command, code, stderr)
		}
	}
}

func TestSetupFieldsAddsWhatSyncThenFills(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	for _, want := range []string{"added to bir.filing.deadline in Odoo: x_plane_issue_id", "has the fields already"} {
		code, stdout, stderr := s.command(s.asAdministrator("setup-fields")...)
		if code != exitDone || !strings.Contains(stdout, want) {
			t.Fatalf("setup-fields = %d\n%s%s\nwant %q", code, stdout, stderr, want)
		}
	}
	if code, _, stderr := s.command("sync"); code != exitDone {
		t.Fatalf("sync: %s", stderr)
	}
	s.odoo.ResetCounters()
	items := s.plane.Items()
	for _, record := range s.odoo.Records(bir.Model) {
		if record["x_plane_sync_status"] != "synced" || record["x_plane_last_sync"] == false ||
			!slices.ContainsFunc(items, func(item planetest.Item) bool { return item.ID == record["x_plane_issue_id"] }) {
			t.Fatalf("a mirrored deadline shows %v", record)
		}
	}
	if code, stdout, stderr := s.command("sync"); code != exitDone || !strings.Contains(stdout, "60 left") {
		t.Errorf("the bridge's own writes came back as changes: %s%s", stdout, stderr)
	}
	if writes := s.odoo.Writes(); len(writes) != 0 {
		t.Errorf("an idle sync wrote %d records", len(writes))
	}
}

func TestCheckSaysHowThingsStandWithOdoo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	delete(s.settings, "PLANE_BASE_URL")
	_, stdout, _ := s.command("check")
	for _, want := range []string{"over json2: the server is Odoo 19", "may not read ir.config_parameter", "setup-push", "setup-fields", "odoo key"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("check does not say %q:\n%s", want, stdout)
		}
	}
	s.settings["BRIDGE_PUBLIC_URL"], s.settings["ODOO_WEBHOOK_TOKEN"] = "http://127.0.0.1:8080", pushToken
	if code, _, stderr := s.command(s.asAdministrator("setup-push")...); code != exitDone {
		t.Fatalf("setup-push: %s", stderr)
	}
	if _, stdout, _ = s.command("check"); !strings.Contains(stdout, "automation rules report changed and deleted deadlines") {
		t.Errorf("check does not see the rules:\n%s", stdout)
	}
}

func TestAPushedChangeReachesPlaneInSeconds(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.settings["ODOO_WEBHOOK_TOKEN"], s.settings["SYNC_SCHEDULE"] = pushToken, "@every 24h"
	if code, _, stderr := s.command("migrate"); code != exitDone {
		t.Fatal(stderr)
	}
	if code, _, stderr := s.command("sync"); code != exitDone {
		t.Fatal(stderr)
	}
	p := s.start("serve")
	if code, _, stderr := s.command(s.asAdministrator("setup-push", "--url", p.url)...); code != exitDone {
		t.Fatal(stderr)
	}
	deadline := s.odoo.Deadlines()[0]
	s.odoo.Extend(deadline.ID, "2099-12-31")
	s.eventually("Plane shows the new date", 20*time.Second, func() bool {
		return slices.ContainsFunc(s.plane.Items(), func(item planetest.Item) bool {
			return strings.HasSuffix(item.ExternalID, deadline.Key) && item.TargetDate == "2099-12-31"
		})
	})

	s.odoo.DeleteDeadline(deadline.ID)
	s.eventually("the deletion is looked at", 20*time.Second, func() bool {
		return s.count("SELECT count(*) FROM ops.river_job WHERE kind = 'odoo_change' AND state = 'completed'") >= 2
	})
	if n := s.odoo.Calls()["push failed"]; n != 0 {
		t.Errorf("%d pushes failed", n)
	}
	if strings.Contains(p.logged(), "push token") || strings.Contains(p.logged(), "push+token") {
		t.Error("the log shows the token")
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+"/api/webhooks/odoo?token=guess", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a guessed token = %d, want 403", response.StatusCode)
	}
}
