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
