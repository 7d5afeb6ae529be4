package mapping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// What a write comes to is told by what the work item shows, field by field.
func TestAWriteCountsOnlyWherePlaneShowsIt(t *testing.T) {
	t.Parallel()
	before := mapping.Fields{
		Name: "old", DescriptionHTML: "<p>old</p>", TargetDate: "2026-01-01", Priority: "low", Group: "unstarted", Labels: []string{"ours", "a person's"},
	}
	for _, test := range []struct {
		name          string
		field         mapping.Field
		wanted, shown mapping.Fields
		confirmed     bool
	}{
		{"a date as it was sent", mapping.FieldTargetDate, mapping.Fields{TargetDate: "2026-02-02"}, mapping.Fields{TargetDate: "2026-02-02"}, true},
		{"a date as it was before", mapping.FieldTargetDate, mapping.Fields{TargetDate: "2026-02-02"}, before, false},
		{"a date that was to be cleared", mapping.FieldTargetDate, mapping.Fields{}, before, false},
		{"a name without the blanks at its ends", mapping.FieldName, mapping.Fields{Name: " new "}, mapping.Fields{Name: "new"}, true},
		{"another name", mapping.FieldName, mapping.Fields{Name: "new"}, mapping.Fields{Name: "a person's"}, false},
		{"a priority that was left out", mapping.FieldPriority, mapping.Fields{Priority: "high"}, before, false},
		{"a state of another group", mapping.FieldState, mapping.Fields{Group: "completed"}, before, false},
		{"a description that the server cleaned", mapping.FieldDescription, mapping.Fields{DescriptionHTML: `<p onclick="x()">new</p>`}, mapping.Fields{DescriptionHTML: "<p>new</p>"}, true},
		{"the old description", mapping.FieldDescription, mapping.Fields{DescriptionHTML: "<p>new</p>"}, before, false},
		{"a description that says the same as before", mapping.FieldDescription, mapping.Fields{DescriptionHTML: "<p>old</p><p></p>"}, before, true},
		{"our labels among those of people", mapping.FieldLabels, mapping.Fields{Labels: []string{"ours"}}, before, true},
		{"one of our labels left out", mapping.FieldLabels, mapping.Fields{Labels: []string{"ours", "of another project"}}, before, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			confirmed, refused := mapping.Shown(test.wanted, before, test.shown, []mapping.Field{test.field})
			if (len(confirmed) == 1) != test.confirmed || refused.Has(test.field, test.wanted) == test.confirmed {
				t.Errorf("confirmed %v, refused %v; want confirmed: %t", confirmed, refused, test.confirmed)
			}
		})
	}
}

func TestARefusalHoldsForTheRefusedValueOnly(t *testing.T) {
	t.Parallel()
	_, refused := mapping.Shown(mapping.Fields{Labels: []string{"b", "a"}}, mapping.Fields{}, mapping.Fields{}, []mapping.Field{mapping.FieldLabels})
	if !refused.Has(mapping.FieldLabels, mapping.Fields{Labels: []string{"a", "b"}}) {
		t.Error("the same labels in another order are another value")
	}
	if refused.Has(mapping.FieldLabels, mapping.Fields{Labels: []string{"a"}}) || refused.Has(mapping.FieldName, mapping.Fields{}) {
		t.Errorf("%v holds for what was not refused", refused)
	}
}

func TestOnlyOurLabelsThatAreShownAreCommon(t *testing.T) {
	t.Parallel()
	got := mapping.Common([]string{"form:2550M", "area:compliance"}, []string{"a person's", "area:compliance"})
	if diff := cmp.Diff([]string{"area:compliance"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAValueThatWasSentUnansweredIsKnownByWhatIsShown(t *testing.T) {
	t.Parallel()
	sent := mapping.Fields{Name: "n", DescriptionHTML: "<p>new</p><script></script>", Group: "completed", Labels: []string{"ours", "mine"}}
	shown := mapping.Fields{Name: "n", DescriptionHTML: "<p>new</p>", Group: "started", Labels: []string{"a person's", "mine", "ours"}}
	sending := mapping.ValuesOf(sent, []mapping.Field{mapping.FieldName, mapping.FieldDescription, mapping.FieldState, mapping.FieldLabels})
	for field, want := range map[mapping.Field]bool{
		mapping.FieldName: true, mapping.FieldDescription: true, mapping.FieldState: false, mapping.FieldLabels: true, mapping.FieldTargetDate: false,
	} {
		if got := sending.ShownBy(field, shown); got != want {
			t.Errorf("%s: shown %t, want %t", field, got, want)
		}
	}
	if diff := cmp.Diff([]string{"mine", "ours"}, sending.Labels()); diff != "" {
		t.Error(diff)
	}
}

func TestADescriptionSaysTheSameWhenItsTextAndItsLinksAreTheSame(t *testing.T) {
	t.Parallel()
	const wanted = `<p>See <a href="https://odoo.example/1?a=b&amp;c">Open</a></p><p>x</p>`
	for shown, same := range map[string]bool{
		wanted: true,
		`<div><p>See <a href="https://odoo.example/1?a=b&amp;c" rel="noopener">Open</a></p><p>x</p></div>`: true,
		`<p>See <a href="https://odoo.example/2">Open</a></p><p>x</p>`:                                     false,
		`<p>See Open</p><p>x</p>`: false,
		`<p>See <a href="https://odoo.example/1?a=b&amp;c">Open</a></p><p>y</p>`: false,
	} {
		if mapping.SaysTheSame(wanted, shown) != same {
			t.Errorf("%s: want %t", shown, same)
		}
	}
}

func TestALabelOfOursThatIsStillShownWasNotTakenOff(t *testing.T) {
	t.Parallel()
	wanted, shown := mapping.Fields{Labels: []string{"ours"}}, mapping.Fields{Labels: []string{"a person's", "ours", "once ours"}}
	confirmed, refused := mapping.Shown(wanted, shown, shown, []mapping.Field{mapping.FieldLabels}, "ours", "once ours")
	if len(confirmed) != 0 || !refused.Has(mapping.FieldLabels, wanted) {
		t.Errorf("confirmed %v, refused %v", confirmed, refused)
	}
	if diff := cmp.Diff([]string{"once ours"}, mapping.Stale([]string{"once ours", "ours", "once ours"}, wanted.Labels, shown.Labels)); diff != "" {
		t.Error(diff)
	}
}

func TestADescriptionThatIsStillTheOldOneWasNotTaken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, wanted, before, shown string
		taken                       bool
	}{
		{"only a link leads elsewhere, and still to the old place", `<p><a href="https://odoo.example/2">Open</a></p>`, `<p><a href="https://odoo.example/1">Open</a></p>`, `<p><a href="https://odoo.example/1">Open</a></p>`, false},
		{"a link that the server spells otherwise", `<p><a href="https://odoo.example/a b">Open</a></p>`, `<p><a href="https://odoo.example/a%20b">Open</a></p>`, `<p><a href="https://odoo.example/a%20b">Open</a></p>`, true},
		{"a picture that the server drops each time", `<p>x<img src="data:image/png;base64,QQ=="></p>`, "<p>x</p>", "<p>x</p>", true},
		{"one that was never set, and none is shown", "<p>new</p>", "", "<p></p>", false},
		{"an answer that does not show any", "<p>new</p>", "<p>old</p>", "", false},
		{"one that is to be emptied", "<p></p>", "<p>old</p>", "", true},
		{"one that is empty and shown as a paragraph", "", "", "<p></p>", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			confirmed, _ := mapping.Shown(mapping.Fields{DescriptionHTML: test.wanted}, mapping.Fields{DescriptionHTML: test.before},
				mapping.Fields{DescriptionHTML: test.shown}, []mapping.Field{mapping.FieldDescription})
			if (len(confirmed) == 1) != test.taken {
				t.Errorf("taken: %t, want %t", len(confirmed) == 1, test.taken)
			}
		})
	}
}
