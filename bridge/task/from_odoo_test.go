package task

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

var manila = time.FixedZone("Manila", 8*60*60)

// newest is Odoo 19 with a new project.
var newest = setup{fields: fields{FourPriorities: true}, board: stock, location: manila}

func TestATaskBecomesAWorkItem(t *testing.T) {
	t.Parallel()
	got := fromOdoo(task{
		ID: 7, Name: "  call the auditor ", Description: "<p>why</p>", Priority: "2", Stage: odoo.Many2One{ID: 2}, State: stateOpen,
		Due: "2026-03-01 16:30:00", Active: true,
	}, newest)
	// Half past four in the afternoon in UTC is the next day in Manila.
	want := mapping.Fields{Name: "call the auditor", DescriptionHTML: "<p>why</p>", TargetDate: "2026-03-02", Priority: "high", Group: "started"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the work item (-want +got):\n%s", diff)
	}
	if got := fromOdoo(task{Name: strings.Repeat("é", 300), Active: true}, newest); len([]rune(got.Name)) != plane.MaxNameLength || got.TargetDate != "" {
		t.Errorf("a long name became %d letters, no deadline became %q", len([]rune(got.Name)), got.TargetDate)
	}
}

func TestPrioritiesCrossAsFarAsTheVersionKnowsThem(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		priority    plane.Priority
		four, two   string
		fourB, twoB plane.Priority
	}{
		{"urgent", "3", "1", "urgent", "high"},
		{"high", "2", "1", "high", "high"},
		{"medium", "1", "0", "medium", "none"},
		{"low", "0", "0", "none", "none"},
		{"none", "0", "0", "none", "none"},
	} {
		newer, older := fields{FourPriorities: true}, fields{}
		if four, two := newer.priorityInOdoo(row.priority), older.priorityInOdoo(row.priority); four != row.four || two != row.two {
			t.Errorf("%s is %s of four and %s of two, want %s and %s", row.priority, four, two, row.four, row.two)
		}
		if four, two := newer.priorityInPlane(row.four), older.priorityInPlane(row.two); four != row.fourB || two != row.twoB {
			t.Errorf("%s comes back as %s and %s, want %s and %s", row.priority, four, two, row.fourB, row.twoB)
		}
	}
}

func TestADayIsTheSameDayOnTheWayThereAndBack(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", "2026-03-01 16:30:00", "2026-02-27 00:00:00", "2026-02-27"} {
		for _, dateOnly := range []bool{true, false} {
			s := setup{fields: fields{DateOnly: dateOnly}, location: manila}
			var text string
			switch value := s.deadline("2026-02-28", before).(type) {
			case odoo.Date:
				text = value.String()
			case odoo.DateTime:
				text = value.String()
			}
			if got := s.day(text); got != "2026-02-28" || strings.Contains(text, ":") == dateOnly {
				t.Errorf("after %q, date only %t: Odoo gets %q, which is %s", before, dateOnly, text, got)
			}
		}
	}
	if got := newest.deadline("2026-02-28", "2026-03-01 16:30:00").(odoo.DateTime).String(); got != "2026-02-27 16:30:00" {
		t.Errorf("the time of day was not kept: %s", got)
	}
	if got := newest.deadline("2026-02-28", "").(odoo.DateTime).String(); got != "2026-02-28 15:59:00" {
		t.Errorf("a day without a time ends at %s", got)
	}
	if got := newest.deadline("", "2026-03-01 16:30:00"); got != nil {
		t.Errorf("no day became %v", got)
	}
}

func TestTheFieldsOfAVersionAreReadFromItsDescription(t *testing.T) {
	t.Parallel()
	old := fieldsOf(map[string]odoo.Field{
		"priority": {Type: "selection", Selection: [][2]string{{"0", "Low"}, {"1", "High"}}}, "date_deadline": {Type: "date"},
	})
	recent := fieldsOf(map[string]odoo.Field{
		"priority":      {Type: "selection", Selection: [][2]string{{"0", "Low"}, {"1", "Medium"}, {"2", "High"}, {"3", "Urgent"}}},
		"date_deadline": {Type: "datetime"}, "is_template": {Type: "boolean"},
	})
	if want := (fields{DateOnly: true}); old != want {
		t.Errorf("an old version: %+v", old)
	}
	if want := (fields{FourPriorities: true, Templates: true}); recent != want {
		t.Errorf("a recent version: %+v", recent)
	}
}

func TestAKeyNamesItsTaskAndNothingElse(t *testing.T) {
	t.Parallel()
	if id, err := parseKey(task{ID: 42}.key()); id != 42 || err != nil {
		t.Errorf("id %d, %v", id, err)
	}
	for _, key := range []mapping.Key{"", "project.task", "project.task,", "project.task,0", "project.task,-1", "project.task,x", "bir.filing.deadline,42"} {
		if id, err := parseKey(key); err == nil {
			t.Errorf("%q is read as task %d", key, id)
		}
	}
}
