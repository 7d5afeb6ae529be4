package mapping_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

func TestAKeyIsTakenApartAsItWasMade(t *testing.T) {
	t.Parallel()
	key := mapping.MakeKey("bir.filing.deadline", "1/2550M/2026/1")
	model, identity, err := key.Parse()
	if err != nil || model != "bir.filing.deadline" || identity != "1/2550M/2026/1" {
		t.Errorf("Parse(%q) = %q, %q, %v", key, model, identity, err)
	}
	for _, wrong := range []mapping.Key{"", "bir.filing.deadline", ",77", "bir.filing.deadline,"} {
		if _, _, err := wrong.Parse(); err == nil {
			t.Errorf("Parse(%q) has no error", wrong)
		}
	}
}

func TestDifferingNamesTheFieldsThatDiffer(t *testing.T) {
	t.Parallel()
	before := mapping.Fields{Name: "a", TargetDate: "2026-01-20", Labels: []string{"x", "y"}}
	after := mapping.Fields{Name: "b", TargetDate: "2026-01-20", Priority: "high", Labels: []string{"y", "x"}}
	want := []mapping.Field{mapping.FieldName, mapping.FieldPriority}
	if diff := cmp.Diff(want, before.Differing(after)); diff != "" {
		t.Errorf("Differing (-want +got):\n%s", diff)
	}
}

func TestLabelsThatPeopleAddedSurviveAMerge(t *testing.T) {
	t.Parallel()
	got := mapping.MergeLabels([]string{"mine", "status:upcoming", "area:compliance"},
		[]string{"area:compliance", "status:upcoming"}, []string{"area:compliance", "status:due_soon"})
	if diff := cmp.Diff([]string{"area:compliance", "mine", "status:due_soon"}, got); diff != "" {
		t.Errorf("MergeLabels (-want +got):\n%s", diff)
	}
}

func TestAMergeKeepsWhatPeopleAddedAndHasWhatIsWanted(t *testing.T) {
	t.Parallel()
	label := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}), rapid.ID[string])
	rapid.Check(t, func(t *rapid.T) {
		current, last, wanted := label.Draw(t, "current"), label.Draw(t, "last"), label.Draw(t, "wanted")
		merged := mapping.MergeLabels(current, last, wanted)
		for _, l := range current {
			if !slices.Contains(last, l) && !slices.Contains(merged, l) {
				t.Fatalf("a person's label %s is lost", l)
			}
		}
		for _, l := range wanted {
			if !slices.Contains(merged, l) {
				t.Fatalf("the wanted label %s is missing", l)
			}
		}
		for _, l := range merged {
			if !slices.Contains(current, l) && !slices.Contains(wanted, l) {
				t.Fatalf("label %s comes from nowhere", l)
			}
		}
	})
}

func TestOwnershipTellsDriftFromWhatPeopleMayDo(t *testing.T) {
	t.Parallel()
	ownership := mapping.Ownership{
		mapping.FieldName: mapping.Odoo, mapping.FieldLabels: mapping.Odoo, mapping.FieldPriority: mapping.Suggested,
		mapping.FieldState: mapping.OdooWhenClosed, mapping.FieldDescription: mapping.Both,
	}
	open := mapping.Fields{Name: "n", Priority: "low", Group: "unstarted", Labels: []string{"ours"}, DescriptionHTML: "d"}
	closed := open
	closed.Group = "completed"
	pushed := func(fields mapping.Fields) mapping.Link { return mapping.Link{LastPushed: fields, Written: fields} }
	for _, row := range []struct {
		name string
		link mapping.Link
		edit func(*mapping.Fields)
		want []mapping.Field
	}{
		{"nothing", pushed(open), func(*mapping.Fields) {}, nil},
		{"a name of Odoo's", pushed(open), func(f *mapping.Fields) { f.Name = "other" }, []mapping.Field{mapping.FieldName}},
		{"a suggested priority", pushed(open), func(f *mapping.Fields) { f.Priority = "urgent" }, nil},
		{"a field of both", pushed(open), func(f *mapping.Fields) { f.DescriptionHTML = "e" }, nil},
		{"a state among open ones", pushed(open), func(f *mapping.Fields) { f.Group = "started" }, nil},
		{"a state that people closed before the link", mapping.Link{LastPushed: open, Written: closed}, func(f *mapping.Fields) { f.Group = "started" }, nil},
		{"a closed matter opened", pushed(closed), func(f *mapping.Fields) { f.Group = "started" }, []mapping.Field{mapping.FieldState}},
		{"a label added", pushed(open), func(f *mapping.Fields) { f.Labels = []string{"mine", "ours"} }, nil},
		{"our label taken off", pushed(open), func(f *mapping.Fields) { f.Labels = []string{"mine"} }, []mapping.Field{mapping.FieldLabels}},
	} {
		current := row.link.Written
		row.edit(&current)
		if diff := cmp.Diff(row.want, ownership.Drifted(row.link, current)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}
