package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
)

// withKeyHere is a stage whose key stands in the environment and whose Plane is
// named by Odoo alone, with the database migrated.
func withKeyHere(t *testing.T) (s *stage, address string) {
	t.Helper()
	s = newStage(t)
	address = app.Origin(s.settings["PLANE_BASE_URL"])
	s.moveToOdoo()
	s.settings["PLANE_API_KEY"] = s.plane.BotKey()
	if code, _, stderr := s.command("migrate"); code != exitDone {
		t.Fatalf("migrate: %s", stderr)
	}
	return s, address
}

func TestAKeyGoesToAnAddressFromOdooOnlyOnceItIsAccepted(t *testing.T) {
	t.Parallel()
	s, address := withKeyHere(t)
	s.odoo.GenerateDeadlines(1, 2099)
	code, stdout, _ := s.command("check")
	if code != exitFailed || s.plane.RequestTotal() != 0 || !strings.Contains(stdout, "names "+address+" and none was accepted before") {
		t.Fatalf("check = %d with %d requests to Plane, want a refusal before any:\n%s", code, s.plane.RequestTotal(), stdout)
	}
	if code, _, stderr := s.command("sync"); code != exitFailed || s.plane.RequestTotal() != 0 || !strings.Contains(stderr, "--accept-plane-address") {
		t.Fatalf("sync = %d with %d requests to Plane:\n%s", code, s.plane.RequestTotal(), stderr)
	}
	if code, stdout, _ := s.command("check", "--accept-plane-address"); code != exitDone || s.plane.RequestTotal() == 0 {
		t.Fatalf("check that accepts = %d:\n%s", code, stdout)
	}
	if code, stdout, _ := s.command("check"); code != exitDone {
		t.Fatalf("check afterwards = %d:\n%s", code, stdout)
	}

	another := newStage(t)
	s.odoo.SetParameter("plane.base_url", another.settings["PLANE_BASE_URL"])
	code, stdout, _ = s.command("check")
	if code != exitFailed || another.plane.RequestTotal() != 0 {
		t.Errorf("after the parameter changed: check = %d, %d requests to the other server", code, another.plane.RequestTotal())
	}
	if !strings.Contains(stdout, "names "+app.Origin(another.settings["PLANE_BASE_URL"])+" and accepted is "+address) {
		t.Errorf("the refusal does not name both addresses:\n%s", stdout)
	}
}

func TestAnAddressNeedsNoWordWhereTheKeyStandsBesideIt(t *testing.T) {
	t.Parallel()
	s := keptInOdoo(t)
	if code, _, stderr := s.command("migrate"); code != exitDone {
		t.Fatalf("migrate: %s", stderr)
	}
	code, stdout, _ := s.command("check")
	if code != exitDone {
		t.Errorf("check = %d:\n%s", code, stdout)
	}
	if !strings.Contains(stdout, "PLANE_API_KEY, PLANE_WEBHOOK_SECRET stand in Odoo's database") {
		t.Errorf("check does not note the secrets that stand in Odoo:\n%s", stdout)
	}
}

func TestSecretsFilesThatOthersCanGetAtAreNamed(t *testing.T) {
	t.Parallel()
	for mode, says := range map[os.FileMode]string{0o600: "", 0o640: "", 0o400: "", 0o644: "may read", 0o666: "may write", 0o602: "may write"} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		environment := sources.Environment{Getenv: func(name string) string { return map[string]string{"ADMIN_TOKEN_FILE": file}[name] }}
		warned := strings.Join(environment.FileWarnings(), "\n")
		if (warned == "") != (says == "") || !strings.Contains(warned, says) {
			t.Errorf("mode %#o: %q, want %q", mode, warned, says)
		}
	}
}

// Writing a client's configuration, and trying it, send the key where the address
// points as much as a sync does.
func TestNoMCPClientGetsTheKeyForAnAddressThatNobodyAccepted(t *testing.T) {
	s, address := withKeyHere(t)
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "uvx"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	for _, args := range [][]string{{"mcp-config", "--mode", "stdio", "--values"}, {"mcp-config", "--mode", "stdio", "--check"}} {
		code, stdout, stderr := s.command(args...)
		if code != exitFailed || s.plane.RequestTotal() != 0 || strings.Contains(stdout, s.plane.BotKey()) || !strings.Contains(stdout+stderr, "names "+address+" and none was accepted before") {
			t.Errorf("%v = %d with %d requests to Plane:\n%s%s", args, code, s.plane.RequestTotal(), stdout, stderr)
		}
	}
	database := s.settings["DATABASE_URL"]
	delete(s.settings, "DATABASE_URL")
	if code, stdout, _ := s.command("mcp-config", "--mode", "stdio", "--values"); code != exitFailed || strings.Contains(stdout, s.plane.BotKey()) {
		t.Errorf("without a database, which would know what was accepted: %d\n%s", code, stdout)
	}
	if code, stdout, stderr := s.command("mcp-config", "--mode", "stdio"); code != exitDone {
		t.Errorf("without the key in it the configuration is written all the same: %d\n%s%s", code, stdout, stderr)
	}
	s.settings["DATABASE_URL"] = database
	if code, stdout, _ := s.command("check", "--accept-plane-address"); !strings.Contains(stdout, address+", from Odoo") {
		t.Fatalf("check that accepts = %d:\n%s", code, stdout)
	}
	if code, stdout, stderr := s.command("mcp-config", "--mode", "stdio", "--values"); code != exitDone || !strings.Contains(stdout, s.plane.BotKey()) {
		t.Errorf("once it is accepted: %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := s.command("mcp-config", "--mode", "stdio", "--check"); code != exitDone {
		t.Errorf("the check, once it is accepted: %d\n%s%s", code, stdout, stderr)
	}
}

func TestTheAppsSecretGoesToAnAddressFromOdooOnlyOnceItIsAccepted(t *testing.T) {
	t.Parallel()
	s, address := withKeyHere(t)
	delete(s.settings, "PLANE_API_KEY")
	app := s.plane.OAuthApp()
	s.settings["PLANE_AUTH"], s.settings["ENCRYPTION_KEY"] = "bot", sealed.NewKey()
	s.settings["PLANE_OAUTH_CLIENT_ID"], s.settings["PLANE_OAUTH_CLIENT_SECRET"] = app.ClientID, app.ClientSecret
	s.settings["PLANE_OAUTH_REDIRECT_URL"] = "http://bridge.example.com/oauth/plane/callback"
	for _, args := range [][]string{{"oauth", "install", "--app-installation-id", app.InstallationID}, {"oauth", "install"}, {"check"}} {
		code, stdout, stderr := s.command(args...)
		if code != exitFailed || s.plane.RequestTotal() != 0 {
			t.Errorf("%v = %d with %d requests to Plane:\n%s%s", args, code, s.plane.RequestTotal(), stdout, stderr)
		}
		if !strings.Contains(stdout+stderr, "PLANE_OAUTH_CLIENT_SECRET is not sent there until you run") {
			t.Errorf("%v does not say what is in the way:\n%s%s", args, stdout, stderr)
		}
	}
	if _, stdout, _ := s.command("check", "--accept-plane-address"); !strings.Contains(stdout, address+", from Odoo") {
		t.Fatalf("check that accepts:\n%s", stdout)
	}
	// The stage's Plane is Community, and answers that it knows nothing of apps.
	if _, stdout, stderr := s.command("oauth", "install", "--app-installation-id", app.InstallationID); !strings.Contains(stderr, "this Plane server has no OAuth apps") {
		t.Errorf("once it is accepted Plane is not asked:\n%s%s", stdout, stderr)
	}
}

func TestAFileOfSettingsThatOthersCanGetAtIsNamed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		content string
		mode    os.FileMode
		says    string
	}{
		{"ADMIN_TOKEN=correct-horse\n", 0o600, ""},
		{"ADMIN_TOKEN=correct-horse\n", 0o644, "--env-file names a file that everybody on this machine may read"},
		{"export ADMIN_TOKEN='correct-horse'\n", 0o666, "--env-file names a file that everybody on this machine may write"},
		{"PLANE_API_KEY_FILE=/run/secrets/key\n", 0o666, "--env-file names a file that everybody on this machine may write"},
		{"TIMEZONE=Asia/Tokyo\n", 0o644, ""},
	} {
		s := newStage(t)
		s.settings["PLANE_API_KEY_FILE"] = "" // It stands beside PLANE_API_KEY, which goes before it.
		file := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(file, []byte(row.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, row.mode); err != nil {
			t.Fatal(err)
		}
		_, stdout, _ := s.command("--env-file", file, "check")
		if strings.Contains(stdout, "--env-file names") != (row.says != "") || !strings.Contains(stdout, row.says) {
			t.Errorf("%q with mode %#o, want %q:\n%s", row.content, row.mode, row.says, stdout)
		}
	}
}
