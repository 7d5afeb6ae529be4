package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnArchivedTaskIsCancelledAndOneThatNeverWasMirroredStaysOut(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	forgotten := s.addTask("of long ago")
	s.odoo.Change("project.task", forgotten, map[string]any{"active": false})
	s.odoo.Change("project.task", id, map[string]any{"active": false})
	if out := s.done("sync", "--flow", "task"); !strings.HasPrefix(out, "0 created, 1 changed, 0 cancelled") {
		t.Errorf("sync: %s", out)
	}
	s.quiet()
	if got := s.item(item.ID); got.StateGroup != "cancelled" {
		t.Errorf("the archived task's work item is %s", got.StateGroup)
	}
	s.still()
	s.must(s.plane.MoveItem("maria", item.ID, "started"))
	s.quiet()
	if diff := cmp.Diff([]map[string]any{{"active": true, "stage_id": 2.0}}, plainNumbers(s.taskWrites())); diff != "" {
		t.Errorf("opening it again in Plane (-want +got):\n%s", diff)
	}
	s.still()
}

func TestATaskThatLeavesTheProjectIsCancelledAndComesBack(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	s.odoo.Change("project.task", id, map[string]any{"project_id": false})
	s.done("sync", "--flow", "task")
	s.quiet()
	if got := s.item(item.ID); got.StateGroup != "cancelled" || len(got.Comments) != 1 {
		t.Errorf("the work item is %s with %d comments, want cancelled and one that says why", got.StateGroup, len(got.Comments))
	}
	s.odoo.Change("project.task", id, map[string]any{"project_id": int64(1)})
	s.done("sync", "--flow", "task")
	s.quiet()
	if got := s.item(item.ID); got.StateGroup != "unstarted" {
		t.Errorf("the work item is %s after the task came back", got.StateGroup)
	}
	s.still()
}

func TestArchivingInPlaneArchivesTheTaskAndBack(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	s.must(s.plane.Archive("maria", item.ID))
	s.done("reconcile", "--flow", "task") // Plane sends no webhook for it.
	s.quiet()
	if active := s.taskRecord(id)["active"]; active != false {
		t.Errorf("the task of an archived work item is active: %v", active)
	}
	s.must(s.plane.Unarchive("maria", item.ID))
	s.done("reconcile", "--flow", "task")
	s.quiet()
	if active := s.taskRecord(id)["active"]; active != true {
		t.Errorf("the task of a work item out of the archive is active: %v", active)
	}
}
