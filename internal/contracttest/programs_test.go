package contracttest_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// These checks hand a file to the program that reads it in production.

// checkDatabaseScript runs the script that PostgreSQL's image runs, against the
// tests' own server.
func checkDatabaseScript(t *testing.T) {
	t.Helper()
	server, err := url.Parse(pgtest.EmptyDSN(t))
	if err != nil {
		t.Fatal(err)
	}
	passwords := t.TempDir()
	for _, name := range []string{"odoo_database", "bridge_database"} {
		if err := os.WriteFile(filepath.Join(passwords, name), []byte("it's "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := exec.Command(filepath.Join(root, "docker/postgres/databases.sh"))
	script.Env = append(os.Environ(), "PGHOST="+server.Hostname(), "PGPORT="+server.Port(), "PGSSLMODE=disable",
		"POSTGRES_USER="+server.User.Username(), "POSTGRES_DB=postgres", "PASSWORDS="+passwords)
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("databases.sh: %v\n%s", err, out)
	}
	var odooMayConnect, odooMayCreate, bridgeOwns bool
	err = pgtest.Open(t, server.String()).QueryRow(context.Background(), `SELECT
		has_database_privilege('odoo', 'odoo_plane_bridge', 'CONNECT'),
		(SELECT rolcreatedb AND NOT rolsuper FROM pg_roles WHERE rolname = 'odoo'),
		(SELECT pg_get_userbyid(datdba) = 'odoo_plane_bridge' FROM pg_database WHERE datname = 'odoo_plane_bridge')`).
		Scan(&odooMayConnect, &odooMayCreate, &bridgeOwns)
	if err != nil {
		t.Fatal(err)
	}
	if odooMayConnect || !odooMayCreate || !bridgeOwns {
		t.Errorf("Odoo may connect to the bridge's database: %t; may make its own: %t; the bridge owns its own: %t",
			odooMayConnect, odooMayCreate, bridgeOwns)
	}
}

func TestSystemdTakesTheUnitAndFindsItWellConfined(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed; it checks the unit")
	}
	// The program is not installed where the unit expects it.
	unit := filepath.Join(t.TempDir(), filepath.Base(unitPath))
	text := strings.Replace(read(t, unitPath), "/usr/local/bin/odoo-plane-bridge", binary(t), 1)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.Command(analyze, "security", "--offline=true", unit).CombinedOutput()
	if err != nil {
		t.Fatalf("systemd-analyze security: %v\n%s", err, out)
	}
	level := regexp.MustCompile(`Overall exposure level for .*: ([0-9.]+)`).FindSubmatch(out)
	if level == nil {
		t.Fatalf("systemd-analyze security gives no level:\n%s", out)
	}
	if exposure, err := strconv.ParseFloat(string(level[1]), 64); err != nil || exposure > 2 {
		t.Errorf("exposure = %s, want at most 2", level[1])
	}
}

// TestComposeMakesItsPasswordsOnce runs the script of the service "passwords" as
// the image's shell would, twice.
func TestComposeMakesItsPasswordsOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := readCompose(t, "docker/compose.yaml").Services["passwords"].Command[0]
	script = strings.ReplaceAll(script, "$$", "$") // compose's way of writing one
	script = strings.Replace(script, "cd /run/passwords", "cd "+dir, 1)
	makePasswords := func() map[string]string {
		if out, err := exec.Command("/bin/sh", "-ceu", script).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return contents(t, dir)
	}
	first := makePasswords()
	for name, value := range first {
		if len(value) < 16 && name != "odoo_password" {
			t.Errorf("%s has %d characters", name, len(value))
		}
	}
	address, err := url.Parse(first["database_url"])
	if err != nil || address.User.Username() != "odoo_plane_bridge" || address.Path != "/odoo_plane_bridge" {
		t.Errorf("database_url is no address of the bridge's database: %v", err)
	}
	if password, _ := address.User.Password(); password != first["bridge_database"] {
		t.Error("database_url does not hold the bridge's password")
	}
	if diff := cmp.Diff(first, makePasswords()); diff != "" {
		t.Error("a second start makes other passwords")
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string, len(entries))
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = string(content)
	}
	return all
}
