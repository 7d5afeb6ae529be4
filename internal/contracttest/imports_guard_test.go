//go:build guard

package contracttest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/insightpulseai/odoo-plane-bridge/"

// plantedImports are, for each rule about who may import whom, a folder that it is
// about and an import that it has to stop.
var plantedImports = []struct{ rule, dir, imported string }{
	{"clients-stand-alone", "plane", module + "mapping"},
	{"clients-stand-alone", "odoo", "github.com/jackc/pgx/v5"},
	{"mapping-knows-only-the-database", "mapping", module + "internal/sealed"},
	{"contract-knows-no-room", "bridge", "github.com/jackc/pgx/v5"},
	{"ledger", "bridge/ledger", module + "bridge/oauth"},
	{"queue", "bridge/queue", module + "bridge/ledger"},
	{"budget", "bridge/budget", module + "bridge/ledger"},
	{"shown", "bridge/shown", module + "bridge/queue"},
	{"inbound", "bridge/inbound", module + "bridge/mirror"},
	{"mirror", "bridge/mirror", module + "bridge/oauth"},
	{"audit", "bridge/audit", module + "bridge/queue"},
	{"outbound", "bridge/outbound", module + "bridge/sweep"},
	{"sweep", "bridge/sweep", module + "bridge/inbound"},
	{"web", "bridge/web", module + "bridge/inbound"},
	{"observe", "bridge/observe", module + "bridge/oauth"},
	{"engine", "bridge/engine", module + "bridge/bir"},
	{"oauth", "bridge/oauth", module + "mapping"},
	{"grants", "bridge/oauth/grants", module + "plane"},
	{"odooflow", "bridge/odooflow", module + "plane"},
	{"reminder", "bridge/reminder", module + "mapping"},
	{"flows", "bridge/bir", module + "internal/wait"},
	{"flows", "bridge/task", "github.com/riverqueue/river"},
	{"one-room-encrypts", "bridge/task", "github.com/tink-crypto/tink-go/v2/aead"},
	{"commands", "cmd/odoo-plane-bridge", module + "bridge/engine"},
	{"commands", "cmd/odoo-plane-bridge", module + "bridge/bir"},
	{"app", "internal/app", module + "internal/mcpconf"},
	{"app", "internal/app", module + "bridge/task"},
	{"check", "internal/check", module + "internal/demo"},
	{"check", "internal/check", module + "bridge/bir"},
	{"database", "internal/database", module + "bridge/ledger"},
	{"demo", "internal/demo", module + "internal/mcpconf"},
	{"terminal", "internal/terminal", module + "internal/settings"},
	{"doubles-stay-in-tests-and-demo", "bridge/engine", module + "plane/planetest"},
	{"doubles-stay-in-tests-and-demo", "internal/httpserver", module + "odoo/odootest"},
	{"app", "internal/app", module + "odoo/odootest"},
	{"doubles-stay-in-tests-and-demo", "internal/httpserver", module + "bridge/bir/birtest"},
	{"simulated-odoo", "odoo/odootest/sim", module + "bridge"},
	{"simulated-addon", "bridge/bir/birtest", module + "bridge"},
	{"simulated-front", "odoo/odootest", module + "plane"},
	{"commands", "cmd/odoo-plane-bridge", module + "plane/planetest"},
}

// All are planted in one copy, because the linter takes half a minute for each look.
func TestTheGuardStopsEveryImportAcrossTheRooms(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	rules := map[string]bool{}
	for i, plant := range plantedImports {
		rules[plant.rule] = true
		g.plantImport(i, plant.dir, plant.imported)
	}
	lint := exec.Command("make", "lint", "LINTFLAGS=--enable-only depguard --max-issues-per-linter 0 --max-same-issues 0")
	lint.Dir, lint.Env = g.dir, append(os.Environ(), "GOFLAGS=-buildvcs=false")
	said, err := lint.CombinedOutput()
	if err == nil {
		t.Errorf("the linter passes with %d planted imports", len(plantedImports))
	}
	for i, plant := range plantedImports {
		if !strings.Contains(string(said), fmt.Sprintf("planted_%d.go:3:8: import '%s' is not allowed from list '%s'", i, plant.imported, plant.rule)) {
			t.Errorf("rule %s does not stop %s in %s", plant.rule, plant.imported, plant.dir)
		}
	}
	for _, rule := range depguardRules(t) {
		if !rules[rule] {
			t.Errorf("nothing is planted for rule %s", rule)
		}
	}
	if t.Failed() {
		t.Logf("the linter says:\n%s", said)
	}
}

// plantImport adds a file that imports something into a folder.
func (g guarded) plantImport(i int, dir, imported string) {
	g.t.Helper()
	name := filepath.Base(dir)
	if filepath.Dir(dir) == "cmd" {
		name = "main"
	}
	source := fmt.Sprintf("package %s\n\nimport _ %q\n", name, imported)
	if err := os.WriteFile(filepath.Join(g.dir, dir, fmt.Sprintf("planted_%d.go", i)), []byte(source), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// depguardRules are the names of the rules in the linter's settings.
func depguardRules(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rules, found := strings.Cut(string(content), "    depguard:\n      rules:\n")
	if !found {
		t.Fatal(".golangci.yml has no rules about imports")
	}
	var names []string
	for line := range strings.Lines(rules) {
		if !strings.HasPrefix(line, "        ") {
			break
		}
		if name := strings.TrimSuffix(strings.TrimSpace(line), ":"); strings.HasPrefix(line, "        ") && line[8] != ' ' {
			names = append(names, name)
		}
	}
	return names
}
