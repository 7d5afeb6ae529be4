package contracttest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
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
			listed[name] = value
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
