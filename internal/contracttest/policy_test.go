package contracttest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// flows are all flows that there are.
var flows = []bridge.Flow{bir.New(bir.Config{}), task.New(task.Config{})}

func TestEveryFlowIsCompared(t *testing.T) {
	t.Parallel()
	declarations := 0
	files(t, ".go", func(path string) {
		if strings.HasPrefix(path, "bridge/") && !strings.HasSuffix(path, "_test.go") {
			declarations += strings.Count(read(t, path), ") Ownership() mapping.Ownership {")
		}
	})
	if declarations != len(flows) {
		t.Errorf("%d flows declare who owns their fields, %d are compared with docs/policy/field-ownership.md", declarations, len(flows))
	}
}

func TestThePolicyOfFieldsIsWhatTheFlowsDeclare(t *testing.T) {
	t.Parallel()
	written := make(map[string]mapping.Ownership)
	for _, section := range sections(read(t, "docs/policy/field-ownership.md")) {
		for _, table := range tables(section.text) {
			if table.header[0] != "field" {
				continue
			}
			model := section.heading
			written[model] = make(mapping.Ownership)
			for _, row := range table.rows {
				written[model][mapping.Field(code(row[0]))] = mapping.Owner(code(row[1]))
			}
		}
	}
	declared := make(map[string]mapping.Ownership)
	for _, flow := range flows {
		declared[flow.Model()] = flow.Ownership()
	}
	if diff := cmp.Diff(declared, written); diff != "" {
		t.Errorf("field ownership (-declared +docs/policy/field-ownership.md):\n%s", diff)
	}
}
