package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// withKeyHere is a stage whose key stands in the environment and whose Plane is
// named by Odoo alone, with the database migrated.
func withKeyHere(t *testing.T) (s *stage, address string) {
	t.Helper()
	s = newStage(t)
	address = origin(s.settings["PLANE_BASE_URL"])
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
	if !strings.Contains(stdout, "names "+origin(another.settings["PLANE_BASE_URL"])+" and accepted is "+address) {
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

func TestAnOriginIsTheSameHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://Plane.example.com/": "https://plane.example.com", "https://plane.example.com:443/api/v1": "https://plane.example.com",
		"https://plane.example.com.": "https://plane.example.com", "http://plane.example.com:443": "http://plane.example.com:443",
		"https://plane.example.com:8443": "https://plane.example.com:8443", "http://[::1]:80/x": "http://[::1]",
		"https://plane.example.com.evil.example": "https://plane.example.com.evil.example",
	} {
		if got := origin(address); got != want {
			t.Errorf("origin of %s = %s, want %s", address, got, want)
		}
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
		environment := settings.Environment{Getenv: func(name string) string { return map[string]string{"ADMIN_TOKEN_FILE": file}[name] }}
		warned := strings.Join(environment.FileWarnings(), "\n")
		if (warned == "") != (says == "") || !strings.Contains(warned, says) {
			t.Errorf("mode %#o: %q, want %q", mode, warned, says)
		}
	}
}
