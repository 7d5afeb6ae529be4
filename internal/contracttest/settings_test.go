package contracttest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
)

// setting is a line of the contract's table of settings.
type setting struct{ Default, Secret, OdooKey string }

func TestTheContractListsEverySettingAsItIs(t *testing.T) {
	t.Parallel()
	inProgram := make(map[string]setting)
	for _, spec := range settings.Specs() {
		inProgram[spec.Name] = setting{spec.Default, spec.Secret, spec.OdooKey}
	}
	inContract := make(map[string]setting)
	for _, table := range tables(read(t, "docs/contracts/PLANE_ODOO_SYNC_CONTRACT.md")) {
		if table.header[0] != "setting" {
			continue
		}
		for _, row := range table.rows {
			inContract[code(row[0])] = setting{code(row[2]), code(row[3]), code(row[4])}
		}
	}
	if diff := cmp.Diff(inProgram, inContract); diff != "" {
		t.Errorf("settings (-program +contract):\n%s", diff)
	}
}

// code takes a cell's text out of its backquotes; a dash means empty.
func code(cell string) string {
	if cell == "–" {
		return ""
	}
	return strings.Trim(cell, "`")
}

func TestTheExampleEnvironmentListsEverySetting(t *testing.T) {
	t.Parallel()
	known := make(map[string]string)
	for _, spec := range settings.Specs() {
		known[spec.Name] = spec.Default
	}
	listed := make(map[string]string)
	for line := range strings.Lines(read(t, ".env.example")) {
		// A setting that has a default or none is written as a comment: "#NAME=value".
		// Comments for people have a space after the sign.
		name, value, isSetting := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "#"), "=")
		if isSetting && !strings.HasPrefix(line, "# ") {
			listed[name] = strings.Trim(value, `"`)
		}
	}
	for name, standard := range known {
		value, found := listed[name]
		if !found {
			t.Errorf(".env.example lacks %s", name)
		} else if standard != "" && value != standard {
			t.Errorf(".env.example gives %s as %q, its default is %q", name, value, standard)
		}
	}
	for name := range listed {
		if _, found := known[name]; !found {
			t.Errorf(".env.example lists %s, which is no setting", name)
		}
	}
}

// TestEveryLineOfTheExampleCanBeSourced takes the remark sign from every setting,
// and lets a shell and the program read the file.
func TestEveryLineOfTheExampleCanBeSourced(t *testing.T) {
	t.Parallel()
	lines := regexp.MustCompile(`(?m)^#([A-Z])`).ReplaceAllString(read(t, ".env.example"), "$1")
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	variables, err := sources.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("/bin/sh", "-euc", "set -a; . "+file+"; env")
	shell.Dir, shell.Env = t.TempDir(), []string{"PATH=/nowhere:/usr/bin:/bin"}
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("a shell that sources it: %v\n%s", err, out)
	}
	for _, spec := range settings.Specs() {
		if variables[spec.Name] != spec.Default && spec.Default != "" {
			t.Errorf("the program reads %s as %q, its default is %q", spec.Name, variables[spec.Name], spec.Default)
		}
		if !strings.Contains("\n"+string(out), "\n"+spec.Name+"="+variables[spec.Name]+"\n") {
			t.Errorf("a shell reads %s otherwise than the program, %q", spec.Name, variables[spec.Name])
		}
	}
}
