package task

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// stock is the board of a new project: New, In Progress, Done and Cancelled.
var stock = board{{ID: 1}, {ID: 2}, {ID: 3, Folded: true}, {ID: 4, Folded: true}}

func hanging(stageID int64, state string, active bool) task {
	return task{ID: 9, Stage: odoo.Many2One{ID: stageID}, State: state, Active: active}
}

func TestATaskIsInTheGroupThatItsStateAndStageSay(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		board board
		task  task
		want  plane.StateGroup
	}{
		{"first stage", stock, hanging(1, stateOpen, true), plane.GroupUnstarted},
		{"no stage", stock, hanging(0, stateOpen, true), plane.GroupUnstarted},
		{"a stage of another project", stock, hanging(77, stateOpen, true), plane.GroupUnstarted},
		{"second stage", stock, hanging(2, stateOpen, true), plane.GroupStarted},
		{"approved in the second stage", stock, hanging(2, "03_approved", true), plane.GroupStarted},
		{"done by its state", stock, hanging(2, stateDone, true), plane.GroupCompleted},
		{"cancelled by its state in the stage for done", stock, hanging(3, stateCanceled, true), plane.GroupCancelled},
		{"dragged to the stage for done", stock, hanging(3, stateOpen, true), plane.GroupCompleted},
		{"dragged to the last folded stage", stock, hanging(4, stateOpen, true), plane.GroupCancelled},
		{"archived while open", stock, hanging(2, stateOpen, false), plane.GroupCancelled},
		{"archived when done", stock, hanging(3, stateDone, false), plane.GroupCompleted},
		{"the only folded stage is for done", board{{ID: 1}, {ID: 2, Folded: true}}, hanging(2, stateOpen, true), plane.GroupCompleted},
		{"no board", nil, hanging(1, stateOpen, true), plane.GroupUnstarted},
	} {
		if got := row.board.group(row.task); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestAMoveEndsInItsGroupAndASecondOneWritesNothing goes through every task on
// every kind of board.
func TestAMoveEndsInItsGroupAndASecondOneWritesNothing(t *testing.T) {
	t.Parallel()
	groups := []plane.StateGroup{plane.GroupBacklog, plane.GroupUnstarted, plane.GroupStarted, plane.GroupCompleted, plane.GroupCancelled}
	boards := []board{stock, {{ID: 1}}, {{ID: 1}, {ID: 2}}, {{ID: 1}, {ID: 2}, {ID: 5}, {ID: 3, Folded: true}}, {{ID: 1}, {ID: 3, Folded: true}}, nil}
	moves := 0
	for _, b := range boards {
		for _, stageID := range []int64{0, 1, 2, 3, 4, 5} {
			if stageID != 0 && !b.has(stageID) {
				continue
			}
			for _, state := range []string{stateOpen, "04_waiting_normal", stateDone, stateCanceled} {
				for _, active := range []bool{true, false} {
					for _, group := range groups {
						moves++
						moveTwice(t, b, hanging(stageID, state, active), b.groupInOdoo(group))
					}
				}
			}
		}
	}
	if moves < 500 {
		t.Errorf("only %d moves were tried", moves)
	}
}

func moveTwice(t *testing.T, b board, from task, to plane.StateGroup) {
	t.Helper()
	first, second := odoo.Values{}, odoo.Values{}
	b.move(from, to, first)
	moved := written(from, first)
	if got := b.group(moved); got != to {
		t.Errorf("board %v, task %+v moved to %s: it is %s after %v", b, from, to, got, first)
	}
	if b.move(moved, to, second); len(second) != 0 {
		t.Errorf("board %v, task %+v moved to %s twice: the second time writes %v", b, from, to, second)
	}
}

// written is a task after a write.
func written(t task, values odoo.Values) task {
	if id, ok := values["stage_id"].(int64); ok {
		t.Stage.ID = id
	}
	if state, ok := values["state"].(string); ok {
		t.State = state
	}
	if active, ok := values["active"].(bool); ok {
		t.Active = active
	}
	return t
}

func TestATaskOnWhichWorkGoesOnKeepsItsStage(t *testing.T) {
	t.Parallel()
	values, three := odoo.Values{}, board{{ID: 1}, {ID: 2}, {ID: 3}}
	three.move(hanging(3, stateDone, true), plane.GroupStarted, values)
	if _, moved := values["stage_id"]; moved || values["state"] != stateOpen {
		t.Errorf("values %v, want only the state opened again", values)
	}
}
