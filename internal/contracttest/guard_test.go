//go:build guard

package contracttest_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// guarded is a copy of the project in a repository of its own, to plant faults in.
type guarded struct {
	t   *testing.T
	dir string
}

func newGuarded(t *testing.T) guarded {
	t.Helper()
	g := guarded{t, t.TempDir()}
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("listing the project's files: %v", err)
	}
	for name := range bytes.SplitSeq(bytes.Trim(names, "\x00"), []byte{0}) {
		g.copy(string(name))
	}
	g.git("init", "-q")
	g.commit()
	return g
}

func (g guarded) copy(name string) {
	g.t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if os.IsNotExist(err) {
		return // removed and not committed yet
	}
	if err != nil {
		g.t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(root, name))
	if err != nil {
		g.t.Fatal(err)
	}
	path := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, info.Mode()); err != nil {
		g.t.Fatal(err)
	}
}

func (g guarded) git(args ...string) {
	g.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=guard", "-c", "user.email=guard@example.com", "-c", "core.hooksPath=/dev/null"}, args...)...)
	cmd.Dir = g.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		g.t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
}

func (g guarded) commit() {
	g.t.Helper()
	g.git("add", "-A")
	g.git("commit", "-q", "-m", "a commit")
}

// edit changes one file and fails when it does not change.
func (g guarded) edit(name, old, replacement string) {
	g.t.Helper()
	path := filepath.Join(g.dir, name)
	content, err := os.ReadFile(path)
	if err != nil {
		g.t.Fatal(err)
	}
	changed := strings.Replace(string(content), old, replacement, 1)
	if changed == string(content) {
		g.t.Fatalf("%s does not hold %q", name, old)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// guard runs gates and returns whether they pass, and what they say.
func (g guarded) guard(gates ...string) (passes bool, output string) {
	g.t.Helper()
	cmd := exec.Command("./scripts/guard.sh", gates...)
	// With -trimpath the copy shares the build cache of the original.
	cmd.Dir, cmd.Env = g.dir, append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false")
	out, err := cmd.CombinedOutput()
	return err == nil, string(out)
}

// plantedKey has the form of a Plane API key. It is made up at run time, so that
// the guard does not find it here.
func plantedKey() string {
	var key strings.Builder
	for range 32 {
		key.WriteByte("0123456789abcdef"[rand.IntN(16)])
	}
	return "plane_api_" + key.String()
}

func TestTheGuardPassesAsThingsAre(t *testing.T) {
	t.Parallel()
	if passes, output := newGuarded(t).guard("secrets", "registry", "ledger", "answers", "contracts"); !passes {
		t.Errorf("the guard fails before anything is planted:\n%s", output)
	}
}

func TestTheGuardsVulncheckFailsOnAPlantedDependency(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.edit("go.mod", "require (", "require (\n\tgithub.com/dgrijalva/jwt-go v3.2.0+incompatible")
	g.edit("cmd/odoo-plane-bridge/version.go", "import (", "import (\n\t\"github.com/dgrijalva/jwt-go\"")
	g.edit("cmd/odoo-plane-bridge/version.go", "type versionCommand", "var _ = jwt.MapClaims{}.VerifyAudience(version, true)\n\ntype versionCommand")
	tidy := exec.Command("go", "mod", "tidy")
	tidy.Dir, tidy.Env = g.dir, append(os.Environ(), "GOFLAGS=-mod=mod")
	if out, err := tidy.CombinedOutput(); err != nil {
		t.Fatalf("go mod tidy: %v\n%s", err, out)
	}
	check := exec.Command("./scripts/vulncheck.sh")
	check.Dir, check.Env = g.dir, append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false", "GOTOOLCHAIN=auto")
	out, err := check.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "vulncheck: GO-2020-0017: ") {
		t.Errorf("the check: %v, and should name the planted dependency:\n%s", err, out)
	}
}

func TestTheGuardFailsWhereItHasTo(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, gate string
		plant      func(g guarded)
	}{
		{"a secret in a tracked file", "secrets", func(g guarded) {
			g.edit("docs/openapi.yaml", "openapi:", "# "+plantedKey()+"\nopenapi:")
		}},
		{"a secret in the staged diff that the tree has lost again", "secrets", func(g guarded) {
			key := plantedKey()
			g.edit("docs/openapi.yaml", "openapi:", "# "+key+"\nopenapi:")
			g.git("add", "-A")
			g.edit("docs/openapi.yaml", "# "+key+"\n", "")
		}},
		{"a secret in an earlier commit", "secrets", func(g guarded) {
			key := plantedKey()
			g.edit("docs/openapi.yaml", "openapi:", "# "+key+"\nopenapi:")
			g.commit()
			g.edit("docs/openapi.yaml", "# "+key+"\n", "")
			g.commit()
		}},
		{"a registry entry removed", "registry", func(g guarded) {
			g.edit(registryPath, "  admin_token:\n", "  somebody_elses_token:\n")
		}},
		{"the ledger's primary key on another column", "ledger", func(g guarded) {
			g.edit("migrations/00001_ledger_and_work_items.sql", "delivery_id  uuid        PRIMARY KEY", "delivery_id  uuid        NOT NULL")
		}},
		{"a route that answers without JSON", "answers", func(g guarded) {
			g.edit("bridge/web/receiver.go", `r.server.GET(pathLive, r.healthz)`,
				`r.server.GET(pathLive, func(c echo.Context) error { return c.String(http.StatusOK, "fine") })`)
		}},
		{"a route that answers with nothing", "answers", func(g guarded) {
			g.edit("bridge/web/receiver.go", `r.server.GET(pathLive, r.healthz)`,
				`r.server.GET(pathLive, func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })`)
		}},
		{"a contract that names a test that is not there", "contracts", func(g guarded) {
			g.edit("docs/contracts/PLANE_ODOO_SYNC_CONTRACT.md", "TestRetriesDoNoHarm", "TestRetriesDoNoHarmAtAll")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t)
			row.plant(g)
			if passes, output := g.guard(row.gate); passes || !strings.Contains(output, "FAIL "+row.gate) {
				t.Errorf("gate %s passes:\n%s", row.gate, output)
			}
		})
	}
}
