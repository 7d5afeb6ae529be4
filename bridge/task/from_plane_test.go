package task

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// agreedOn is a task, its link and its work item when both sides have the same.
func agreedOn() (task, mapping.Link, bridge.WorkItemState) {
	t := task{
		ID: 7, Name: "a name", Description: "<p>one</p><p>two</p>", Priority: "1", Stage: odoo.Many2One{ID: 1}, State: stateOpen,
		Due: "2026-03-01 01:00:00", Active: true,
	}
	link := mapping.Link{Key: t.key(), LastPushed: fromOdoo(t, newest)}
	// Plane wraps what it is given.
	link.Written = link.LastPushed
	link.Written.DescriptionHTML = "<div><p>one</p><p>two</p></div>"
	return t, link, bridge.WorkItemState{ID: "i", Fields: link.Written}
}

func TestEachFieldIsComparedThreeWays(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		inPlane     func(*bridge.WorkItemState)
		inOdoo      func(*task)
		want        odoo.Values
		taken, kept []mapping.Field
	}{
		{name: "nothing changed"},
		{name: "changed in Odoo only", inOdoo: func(t *task) { t.Name, t.Priority = "Odoo's", "3" }},
		{
			name: "every field changed in Plane only",
			inPlane: func(i *bridge.WorkItemState) {
				i.Fields = mapping.Fields{Name: "new", DescriptionHTML: "<p>new</p>", TargetDate: "2026-04-02", Priority: "urgent", Group: "completed"}
			},
			want: odoo.Values{
				"name": "new", "description": odoo.HTML("<p>new</p>"), "date_deadline": newest.deadline("2026-04-02", "2026-03-01 01:00:00"),
				"priority": "3", "stage_id": int64(3), "state": stateDone,
			},
			taken: []mapping.Field{"name", "description", "target_date", "priority", "state"},
		},
		{
			name:    "changed on both sides, and another field in Plane only",
			inPlane: func(i *bridge.WorkItemState) { i.Fields.Name, i.Fields.Priority = "maria's", "high" },
			inOdoo:  func(t *task) { t.Name = "Odoo's" },
			want:    odoo.Values{"priority": "2"}, taken: []mapping.Field{"priority"}, kept: []mapping.Field{"name"},
		},
		{
			name:    "changed to the same on both sides",
			inPlane: func(i *bridge.WorkItemState) { i.Fields.Name = "the same" },
			inOdoo:  func(t *task) { t.Name = "the same" },
			taken:   []mapping.Field{"name"},
		},
		{name: "what Odoo cannot tell apart", inPlane: func(i *bridge.WorkItemState) { i.Fields.Group = "backlog" }},
		{name: "a webhook that does not carry everything", inPlane: func(i *bridge.WorkItemState) { i.Fields = mapping.Fields{TargetDate: "2026-03-01"} }},
		{
			name: "the deadline taken away", inPlane: func(i *bridge.WorkItemState) { i.Fields.TargetDate = "" },
			want: odoo.Values{"date_deadline": nil}, taken: []mapping.Field{"target_date"},
		},
		{
			name: "archived in Plane", inPlane: func(i *bridge.WorkItemState) { i.Archived, i.Fields.Group = true, "completed" },
			want: odoo.Values{"active": false}, taken: []mapping.Field{"state"},
		},
		{
			name: "archived in Plane, and in Odoo already", inPlane: func(i *bridge.WorkItemState) { i.Archived = true },
			inOdoo: func(t *task) { t.Active = false },
		},
	} {
		record, link, item := agreedOn()
		if row.inPlane != nil {
			row.inPlane(&item)
		}
		if row.inOdoo != nil {
			row.inOdoo(&record)
		}
		got := fromPlane(record, link, item, newest)
		if row.want == nil {
			row.want = odoo.Values{}
		}
		if diff := cmp.Diff(update{values: row.want, taken: row.taken, kept: row.kept}, got, cmp.AllowUnexported(update{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// TestADescriptionThatBothSidesCleanTheirOwnWayIsWrittenOnce: Odoo makes something
// else of what it is given, and Plane keeps what maria wrote.
func TestADescriptionThatBothSidesCleanTheirOwnWayIsWrittenOnce(t *testing.T) {
	t.Parallel()
	record, link, item := agreedOn()
	item.Fields.DescriptionHTML = `<p class="editor">new</p>`
	tell := func() update {
		u := fromPlane(record, link, item, newest)
		if _, writes := u.values["description"]; writes {
			record.Description = "<p>new</p>"
		}
		if name, writes := u.values["name"].(string); writes {
			record.Name = name
		}
		if len(u.taken) > 0 {
			accepted := u.accept(record, link, item, newest)
			link.LastPushed, link.Written, link.Notified = accepted, accepted, u.remember(accepted, link, item).String()
		}
		return u
	}
	if u := tell(); !u.has(mapping.FieldDescription) {
		t.Fatal("the description was not taken over")
	}
	if link.LastPushed.DescriptionHTML != "<p>new</p>" {
		t.Errorf("the next sync would write %q over it", record.Description)
	}
	if u := tell(); len(u.values)+len(u.taken) != 0 {
		t.Errorf("told again, it writes %v", u.values)
	}
	item.Fields.Name = "another name"
	if u := tell(); len(u.values) != 1 || u.has(mapping.FieldDescription) {
		t.Errorf("told of another name, it writes %v", u.values)
	}
	if u := tell(); len(u.values)+len(u.taken) != 0 {
		t.Errorf("told of another name again, it writes %v", u.values)
	}
	// A sync writes Odoo's own, and then maria writes hers once more.
	record.Description = "<p>Odoo's</p>"
	link.LastPushed = fromOdoo(record, newest)
	link.Written = link.LastPushed
	if u := tell(); !u.has(mapping.FieldDescription) || u.values["description"] != odoo.HTML(item.Fields.DescriptionHTML) {
		t.Errorf("what she wrote once more was taken for old: %v", u.values)
	}
}

func TestTheArchiveIsFollowedThereAndBack(t *testing.T) {
	t.Parallel()
	record, link, item := agreedOn()
	item.Archived = true
	u := fromPlane(record, link, item, newest)
	record = written(record, u.values)
	link.LastPushed = u.accept(record, link, item, newest)
	link.Written, link.Notified = link.LastPushed, u.remember(link.LastPushed, link, item).String()
	if record.Active || link.LastPushed.Group != "cancelled" {
		t.Errorf("archived: active %t, group %s", record.Active, link.LastPushed.Group)
	}
	if again := fromPlane(record, link, item, newest); len(again.values) != 0 {
		t.Errorf("told again, it writes %v", again.values)
	}
	item.Archived = false
	u = fromPlane(record, link, item, newest)
	record = written(record, u.values)
	link.LastPushed = u.accept(record, link, item, newest)
	if !record.Active || link.LastPushed.Group != "unstarted" {
		t.Errorf("out of the archive: active %t, group %s", record.Active, link.LastPushed.Group)
	}
}

func TestAFieldThatChangedInOdooMeanwhileIsNotAccepted(t *testing.T) {
	t.Parallel()
	record, link, item := agreedOn()
	item.Fields.Name, item.Fields.Priority = "maria's", "urgent"
	u := fromPlane(record, link, item, newest)
	record.Name, record.Priority = "Odoo's, a moment later", "3"
	accepted := u.accept(record, link, item, newest)
	if accepted.Name != link.LastPushed.Name || accepted.Priority != "urgent" {
		t.Errorf("accepted %q and %s: the next sync must still write Odoo's name", accepted.Name, accepted.Priority)
	}
}

// TestWhatWasWrittenUnansweredIsNotTakenForAChangeInOdoo: the write took effect, the
// answer was lost, and maria goes on before it is tried again.
func TestWhatWasWrittenUnansweredIsNotTakenForAChangeInOdoo(t *testing.T) {
	t.Parallel()
	record, link, item := agreedOn()
	item.Fields.Name = "her first name for it"
	link.Notified = (&Flow{}).Announces(link, item)
	record.Name = item.Fields.Name
	for i := range 100 {
		item.Fields.Priority = []string{"low", "medium"}[i%2]
		link.Notified = (&Flow{}).Announces(link, item)
	}
	item.Fields.Name = "her second"
	link.Notified = (&Flow{}).Announces(link, item)
	if tried := readMemo(link.Notified).Tried; len(tried) > triesKept {
		t.Errorf("%d contents are remembered", len(tried))
	}
	if u := fromPlane(record, link, item, newest); u.values["name"] != "her second" {
		t.Errorf("written %v, kept %v; what she wrote last has to be written", u.values, u.kept)
	}
	record.Name = "Odoo's"
	if u := fromPlane(record, link, item, newest); len(u.values) != 0 || len(u.kept) != 1 {
		t.Errorf("written %v, kept %v; what Odoo wrote has to stay", u.values, u.kept)
	}
}

// What the task has from Plane is known until Plane has been heard again and nothing of
// it is there; from then on the same value is Odoo's own.
func TestWhatTheTaskHasFromPlaneIsToldFromOdoosOwnChange(t *testing.T) {
	t.Parallel()
	record, link, item := agreedOn()
	item.Fields.Priority = "urgent"
	link.Notified = (&Flow{}).Announces(link, item)
	if fields := told(record, link, newest); len(fields) != 0 {
		t.Errorf("%v is from Plane, and the write had no effect", fields)
	}
	record.Priority, record.Name = "3", "Odoo's"
	if diff := cmp.Diff([]mapping.Field{mapping.FieldPriority}, told(record, link, newest)); diff != "" {
		t.Errorf("what is from Plane (-want +got):\n%s", diff)
	}
	if notified := settled(record, link, newest); notified != "" {
		t.Errorf("forgotten while the task has it: %s", notified)
	}
	record.Priority = "0"
	if link.Notified = settled(record, link, newest); link.Notified == "" {
		t.Error("it is remembered although nothing of it is in the task")
	}
	record.Priority = "3"
	if fields := told(record, link, newest); len(fields) != 0 {
		t.Errorf("%v was set in Odoo, and counts as from Plane", fields)
	}
}

func TestOnlyAnEditIsAnnounced(t *testing.T) {
	t.Parallel()
	_, link, item := agreedOn()
	item.Fields.Labels = []string{"maria's own"}
	if notified := (&Flow{}).Announces(link, item); notified != "" {
		t.Errorf("announced %s, though nothing is to be written", notified)
	}
	link.Notified = memo{Held: digest("<p>hers</p>"), Of: digest(link.Written.DescriptionHTML), Archived: true}.String()
	item.Fields.DescriptionHTML = "<p>hers</p>"
	if notified := (&Flow{}).Announces(link, item); notified != "" {
		t.Errorf("announced %s, though Odoo has the description", notified)
	}
	item.Fields.Priority = "low"
	if m := readMemo((&Flow{}).Announces(link, item)); m.Held == "" || !m.Archived || len(m.Tried) != 1 || m.Tried[0].Priority != "low" {
		t.Errorf("announced %+v: what was remembered has to stay", m)
	}
}

func FuzzAMemoIsReadAsItWasWritten(f *testing.F) {
	f.Add("", "", false)
	f.Add("<p>one</p>", `{"held": 1}`, true)
	f.Fuzz(func(t *testing.T, description, notified string, archived bool) {
		m := memo{Held: digest(description), Of: digest(notified), Archived: archived}
		if got := readMemo(m.String()); got.String() != m.String() || got.Held != m.Held || got.Archived != archived {
			t.Errorf("%+v is read as %+v", m, got)
		}
		// Whatever stands on a link reads as a memo that can be written again.
		if stray := readMemo(notified); readMemo(stray.String()).String() != stray.String() {
			t.Errorf("%q is read as %+v", notified, stray)
		}
	})
}
