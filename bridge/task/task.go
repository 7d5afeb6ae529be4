// Package task keeps the tasks of one Odoo project and the work items of one Plane
// project in step, both ways. Tasks are made in Odoo; after that either side may
// change them, and where both did, Odoo wins.
package task

import (
	"fmt"
	"strconv"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// Model is the Odoo model that the flow mirrors, and stageModel the columns of its
// board.
const (
	Model      = "project.task"
	stageModel = "project.task.type"
)

// The states of a task that say it is closed, and the one that opens it again.
// Odoo 17 brought them; the stage is where the card hangs and says less.
const (
	stateOpen     = "01_in_progress"
	stateDone     = "1_done"
	stateCanceled = "1_canceled"
)

// task is a record of project.task, as far as the flow reads it.
type task struct {
	ID          int64         `odoo:"id"`
	Name        string        `odoo:"name"`
	Description string        `odoo:"description"`
	Priority    string        `odoo:"priority"`
	Stage       odoo.Many2One `odoo:"stage_id"`
	State       string        `odoo:"state"`
	// Due is a date or a datetime, as Odoo has it; empty for none.
	Due    string `odoo:"date_deadline"`
	Active bool   `odoo:"active"`
	// ChangedBy is who saved the task last, whichever field it was.
	ChangedBy odoo.Many2One `odoo:"write_uid"`
}

func (t task) closed() bool { return t.State == stateDone || t.State == stateCanceled }

// key is the identity of a task: its id, which it keeps.
func (t task) key() mapping.Key { return mapping.MakeKey(Model, strconv.FormatInt(t.ID, 10)) }

// parseKey is key's way back.
func parseKey(key mapping.Key) (id int64, err error) {
	model, text, err := key.Parse()
	if err == nil {
		id, err = strconv.ParseInt(text, 10, 64)
	}
	if err != nil || model != Model || id <= 0 {
		return 0, fmt.Errorf("external id %q is not a task's: want %s,<id>", string(key), Model)
	}
	return id, nil
}
