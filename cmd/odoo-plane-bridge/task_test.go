package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// newTaskStage is a stage on which only the task flow is on.
func newTaskStage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.settings["PLANE_TASK_PROJECT_ID"], s.settings["ODOO_TASK_PROJECT_ID"] = s.settings["PLANE_BIR_PROJECT_ID"], "1"
	delete(s.settings, "PLANE_BIR_PROJECT_ID")
	return s
}

// addTask makes a task as somebody in Odoo would.
func (s *stage) addTask(name string) int64 {
	return s.odoo.Add("project.task", map[string]any{
		"name": name, "project_id": int64(1), "description": "<p>as it was</p>", "date_deadline": "2099-03-01 09:30:00", "priority": "2",
	})
}

// taskRecord is a task as Odoo has it.
func (s *stage) taskRecord(id int64) odootest.Record {
	for _, record := range s.odoo.Records("project.task") {
		if record["id"] == id {
			return record
		}
	}
	s.t.Fatalf("Odoo has no task %d", id)
	return nil
}

// taskWrites are the values of the writes to tasks, oldest first.
func (s *stage) taskWrites() []map[string]any {
	var writes []map[string]any
	for _, write := range s.odoo.Writes() {
		if write.Model == "project.task" {
			writes = append(writes, write.Values)
		}
	}
	return writes
}

// tasksMirrored is a stage with one mirrored task and a program that serves and
// hears Plane's webhooks.
func tasksMirrored(t *testing.T) (s *stage, p *program, taskID int64, item planetest.Item) {
	t.Helper()
	s = newTaskStage(t)
	taskID = s.addTask("call the auditor")
	s.done("migrate")
	s.done("sync", "--flow", "task")
	p = s.startAndRest()
	s.odoo.ResetCounters()
	s.plane.ResetCounters()
	return s, p, taskID, s.plane.Items()[0]
}

// startAndRest starts the program, which hears Plane's webhooks, and returns when
// it has done what a start brings. From then on only what the test does moves
// anything.
func (s *stage) startAndRest() *program {
	s.t.Helper()
	s.settings["SYNC_SCHEDULE"], s.settings["RECONCILE_SCHEDULE"] = "@every 24h", "@every 24h"
	p := s.start("serve")
	s.plane.AddWebhook(p.url+"/api/webhooks/plane", stageSecret, planetest.V1)
	s.eventually("the sync that serve begins with is there", 60*time.Second, func() bool {
		return s.count("SELECT count(*) FROM ops.river_job WHERE kind = 'sync'") > 0
	})
	s.quiet()
	return p
}

// quiet waits until Plane has told everything and the bridge has done everything.
func (s *stage) quiet() {
	s.t.Helper()
	s.must(s.plane.Quiesce(s.t.Context()))
	s.settle()
}

// still fails the test if a sync finds anything to do, on either side.
func (s *stage) still() {
	s.t.Helper()
	s.odoo.ResetCounters()
	s.plane.ResetCounters()
	if out := s.done("sync", "--flow", "task"); !strings.HasPrefix(out, "0 created, 0 changed, 0 cancelled") {
		s.t.Errorf("a sync after everything had settled: %s", out)
	}
	s.quiet()
	if writes := s.taskWrites(); len(writes) != 0 || s.plane.RequestTotal() != 0 {
		s.t.Errorf("after everything had settled: %d requests to Plane, writes to Odoo %v", s.plane.RequestTotal(), writes)
	}
}

func (s *stage) item(id string) planetest.Item {
	item, found := s.plane.Item(id)
	if !found {
		s.t.Fatalf("Plane has no work item %s", id)
	}
	return item
}

// The create took effect and nobody heard the answer; people go on before it is adopted.
func TestAnEditBeforeTheWorkItemIsAdoptedReachesTheTask(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	s.exec("UPDATE ops.plane_sync_mappings SET state = 'intended', plane_issue_id = NULL, create_sent_at = now() - interval '1 hour', last_synced_at = NULL")
	s.must(s.plane.RenameItem("maria", item.ID, "call the new auditor"))
	s.done("sync", "--flow", "task")
	s.eventually("the task has the new name", 60*time.Second, func() bool { return s.taskRecord(id)["name"] == "call the new auditor" })
	if name := s.item(item.ID).Name; name != "call the new auditor" {
		t.Errorf("the work item is called %q", name)
	}
	s.quiet()
	s.still()
}

func TestATaskIsMirroredAsItIs(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	got := []string{item.Name, item.DescriptionHTML, item.TargetDate, item.Priority, item.StateGroup, item.ExternalID}
	want := []string{"call the auditor", "<p>as it was</p>", "2099-03-01", "high", "unstarted", fmt.Sprint("project.task,", id)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the work item (-want +got):\n%s", diff)
	}
	s.still()
}

func TestEachChangeInPlaneReachesOdooOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(s *stage, item string) error
		want   map[string]any
	}{
		"name":        {func(s *stage, i string) error { return s.plane.RenameItem("maria", i, "call them") }, map[string]any{"name": "call them"}},
		"description": {func(s *stage, i string) error { return s.plane.DescribeItem("maria", i, "<p>one</p><p>two</p>") }, map[string]any{"description": "<div><p>one</p><p>two</p></div>"}},
		"due date":    {func(s *stage, i string) error { return s.plane.SetTargetDate("maria", i, "2099-04-02") }, map[string]any{"date_deadline": "2099-04-02 09:30:00"}},
		"no due date": {func(s *stage, i string) error { return s.plane.SetTargetDate("maria", i, "") }, map[string]any{"date_deadline": nil}},
		"priority":    {func(s *stage, i string) error { return s.plane.SetPriority("maria", i, "urgent") }, map[string]any{"priority": "3"}},
		"started":     {func(s *stage, i string) error { return s.plane.MoveItem("maria", i, "started") }, map[string]any{"stage_id": 2.0}},
		"completed":   {func(s *stage, i string) error { return s.plane.MoveItem("maria", i, "completed") }, map[string]any{"stage_id": 3.0, "state": "1_done"}},
		"cancelled":   {func(s *stage, i string) error { return s.plane.MoveItem("maria", i, "cancelled") }, map[string]any{"stage_id": 4.0, "state": "1_canceled"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, _, item := tasksMirrored(t)
			s.must(test.change(s, item.ID))
			s.quiet()
			if diff := cmp.Diff([]map[string]any{test.want}, plainNumbers(s.taskWrites())); diff != "" {
				t.Errorf("writes to Odoo (-want +got):\n%s%s", diff, p.logged())
			}
			s.still()
		})
	}
}

func TestWhatOdooCannotTellApartIsNotWritten(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	s.must(s.plane.MoveItem("maria", item.ID, "backlog"))
	s.odoo.Change("project.task", id, map[string]any{"priority": "0"})
	s.done("sync", "--flow", "task")
	s.quiet()
	s.must(s.plane.SetPriority("maria", item.ID, "low"))
	s.quiet()
	if writes := s.taskWrites(); len(writes) != 0 {
		t.Errorf("writes to Odoo: %v, want none", writes)
	}
	s.still()
	if got := s.item(item.ID); got.StateGroup != "backlog" || got.Priority != "low" {
		t.Errorf("in Plane now: %s, %s; want what maria chose", got.StateGroup, got.Priority)
	}
}

func TestAChangeInOdooReachesPlaneOnce(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	s.odoo.Change("project.task", id, map[string]any{"name": "write to them", "priority": "3", "stage_id": int64(2), "description": "<p>a</p><p>b</p>"})
	if out := s.done("sync", "--flow", "task"); !strings.HasPrefix(out, "0 created, 1 changed") {
		t.Errorf("sync: %s", out)
	}
	s.quiet()
	got := s.item(item.ID)
	if got.Name != "write to them" || got.Priority != "urgent" || got.StateGroup != "started" || got.Writes != 1 {
		t.Errorf("in Plane: %q, %s, %s with %d writes", got.Name, got.Priority, got.StateGroup, got.Writes)
	}
	if writes := s.taskWrites(); len(writes) != 0 {
		t.Errorf("the echo was written to Odoo: %v", writes)
	}
	s.still()
}

func TestWhenBothSidesChangedOneFieldOdooWinsAndTheOtherFieldsGoAcross(t *testing.T) {
	t.Parallel()
	s, p, id, item := tasksMirrored(t)
	s.plane.HoldWebhooks(true)
	s.must(s.plane.RenameItem("maria", item.ID, "maria's name"))
	s.must(s.plane.SetPriority("maria", item.ID, "urgent"))
	s.odoo.Change("project.task", id, map[string]any{"name": "Odoo's name", "description": "<p>Odoo's</p>"})
	s.plane.HoldWebhooks(false)
	s.quiet()
	if diff := cmp.Diff([]map[string]any{{"priority": "3"}}, s.taskWrites()); diff != "" {
		t.Errorf("writes to Odoo (-want +got):\n%s%s", diff, p.logged())
	}
	s.done("sync", "--flow", "task")
	s.quiet()
	got, record := s.item(item.ID), s.taskRecord(id)
	if got.Name != "Odoo's name" || got.DescriptionHTML != "<p>Odoo's</p>" || got.Priority != "urgent" || got.Writes != 1 {
		t.Errorf("in Plane: %q, %q, %s with %d writes", got.Name, got.DescriptionHTML, got.Priority, got.Writes)
	}
	if record["name"] != "Odoo's name" || record["priority"] != "3" {
		t.Errorf("in Odoo: %v, %v", record["name"], record["priority"])
	}
	s.still()
}

func TestABurstOfWebhooksEndsInOneWrite(t *testing.T) {
	t.Parallel()
	s, p, id, item := tasksMirrored(t)
	s.plane.ShuffleWebhooks(7)
	s.plane.HoldWebhooks(true)
	for _, name := range []string{"one", "two", "three"} {
		s.must(s.plane.RenameItem("maria", item.ID, name))
	}
	s.must(s.plane.SetPriority("maria", item.ID, "low"))
	s.must(s.plane.SetTargetDate("maria", item.ID, "2099-05-05"))
	s.must(s.plane.MoveItem("maria", item.ID, "started"))
	s.plane.HoldWebhooks(false)
	s.quiet()
	want := []map[string]any{{"name": "three", "priority": "0", "date_deadline": "2099-05-05 09:30:00", "stage_id": 2.0}}
	if diff := cmp.Diff(want, plainNumbers(s.taskWrites())); diff != "" {
		t.Errorf("writes to Odoo (-want +got):\n%s%s", diff, p.logged())
	}
	if record := s.taskRecord(id); record["name"] != "three" {
		t.Errorf("in Odoo: %v", record["name"])
	}
	s.still()
}

func TestAWriteThatOdooDidNotAnswerIsLookedAtBeforeItIsRepeated(t *testing.T) {
	t.Parallel()
	s, p, _, item := tasksMirrored(t)
	s.odoo.Fail(odootest.Fault{Kind: odootest.GatewayTimeout, Model: "project.task", Method: "write"})
	s.must(s.plane.RenameItem("maria", item.ID, "written in spite of the 504"))
	s.quiet()
	if writes := s.taskWrites(); len(writes) != 1 || s.odoo.FaultsLeft() != 0 {
		t.Errorf("%d writes to Odoo, want 1 (%d faults left)\n%s", len(writes), s.odoo.FaultsLeft(), p.logged())
	}
	s.still()
}

func TestWhatIsChangedInPlaneWhileAWriteIsUnansweredStillReachesOdoo(t *testing.T) {
	t.Parallel()
	s, p, id, item := tasksMirrored(t)
	s.odoo.Fail(odootest.Fault{Kind: odootest.GatewayTimeout, Model: "project.task", Method: "write"})
	s.must(s.plane.RenameItem("maria", item.ID, "her first name for it"))
	s.eventually("the first write has its 504", 60*time.Second, func() bool { return len(s.taskWrites()) == 1 && s.odoo.FaultsLeft() == 0 })
	s.must(s.plane.RenameItem("maria", item.ID, "her second"))
	s.quiet()
	if record := s.taskRecord(id); record["name"] != "her second" || len(s.taskWrites()) != 2 {
		t.Errorf("in Odoo: %v after %d writes\n%s", record["name"], len(s.taskWrites()), p.logged())
	}
	s.still()
	if got := s.item(item.ID); got.Name != "her second" {
		t.Errorf("in Plane: %q", got.Name)
	}
}

// The bridge was killed between its write to the task and its note of that, and maria has
// gone on by the time of the next sync: what the task has is no change of Odoo's.
func TestASyncDoesNotTakeWhatPlaneToldOdooForAChangeInOdoo(t *testing.T) {
	t.Parallel()
	s := newTaskStage(t)
	id := s.addTask("call the auditor")
	s.done("migrate")
	s.done("sync", "--flow", "task")
	item := s.plane.Items()[0]
	s.exec(`UPDATE ops.plane_sync_mappings SET notified = '{"tried":[{"name":"her first name for it","priority":"high","target_date":"2099-03-01","group":"unstarted"}]}'`)
	s.odoo.Change("project.task", id, map[string]any{"name": "her first name for it"})
	s.must(s.plane.RenameItem("maria", item.ID, "her second"))
	s.done("sync", "--flow", "task")
	if got := s.item(item.ID); got.Name != "her second" {
		t.Errorf("in Plane: %q", got.Name)
	}
	s.startAndRest()
	s.done("reconcile", "--flow", "task")
	s.eventually("the task has her last name for it", 60*time.Second, func() bool { return s.taskRecord(id)["name"] == "her second" })
	s.quiet()
	s.still()
}

func TestACommentOnATaskBecomesOneNote(t *testing.T) {
	t.Parallel()
	s, p, id, item := tasksMirrored(t)
	_, err := s.plane.Comment("maria", item.ID, "<p>they asked for last year's books</p>")
	s.must(err)
	s.quiet()
	for _, delivery := range s.plane.Deliveries() {
		s.must(s.plane.Redeliver(delivery.Attempts[0].ID))
	}
	s.quiet()
	var notes []odootest.Record
	for _, message := range s.odoo.Records("mail.message") {
		if message["model"] == "project.task" && message["res_id"] == id {
			notes = append(notes, message)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0]["body"].(string), "last year&#39;s books") || !strings.Contains(notes[0]["body"].(string), "maria") {
		t.Errorf("notes in Odoo: %v, want one\n%s", notes, p.logged())
	}
}

func TestTheFlowIsChosenByNameAndSaysWhatSwitchesItOn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, command := range [][]string{{"sync"}, {"reconcile"}, {"mappings", "list"}, {"mappings", "audit"}, {"mappings", "repair"}, {"mappings", "import"}} {
		code, _, stderr := s.command(append(command, "--flow", "task")...)
		for _, want := range []string{"flow task is off", "ODOO_TASK_PROJECT_ID", "PLANE_TASK_PROJECT_ID"} {
			if code != exitUsage || !strings.Contains(stderr, want) {
				t.Errorf("%v --flow task = %d, without %q: %s", command, code, want, stderr)
			}
		}
	}
	off := maps.Clone(s.settings)
	s.settings["ODOO_TASK_PROJECT_ID"] = "1"
	if code, _, stderr := s.command("serve"); code != exitUsage || !strings.Contains(stderr, "PLANE_TASK_PROJECT_ID") {
		t.Errorf("serve with the flow half set = %d %s", code, stderr)
	}
	s.settings["PLANE_TASK_PROJECT_ID"] = s.settings["PLANE_BIR_PROJECT_ID"]
	if code, _, stderr := s.command("serve"); code != exitUsage || !strings.Contains(stderr, "a project of its own") {
		t.Errorf("serve with both flows on one project = %d %s", code, stderr)
	}
	s.settings = off
	delete(s.settings, "PLANE_BIR_PROJECT_ID")
	if code, _, stderr := s.command("sync"); code != exitUsage || !strings.Contains(stderr, "flow bir is off") || strings.Contains(stderr, "TASK") {
		t.Errorf("sync without the BIR project = %d %s", code, stderr)
	}
}

func TestCheckLooksAtTheTaskFlow(t *testing.T) {
	t.Parallel()
	s := newTaskStage(t)
	s.addTask("call the auditor")
	s.done("migrate")
	if out := s.done("check"); !strings.Contains(out, "1 in project 1 in Odoo") || strings.Contains(out, "deadlines") {
		t.Errorf("check:\n%s", out)
	}
	s.settings["ODOO_TASK_PROJECT_ID"] = "77"
	if code, out, _ := s.command("check"); code != exitFailed || !strings.Contains(out, "no project 77") {
		t.Errorf("check of a project that is not there = %d\n%s", code, out)
	}
}

// plainNumbers makes every number in values a float64, as JSON reads it.
func plainNumbers(values []map[string]any) []map[string]any {
	var plain []map[string]any
	for _, row := range values {
		row = maps.Clone(row)
		for name, value := range row {
			if number, isInt := value.(int64); isInt {
				row[name] = float64(number)
			}
		}
		plain = append(plain, row)
	}
	return plain
}

func TestTheSweepFindsAnEditOfASharedFieldThatNoWebhookReported(t *testing.T) {
	t.Parallel()
	s, _, id, item := tasksMirrored(t)
	s.plane.MuteWebhooks(true)
	s.must(s.plane.SetTargetDate("maria", item.ID, "2099-04-01"))
	if out := s.done("reconcile", "--flow", "task"); !strings.Contains(out, "1 changes that no webhook reported") {
		t.Errorf("the sweep: %s", out)
	}
	s.quiet()
	if due := fmt.Sprint(s.taskRecord(id)["date_deadline"]); !strings.HasPrefix(due, "2099-04-01") {
		t.Errorf("the task is due %s, want the day from Plane", due)
	}
	if out := s.done("reconcile", "--flow", "task"); !strings.Contains(out, "0 changes that no webhook reported") {
		t.Errorf("the next sweep: %s", out)
	}
}
