package main

import (
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// tasksPushed is tasksMirrored with an Odoo that reports changes of tasks.
func tasksPushed(t *testing.T) (s *stage, taskID int64, item planetest.Item) {
	t.Helper()
	s = newTaskStage(t)
	s.settings["ODOO_WEBHOOK_TOKEN"] = pushToken
	taskID = s.addTask("call the auditor")
	s.done("migrate")
	s.done("sync", "--flow", "task")
	p := s.startAndRest()
	if said := s.done(s.asAdministrator("setup-push", "--url", p.url)...); !strings.Contains(said, "records of project.task") || strings.Contains(said, "bir.") {
		t.Fatalf("setup-push where only tasks are mirrored says:\n%s", said)
	}
	return s, taskID, s.plane.Items()[0]
}

func TestATaskThatOdooReportsReachesPlaneWithoutASync(t *testing.T) {
	t.Parallel()
	s, taskID, item := tasksPushed(t)
	s.odoo.Change("project.task", taskID, map[string]any{"name": "call them", "state": "1_done"})
	s.eventually("Plane shows the task's new name and state", 20*time.Second, func() bool {
		now := s.item(item.ID)
		return now.Name == "call them" && now.StateGroup == "completed"
	})
	papers := s.addTask("send the papers")
	stateOfPapers := func() string {
		for _, item := range s.plane.Items() {
			if item.Name == "send the papers" {
				return item.StateGroup
			}
		}
		return ""
	}
	s.eventually("a new task has its work item", 20*time.Second, func() bool { return stateOfPapers() == "unstarted" })
	s.odoo.Remove("project.task", papers)
	s.eventually("the work item of a deleted task is cancelled", 30*time.Second, func() bool { return stateOfPapers() == "cancelled" })
	if n := s.odoo.Calls()["push failed"]; n != 0 {
		t.Errorf("%d pushes failed", n)
	}
}

// Odoo reports what the bridge itself writes to a task; that is looked at, and ends
// there.
func TestWhatTheBridgeWritesToATaskGoesNoRoundBetweenTheSides(t *testing.T) {
	t.Parallel()
	s, _, item := tasksPushed(t)
	s.odoo.ResetCounters()
	s.plane.ResetCounters()
	s.must(s.plane.RenameItem("maria", item.ID, "as maria calls it"))
	s.eventually("Odoo reports the bridge's own write", 20*time.Second, func() bool { return s.odoo.Calls()["push delivered"] > 0 })
	s.quiet()
	if writes := s.taskWrites(); len(writes) != 1 {
		t.Errorf("Odoo's task is written %d times, want once: %v", len(writes), writes)
	}
	for request, n := range s.plane.Requests() {
		if !strings.HasPrefix(request, "GET ") {
			t.Errorf("the bridge sent %d times %s to Plane", n, request)
		}
	}
}

func TestRulesOfAFlowThatIsOffAreRemovedAsWell(t *testing.T) {
	t.Parallel()
	s, _, _ := tasksPushed(t)
	delete(s.settings, "ODOO_TASK_PROJECT_ID")
	delete(s.settings, "PLANE_TASK_PROJECT_ID")
	if said := s.done(s.asAdministrator("setup-push", "--remove")...); !strings.Contains(said, "rules for project.task are removed") {
		t.Errorf("setup-push --remove says:\n%s", said)
	}
	if n := len(s.odoo.Records("base.automation")); n != 0 {
		t.Errorf("%d rules are left", n)
	}
}
