package bir

import (
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

func TestOdooIsToldWhatItsModelAllowsAndOnlyOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		state string // in Odoo
		group string // in Plane
		told  string
		want  messageKind
	}{
		{"completed and not filed", "upcoming", "completed", "", tellCompleted},
		{"completed, told already", "upcoming", "completed", "completed", tellNothing},
		{"completed and filed", "filed", "completed", "", tellNothing},
		{"filed after a reminder", "filed", "completed", "completed", tellSettled},
		{"begun", "overdue", "started", "", tellStarted},
		{"begun, told already", "overdue", "started", "started", tellNothing},
		{"opened again after a reminder", "overdue", "started", "completed", tellSettled},
		{"of no known state, after a reminder", "upcoming", "", "completed", tellNothing},
		{"of no known state, filed after a reminder", "filed", "", "completed", tellSettled},
		{"not begun", "upcoming", "unstarted", "", tellNothing},
		{"cancelled in Plane", "upcoming", "cancelled", "", tellNothing},
	} {
		d := due(today)
		d.State = row.state
		item := bridge.WorkItemState{ID: "i", StateName: "State", URL: "https://plane.example.com/i", Fields: mapping.Fields{Name: "<name>", Group: row.group}}
		got := fromPlane(d, item, row.told)
		if got.kind != row.want {
			t.Errorf("%s: told %q (%s), want %q", row.name, got.kind, got.why, row.want)
		}
		if got.kind == tellNothing && got.why == "" {
			t.Errorf("%s: nothing is told and nothing says why", row.name)
		}
		if strings.Contains(string(got.note), "<name>") {
			t.Errorf("%s: the note is not escaped: %s", row.name, got.note)
		}
	}
}
