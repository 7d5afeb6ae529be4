// Package story says what people do in Plane and accountants in Odoo during a storm,
// all of it chosen by one seed. Each record has a story of its own, whose end does not
// depend on the order in which the bridge hears of its acts.
package story

import "time"

// Kind is something that somebody does.
type Kind string

// What accountants do in Odoo.
const (
	AddDeadline    Kind = "add deadline"
	RenameDeadline Kind = "rename deadline"
	MoveDeadline   Kind = "move deadline"
	File           Kind = "file"
	Reopen         Kind = "reopen"
	DeleteDeadline Kind = "delete deadline"
	TickOff        Kind = "tick off"
	AddTask        Kind = "add task"
	ChangeTask     Kind = "change task"
	DeleteTask     Kind = "delete task"
)

// What people do in Plane.
const (
	CreateItem   Kind = "create"
	Rename       Kind = "rename"
	Describe     Kind = "describe"
	SetDue       Kind = "set due date"
	Prioritise   Kind = "prioritise"
	Move         Kind = "move"
	Label        Kind = "label"
	Unlabel      Kind = "unlabel"
	Assign       Kind = "assign"
	Comment      Kind = "comment"
	EditComment  Kind = "edit comment"
	Delete       Kind = "delete"
	Archive      Kind = "archive"
	Unarchive    Kind = "restore"
	DragTimeline Kind = "drag in the timeline"
)

// Act is one thing that somebody does to one record.
type Act struct {
	At     time.Duration `json:"at"`
	Record string        `json:"record"`
	Kind   Kind          `json:"kind"`
	// Value is what it becomes; Field and Second are needed by few kinds.
	Value  string `json:"value,omitempty"`
	Field  string `json:"field,omitempty"`
	Second string `json:"second,omitempty"`
	Actor  string `json:"actor,omitempty"`
}

// InOdoo reports whether an accountant does it.
func (a Act) InOdoo() bool {
	switch a.Kind {
	case AddDeadline, RenameDeadline, MoveDeadline, File, Reopen, DeleteDeadline, TickOff, AddTask, ChangeTask, DeleteTask:
		return true
	default:
		return false
	}
}

// Nature is the kind of story that a record has.
type Nature string

// The natures of deadlines, tasks and people's own work items.
const (
	Worked      Nature = "worked on"
	Filed       Nature = "filed"
	Reopened    Nature = "filed and opened again"
	Vanished    Nature = "deleted in Odoo"
	Generated   Nature = "deleted and generated again"
	Deleted     Nature = "deleted in Plane"
	Restored    Nature = "archived and restored"
	Archived    Nature = "archived"
	TickedOff   Nature = "reminder ticked off"
	TaskShared  Nature = "task changed on both sides"
	TaskGone    Nature = "task deleted in Odoo"
	TaskRemade  Nature = "task deleted in Plane"
	TaskShelved Nature = "task archived in Odoo"
	Own         Nature = "work item of people"
)

// Record is what a story is about. Handle names it in both worlds: company, form and
// period for a deadline, a word for everything else.
type Record struct {
	Handle string `json:"handle"`
	Nature Nature `json:"nature"`
	// Completes says that people complete its work item at some time.
	Completes bool `json:"completes,omitempty"`
	// Edits says that comments are edited.
	Edits bool `json:"edits,omitempty"`
	// Project is the Plane project of people's own work item: "bir" or "task".
	Project string `json:"project,omitempty"`
}

// IsTask reports whether the record is a task.
func (r Record) IsTask() bool {
	switch r.Nature {
	case TaskShared, TaskGone, TaskRemade, TaskShelved:
		return true
	default:
		return false
	}
}

// IsDeadline reports whether the record is a deadline.
func (r Record) IsDeadline() bool { return !r.IsTask() && r.Nature != Own }

// Story is what happens. The acts of one record happen in their order.
type Story struct {
	Seed    uint64        `json:"seed"`
	Length  time.Duration `json:"length"`
	Records []Record      `json:"records"`
	Acts    []Act         `json:"acts"`
}

// Record returns a record by its handle.
func (s Story) Record(handle string) (Record, bool) {
	for _, r := range s.Records {
		if r.Handle == handle {
			return r, true
		}
	}
	return Record{}, false
}
