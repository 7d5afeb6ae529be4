package plane

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	hookItem    = "d0a3640b-5125-4741-be29-9d0090a40065"
	hookComment = "3b0d3ad7-946a-434b-89f4-b45b92297f0d"
	hookLater   = "84ec8272-d773-4050-bbe3-0a42edfa5495"
	hookParent  = "85f353f3-1655-4b72-a8c2-1570f384807b"
)

// a change of an event, on top of another.
type change func(*wantEvent)

func eventWith(base wantEvent, changes ...change) wantEvent {
	for _, c := range changes {
		c(&base)
	}
	return base
}

func about(name string) change { return func(w *wantEvent) { w.Field = name } }

func named(name, field string) change { return func(w *wantEvent) { w.Name, w.Field = name, field } }

func inState(name, group string) change { return func(w *wantEvent) { w.State, w.Group = name, group } }

func byMaria(w *wantEvent) { w.Actor = maria.ID }

// firstHooks are the events of the first recordings.
func firstHooks() map[string]wantEvent {
	base := wantEvent{
		Version: 1, Name: "issue.updated", Entity: hookItem, Project: wireProject, Actor: bridgeUser.ID, Item: "[2550Q] Q3/2026", Priority: "none",
		State: "Backlog", Group: "backlog", Assignees: "maria", Labels: "area:compliance", Target: "2026-10-25", Pair: "odoo:bir.filing.deadline,90",
	}
	moved := eventWith(base, inState("Done", "completed"), func(w *wantEvent) { w.Target = "2026-10-26" })
	comment := wantEvent{Version: 1, Name: "issue_comment.created", Entity: hookComment, Project: wireProject, Actor: bridgeUser.ID, Comment: "<p>Filed</p>", On: hookItem}
	return map[string]wantEvent{
		"01-issue-created-all":         eventWith(base, func(w *wantEvent) { w.Name, w.Assignees, w.Labels = "issue.created", "", "" }),
		"02-issue-updated-assignees":   eventWith(base, about("assignees"), func(w *wantEvent) { w.Labels = "" }),
		"03-issue-updated-labels":      eventWith(base, about("labels")),
		"04-issue-updated-state":       eventWith(moved, about("state")),
		"05-issue-updated-target_date": eventWith(moved, about("target_date")),
		"06-issue_comment-created-all": comment,
		"07-issue_comment-updated-comment_html": eventWith(comment, named("issue_comment.updated", "comment_html"), func(w *wantEvent) {
			w.Comment = "<p>Filed!</p>"
		}),
		"08-project-updated-description": {
			Version: 1, Name: "project.updated", Field: "description", Entity: wireProject, Project: wireProject, Actor: bridgeUser.ID,
		},
		"09-retry-of-one-event": eventWith(base, func(w *wantEvent) {
			w.Name, w.Entity, w.Item, w.Assignees, w.Labels = "issue.created", "8aec38c7-ba9b-49d1-be4d-49c706ea7844", "retry probe", "", ""
			w.Target, w.Pair = "", ":"
		}),
	}
}

// apiHooks are the events of one work item that was changed field by field over the API, and the item as it was left.
func apiHooks() (map[string]wantEvent, wantEvent) {
	item := wantEvent{
		Version: 1, Name: "issue.updated", Entity: hookLater, Project: wireProject, Actor: bridgeUser.ID, Item: "[1601EQ] Q3/2026", Priority: "none",
		State: "Backlog", Group: "backlog", Target: "2026-10-31", Pair: "odoo:bir.filing.deadline,301",
	}
	events := map[string]wantEvent{}
	then := func(recording, changed string, do change) {
		item = eventWith(item, do, about(changed))
		events[recording] = item
	}
	then("10-issue-updated-parent", "parent", func(w *wantEvent) { w.Parent = hookParent })
	then("11-issue-updated-parent-cleared", "parent", func(w *wantEvent) { w.Parent = "" })
	then("12-issue-updated-start_date", "start_date", func(w *wantEvent) { w.Start = "2026-10-01" })
	then("13-issue-updated-target_date-cleared", "target_date", func(w *wantEvent) { w.Target = "" })
	then("14-issue-updated-assignees-added", "assignees", func(w *wantEvent) { w.Assignees = "maria bridge" })
	then("15-issue-updated-assignees-removed", "assignees", func(w *wantEvent) { w.Assignees = "maria" })
	then("16-issue-updated-assignees-emptied", "assignees", func(w *wantEvent) { w.Assignees = "" })
	then("17-issue-updated-priority", "priority", func(w *wantEvent) { w.Priority = "urgent" })
	then("18-issue-updated-name", "name", func(w *wantEvent) { w.Item = "[1601EQ] Q3/2026 – susog" })
	then("19-issue-updated-description_html", "description_html", func(*wantEvent) {})
	then("20-issue-updated-estimate_point", "estimate_point", func(*wantEvent) {})
	then("21-issue-updated-external_id", "external_id", func(w *wantEvent) { w.Pair = "odoo:bir.filing.deadline,302" })
	then("22-issue-updated-labels-added", "labels", func(w *wantEvent) { w.Labels = "area:compliance" })
	then("23-issue-updated-labels-emptied", "labels", func(w *wantEvent) { w.Labels = "" })
	then("24-issue-updated-labels-of-other-project", "labels", func(*wantEvent) {}) // told of, and not taken
	return events, item
}

// webClientHooks are the events of the same work item in the web client, which names some fields differently, and
// then of its time in the archive.
func webClientHooks(item wantEvent) map[string]wantEvent {
	events := map[string]wantEvent{}
	then := func(recording, changed string, do change) {
		item = eventWith(item, byMaria, do, about(changed))
		events[recording] = item
	}
	then("26-issue-updated-state_id-by-app", "state_id", inState("Todo", "unstarted"))
	then("27-issue-updated-assignee_ids-by-app", "assignee_ids", func(w *wantEvent) { w.Assignees = "maria" })
	then("28-issue-updated-label_ids-by-app", "label_ids", func(w *wantEvent) { w.Labels = "area:compliance" })
	then("29-issue-updated-parent_id-by-app", "parent_id", func(w *wantEvent) { w.Parent = hookParent })
	then("30-issue-updated-target_date-by-app", "target_date", func(w *wantEvent) { w.Target = "2026-11-03" })
	then("31-issue-updated-description_html-by-app", "description_html", func(*wantEvent) {})
	then("32-issue-updated-name-by-app", "name", func(w *wantEvent) { w.Item = "[1601EQ] Q3/2026" })
	then("35-issue-updated-state_id-completed", "state_id", inState("Done", "completed"))
	then("36-issue-updated-name-while-archived", "name", func(w *wantEvent) {
		w.Item, w.Archived, w.Actor = "[1601EQ] Q3/2026 sa arkibo", true, bridgeUser.ID
	})
	then("37-issue-updated-archived_at-null", "archived_at", func(w *wantEvent) { w.Archived, w.Actor = false, bridgeUser.ID })
	comment := wantEvent{
		Version: 1, Name: "issue_comment.created", Entity: "90f200f2-c141-4c64-b0b8-19f33491ebd3", Project: wireProject, Actor: maria.ID,
		Comment: "<p>Salamat</p>", On: hookLater,
	}
	events["33-issue_comment-created-all-by-app"] = comment
	events["34-issue_comment-updated-comment_html-by-app"] = eventWith(comment, named("issue_comment.updated", "comment_html"), func(w *wantEvent) {
		w.Comment = "<p>Salamat po</p>"
	})
	return events
}

// secondHooks are the events of another work item: two fields at once, the archive by PATCH, and people.
func secondHooks() map[string]wantEvent {
	item := wantEvent{
		Version: 1, Name: "issue.updated", Entity: lastItem, Project: wireProject, Actor: bridgeUser.ID, Item: withholding.Name, Priority: "high",
		State: "Backlog", Group: "backlog", Start: "2026-11-02", Pair: withholding.Pair,
	}
	inTodo := eventWith(item, byMaria, inState("Todo", "unstarted"), func(w *wantEvent) { w.Priority = "low" })
	withBot := eventWith(inTodo, func(w *wantEvent) { w.Assignees = "bridge" })
	return map[string]wantEvent{
		"45-issue-updated-priority-two-fields":         eventWith(item, about("priority")),
		"46-issue-updated-start_date-two-fields":       eventWith(item, about("start_date")),
		"47-issue-updated-priority-two-fields-by-app":  eventWith(inTodo, about("priority")),
		"48-issue-updated-state_id-two-fields-by-app":  eventWith(inTodo, about("state_id")),
		"49-issue-updated-archived_at-set":             eventWith(inTodo, about("archived_at"), func(w *wantEvent) { w.Archived, w.Actor = true, bridgeUser.ID }),
		"50-issue-updated-assignee_ids-removed-by-app": eventWith(withBot, about("assignee_ids")),
		"51-issue-updated-target_date-by-app":          eventWith(withBot, about("target_date"), func(w *wantEvent) { w.Target = "2026-12-01" }),
		"52-issue-updated-target_date-cleared-by-app":  eventWith(withBot, about("target_date")),
	}
}

// otherHooks are the events of what the bridge does not mirror, and of items that came in otherwise.
func otherHooks() map[string]wantEvent {
	of := func(name, field, entity string) wantEvent {
		return wantEvent{Version: 1, Name: name, Field: field, Entity: entity, Project: wireProject, Actor: bridgeUser.ID}
	}
	const (
		cycle, cycleByApp   = "1885c1a3-e707-4618-b0fe-ee88e2c7ce1b", "acf00204-8d04-44ee-b62e-8527e175cec3"
		module, moduleByApp = "aa00fa63-dafb-4074-832c-c6a156269023", "3f118679-0bb7-491a-8f6e-d2c362c4834a"
		payroll             = "48e54e86-39bb-4d27-b6f4-4279cc902afe"
	)
	ofPayroll := func(w *wantEvent) { w.Project = payroll }
	return map[string]wantEvent{
		"25-issue-created-all-by-app": {
			Version: 1, Name: "issue.created", Entity: "857b7b49-bc3b-4954-9a63-5a2684d78ebf", Project: wireProject, Actor: maria.ID,
			Item: "Gawa ni Maria", State: "Todo", Group: "unstarted", Priority: "low", Start: "2026-11-01", Target: "2026-11-15",
			Parent: hookParent, Assignees: "maria", Labels: "area:compliance", Pair: ":",
		},
		"38-issue-updated-priority-of-intake-item": {
			Version: 1, Name: "issue.updated", Field: "priority", Entity: "7c20f3c8-ab81-471c-8f5d-579a560748e4", Project: wireProject,
			Actor: bridgeUser.ID, Item: "Late 1601C", State: "Triage", Group: string(GroupTriage), Priority: "high", Pair: ":",
		},
		"39-cycle-created-all":                  of("cycle.created", "", cycle),
		"40-cycle-updated-name":                 of("cycle.updated", "name", cycle),
		"41-module-created-all":                 of("module.created", "", module),
		"42-module-updated-description":         of("module.updated", "description", module),
		"43-project-created-all":                eventWith(of("project.created", "", payroll), ofPayroll),
		"44-project-deleted-all":                eventWith(of("project.deleted", "", payroll), ofPayroll),
		"53-cycle-created-all-by-app":           of("cycle.created", "", cycleByApp),
		"54-cycle-updated-name-by-app":          of("cycle.updated", "name", cycleByApp),
		"55-module-created-all-by-app":          of("module.created", "", moduleByApp),
		"56-module-updated-name-by-app":         of("module.updated", "name", moduleByApp),
		"57-project-updated-description-by-app": of("project.updated", "description", wireProject),
	}
}

func TestEveryRecordedWebhookDecodes(t *testing.T) {
	t.Parallel()
	want, left := apiHooks()
	for _, table := range []map[string]wantEvent{firstHooks(), webClientHooks(left), secondHooks(), otherHooks()} {
		maps.Copy(want, table)
	}
	for name, d := range loadDeliveries(t) {
		expected, ok := want[name]
		if !ok {
			t.Errorf("%s is in no table: add what the client makes of it", name)
			continue
		}
		delete(want, name)
		e, err := DecodeEvent([]byte(d.RawBody))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(expected, factsOfEvent(e)); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, diff)
		}
		if e.WorkItem != nil && e.WorkItem.UpdatedAt.IsZero() {
			t.Errorf("%s: no updated_at", name)
		}
	}
	for name := range want {
		t.Errorf("%s has no recording", name)
	}
}
