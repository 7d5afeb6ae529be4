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
		name   string
		state  string // in Odoo
		group  string // in Plane
		notice string
		want   messageKind
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
		{"a body without a state after a reminder", "upcoming", "", "completed 2", tellNothing},
	} {
		d := due(today)
		d.State = row.state
		item := bridge.WorkItemState{ID: "i", StateName: "State", URL: "https://plane.example.com/i", Fields: mapping.Fields{Name: "<name>", Group: row.group}}
		got := fromPlane(d, item, row.notice)
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

func TestEachCompletionHasANumberOfItsOwnThatNothingResets(t *testing.T) {
	t.Parallel()
	notice, d := "", due(today)
	for _, step := range []struct{ group, announced, notice string }{
		{"started", "", "started"},
		{"completed", "completing 1", "completed 1"},
		{"unstarted", "", "settled 1"},
		{"started", "", "started 1"},
		{"completed", "completing 2", "completed 2"},
		{"started", "", "settled 2"},
		{"completed", "completing 3", "completed 3"},
	} {
		item := bridge.WorkItemState{ID: "i", Fields: mapping.Fields{Name: "n", Group: step.group}}
		if got := announces(item, notice).String(); got != step.announced {
			t.Errorf("%s after %q announces %q, want %q", step.group, notice, got, step.announced)
		}
		if step.announced != "" {
			notice = step.announced // Cut short here, it is the same completion the next time.
			if got := announces(item, notice).String(); got != step.announced {
				t.Errorf("%s after %q announces %q, want the same number", step.group, notice, got)
			}
		}
		notice = fromPlane(d, item, notice).String()
		if notice != step.notice {
			t.Errorf("%s: told %q, want %q", step.group, notice, step.notice)
		}
	}
}
