package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// run runs one of the project's commands beside an installation.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var output bytes.Buffer
	command := exec.CommandContext(t.Context(), args[0], args[1:]...)
	command.Dir, command.Stdout, command.Stderr = "../..", &output, &output
	err := beside(t.Context(), command)
	return output.String(), err
}

func TestTheDemoTouchesNothingOfAnInstallation(t *testing.T) {
	t.Parallel()
	output, err := run(t, "go", "run", "./cmd/odoo-plane-bridge", "demo")
	if err != nil || !strings.Contains(output, "The account") {
		t.Errorf("the demo beside an installation: %v\n%s", err, output)
	}
}

// TestTestsTouchNothingOfAnInstallation runs tests of each kind: with a database,
// with both simulated servers, and with the program as a process of its own. CI
// runs them all in the same way.
func TestTestsTouchNothingOfAnInstallation(t *testing.T) {
	t.Parallel()
	output, err := run(t, "go", "test", "-count=1", "-run", "Vault|TellsItsStory|AKeyRotatedInItsFile|SecondSync", "./internal/settings", "./cmd/odoo-plane-bridge")
	if err != nil {
		t.Errorf("tests beside an installation: %v\n%s", err, output)
	}
}

func TestTheBudgetsBenchmarkTouchesNothingOfAnInstallation(t *testing.T) {
	t.Parallel()
	output, err := run(t, "go", "run", "./internal/budgetbench", "-processes", "1", "-calls", "2")
	if err != nil {
		t.Errorf("the benchmark beside an installation: %v\n%s", err, output)
	}
}

func TestATouchIsSeen(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "bridge")
	if output, err := run(t, "go", "build", "-o", program, "./cmd/odoo-plane-bridge"); err != nil {
		t.Fatalf("building: %v\n%s", err, output)
	}
	for _, row := range []struct{ name, shell, seen string }{
		{"a connection to the database, and what was written there", "unset PGOPTIONS PGTARGETSESSIONATTRS PGSERVICE DATABASE_POOLER; $PROGRAM migrate", "DATABASE_URL"},
		{"a port that the installation has", "unset SECRETS_SOURCE PLANE_WEBHOOK_SECRET_FILE ADMIN_TOKEN_FILE; $PROGRAM serve", "running bash"},
		{"a request to Odoo", "exec 3<>/dev/tcp/$(echo ${ODOO_URL#http://} | tr : /)", "ODOO_URL"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), "bash", "-c", row.shell)
			command.Env = append(os.Environ(), "PROGRAM="+program)
			if err := beside(t.Context(), command); err == nil || !strings.Contains(err.Error(), row.seen) {
				t.Errorf("error = %v, want one that tells of %s", err, row.seen)
			}
		})
	}
}
