package task

import (
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// stage is a column of the project's board.
type stage struct {
	ID     int64 `odoo:"id"`
	Folded bool  `odoo:"fold"`
}

// board is the project's stages in their order. Odoo gives stages no meaning, so
// it is read from what every project has: the first stage that is not folded is
// where tasks wait, the others that are not folded are where work goes on, the
// first folded one is for what is done, and the last one, where there are several,
// for what was given up.
type board []stage

// group is the state group of a task, by the first of these that holds: its state
// says cancelled, its state says done, its stage is folded, it is archived, it waits
// in the first stage, or else work goes on.
func (b board) group(t task) plane.StateGroup {
	switch {
	case t.State == stateCanceled:
		return plane.GroupCancelled
	case t.State == stateDone:
		return plane.GroupCompleted
	case b.isFolded(t.Stage.ID):
		return b.foldedGroup(t.Stage.ID)
	case !t.Active:
		return plane.GroupCancelled
	case b.isOpen(t.Stage.ID) && t.Stage.ID != b.open()[0].ID:
		return plane.GroupStarted
	default:
		return plane.GroupUnstarted
	}
}

// groupInOdoo is a state group as the board knows it: what is not begun is in one
// place, and without a second open stage nothing shows that work has begun.
func (b board) groupInOdoo(group plane.StateGroup) plane.StateGroup {
	if group == plane.GroupBacklog || group == plane.GroupStarted && len(b.open()) < 2 {
		return plane.GroupUnstarted
	}
	return group
}

// move adds to values what brings a task to a group, and nothing that it has
// already. A board without a stage for the group leaves the stage as it is: the
// state says what has to be said.
func (b board) move(t task, to plane.StateGroup, values odoo.Values) {
	switch to {
	case plane.GroupCompleted:
		b.moveTo(t, b.doneStage(), values)
		setState(t, stateDone, values)
	case plane.GroupCancelled:
		b.moveTo(t, b.cancelledStage(), values)
		setState(t, stateCanceled, values)
	default:
		b.moveTo(t, b.openStage(t, to), values)
		if t.closed() {
			setState(t, stateOpen, values)
		}
		if !t.Active {
			values["active"] = true
		}
	}
}

func (b board) moveTo(t task, stageID int64, values odoo.Values) {
	if stageID != 0 && stageID != t.Stage.ID {
		values["stage_id"] = stageID
	}
}

func setState(t task, state string, values odoo.Values) {
	if t.State != state {
		values["state"] = state
	}
}

// openStage is where an open task of the group hangs. One on which work goes on
// stays in its stage, whichever of them it is.
func (b board) openStage(t task, group plane.StateGroup) int64 {
	open := b.open()
	switch {
	case len(open) == 0:
		return 0
	case group != plane.GroupStarted:
		return open[0].ID
	case b.isOpen(t.Stage.ID) && t.Stage.ID != open[0].ID:
		return t.Stage.ID
	default:
		return open[1].ID
	}
}

func (b board) doneStage() int64 {
	if folded := b.folded(); len(folded) > 0 {
		return folded[0].ID
	}
	return 0
}

// cancelledStage is the last folded stage, unless it is the only one.
func (b board) cancelledStage() int64 {
	if folded := b.folded(); len(folded) > 1 {
		return folded[len(folded)-1].ID
	}
	return 0
}

func (b board) foldedGroup(stageID int64) plane.StateGroup {
	if stageID == b.cancelledStage() {
		return plane.GroupCancelled
	}
	return plane.GroupCompleted
}

func (b board) open() board   { return b.where(false) }
func (b board) folded() board { return b.where(true) }

func (b board) where(folded bool) board {
	var stages board
	for _, s := range b {
		if s.Folded == folded {
			stages = append(stages, s)
		}
	}
	return stages
}

func (b board) isOpen(stageID int64) bool   { return b.open().has(stageID) }
func (b board) isFolded(stageID int64) bool { return b.folded().has(stageID) }

func (b board) has(stageID int64) bool {
	for _, s := range b {
		if s.ID == stageID {
			return true
		}
	}
	return false
}
