//go:build odoo19

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// realTasks is a stage whose Odoo is a real one with a project of four stages, and
// with one mirrored task; the program serves and hears Plane's webhooks.
type realTasks struct {
	*stage
	odoo    *odoo19.Instance
	program *program
	stages  []any
	task    any
	item    planetest.Item
}

func newRealTasks(t *testing.T) realTasks {
	t.Helper()
	s, real := newRealStage(t)
	r := realTasks{stage: s, odoo: real}
	for i, name := range []string{"New", "In Progress", "Done", "Cancelled"} {
		r.stages = append(r.stages, real.Call(t, "project.task.type", "create",
			[]any{map[string]any{"name": name, "sequence": i + 1, "fold": i >= 2}}, nil))
	}
	project := real.Call(t, "project.project", "create", []any{map[string]any{
		"name": "Operations", "type_ids": []any{[]any{6, 0, r.stages}}, "privacy_visibility": "employees",
	}}, nil)
	r.task = real.Call(t, "project.task", "create", []any{map[string]any{
		"name": "call the auditor", "project_id": project, "stage_id": r.stages[0], "priority": "2",
		"description": "<p>why</p><ul><li>books</li></ul>", "date_deadline": "2099-03-01 09:30:00",
	}}, nil)
	// Neither a template nor a task of the past is anybody's work.
	for _, field := range []any{map[string]any{"is_template": true}, map[string]any{"active": false}} {
		other := real.Call(t, "project.task", "create", []any{map[string]any{"name": "not to be seen", "project_id": project}}, nil)
		real.Call(t, "project.task", "write", []any{[]any{other}, field}, nil)
	}
	s.settings["PLANE_TASK_PROJECT_ID"], s.settings["ODOO_TASK_PROJECT_ID"] = s.plane.ProjectID(), fmt.Sprint(project)
	s.settings["ODOO_WEBHOOK_TOKEN"] = pushToken
	delete(s.settings, "PLANE_BIR_PROJECT_ID")
	s.done("migrate")
	s.done("sync", "--flow", "task")
	r.program = s.startAndRest()
	items := s.plane.Items()
	if len(items) != 1 {
		t.Fatalf("%d work items, want one for the one task", len(items))
	}
	r.item = items[0]
	return r
}

// record is the task as Odoo has it, with the time of its last write.
func (r realTasks) record(t *testing.T) map[string]any {
	t.Helper()
	rows := r.odoo.Call(t, "project.task", "read", []any{[]any{r.task}}, map[string]any{
		"fields": []string{"name", "description", "priority", "date_deadline", "state", "stage_id", "active", "write_date"}, "load": nil,
	}).([]any)
	return rows[0].(map[string]any)
}

func (r realTasks) syncs(t *testing.T, want string) {
	t.Helper()
	if out := r.done("sync", "--flow", "task"); !strings.HasPrefix(out, want) {
		t.Errorf("sync: %s, want %s\n%s", out, want, r.program.logged())
	}
	r.quiet()
}

func TestOdoo19TasksGoBothWaysAndComeToRest(t *testing.T) {
	t.Parallel()
	r := newRealTasks(t)
	if r.item.Name != "call the auditor" || r.item.Priority != "high" || r.item.StateGroup != "unstarted" || r.item.TargetDate != "2099-03-01" {
		t.Errorf("the work item: %+v", r.item)
	}
	r.must(r.plane.RenameItem("maria", r.item.ID, "call them"))
	r.must(r.plane.DescribeItem("maria", r.item.ID, `<p class="editor-paragraph-block">one</p><p class="editor-paragraph-block">two <strong>bold</strong></p>`))
	r.must(r.plane.SetTargetDate("maria", r.item.ID, "2099-04-02"))
	r.must(r.plane.SetPriority("maria", r.item.ID, "urgent"))
	r.must(r.plane.MoveItem("maria", r.item.ID, "completed"))
	r.quiet()
	got := r.record(t)
	want := map[string]any{
		"id": r.task, "name": "call them", "priority": "3", "date_deadline": "2099-04-02 09:30:00", "state": "1_done", "stage_id": r.stages[2], "active": true,
	}
	maps.DeleteFunc(got, func(name string, _ any) bool { return name == "write_date" || name == "description" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the task after maria's changes (-want +got):\n%s%s", diff, r.program.logged())
	}
	if got := r.record(t)["description"]; got != "<div><p>one</p><p>two <strong>bold</strong></p></div>" {
		t.Errorf("the description in Odoo: %v", got)
	}
	rested := r.record(t)["write_date"]
	r.plane.ResetCounters()
	r.syncs(t, "0 created, 0 changed, 0 cancelled")
	if r.plane.RequestTotal() != 0 || r.record(t)["write_date"] != rested {
		t.Errorf("at rest: %d requests to Plane, task written at %v and %v", r.plane.RequestTotal(), rested, r.record(t)["write_date"])
	}

	// Opened again in Plane, and then moved and renamed in Odoo.
	r.must(r.plane.MoveItem("maria", r.item.ID, "started"))
	r.quiet()
	if got := r.record(t); got["state"] != "01_in_progress" || fmt.Sprint(got["stage_id"]) != fmt.Sprint(r.stages[1]) {
		t.Errorf("opened again in Plane: %v", got)
	}
	r.odoo.Call(t, "project.task", "write", []any{[]any{r.task}, map[string]any{"name": "Odoo's name", "state": "1_canceled"}}, nil)
	r.syncs(t, "0 created, 1 changed, 0 cancelled")
	if item := r.stage.item(r.item.ID); item.Name != "Odoo's name" || item.StateGroup != "cancelled" {
		t.Errorf("after Odoo's changes: %q, %s", item.Name, item.StateGroup)
	}
	r.syncs(t, "0 created, 0 changed, 0 cancelled")
}

func TestOdoo19WinsWhereBothSidesChangedATask(t *testing.T) {
	t.Parallel()
	r := newRealTasks(t)
	r.plane.HoldWebhooks(true)
	r.must(r.plane.RenameItem("maria", r.item.ID, "maria's name"))
	r.must(r.plane.SetPriority("maria", r.item.ID, "low"))
	r.odoo.Call(t, "project.task", "write", []any{[]any{r.task}, map[string]any{"name": "Odoo's name"}}, nil)
	r.plane.HoldWebhooks(false)
	r.quiet()
	r.syncs(t, "0 created, 1 changed, 0 cancelled")
	record, item := r.record(t), r.stage.item(r.item.ID)
	if record["name"] != "Odoo's name" || record["priority"] != "0" || item.Name != "Odoo's name" || item.Priority != "low" {
		t.Errorf("in Odoo %v, %v; in Plane %q, %s", record["name"], record["priority"], item.Name, item.Priority)
	}
	r.syncs(t, "0 created, 0 changed, 0 cancelled")
}

func TestOdoo19TakesACommentOnATaskAsANoteOnce(t *testing.T) {
	t.Parallel()
	r := newRealTasks(t)
	_, err := r.plane.Comment("maria", r.item.ID, "<p>they asked for last year's books</p>")
	r.must(err)
	r.quiet()
	for _, delivery := range r.plane.Deliveries() {
		r.must(r.plane.Redeliver(delivery.Attempts[0].ID))
	}
	r.quiet()
	found := r.odoo.Call(t, "mail.message", "search_read", []any{[]any{
		[]any{"model", "=", "project.task"}, []any{"res_id", "=", r.task}, []any{"body", "like", "last year"},
	}}, map[string]any{"fields": []string{"body", "is_internal", "subtype_id"}}).([]any)
	if len(found) != 1 || !strings.Contains(fmt.Sprint(found), "maria") {
		t.Errorf("notes in Odoo: %v, want one\n%s", found, r.program.logged())
	}
}

// TestOdoo19DescribesTasksAsTheFlowReadsThem pins what differs between versions.
func TestOdoo19DescribesTasksAsTheFlowReadsThem(t *testing.T) {
	t.Parallel()
	described := odoo19.Start(t).Call(t, "project.task", "fields_get", nil, map[string]any{"attributes": []string{"type", "selection"}}).(map[string]any)
	got := []string{}
	for _, name := range []string{"date_deadline", "description", "is_template", "stage_id"} {
		field, _ := described[name].(map[string]any)
		got = append(got, fmt.Sprint(name, " ", field["type"]))
	}
	if want := []string{"date_deadline datetime", "description html", "is_template boolean", "stage_id many2one"}; !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	priority, _ := described["priority"].(map[string]any)
	state, _ := described["state"].(map[string]any)
	for _, value := range []string{"01_in_progress", "1_done", "1_canceled"} {
		if !strings.Contains(fmt.Sprint(state["selection"]), value) {
			t.Errorf("state has no %s", value)
		}
	}
	if !strings.Contains(fmt.Sprint(priority["selection"]), "[3 ") {
		t.Errorf("priority has no 3: %v", priority["selection"])
	}
}
