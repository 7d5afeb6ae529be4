package audit

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const judgedKey = mapping.Key("m,1")

func items(sequences ...int) []plane.WorkItem {
	var all []plane.WorkItem
	for _, sequence := range sequences {
		all = append(all, plane.WorkItem{ID: string(rune('a' + sequence)), SequenceID: sequence})
	}
	return all
}

// judgePair is a pure function of the work items that carry a pair and of the links.
func TestOfWorkItemsWithOnePairTheLinkedOneStaysElseTheOldest(t *testing.T) {
	t.Parallel()
	type found struct {
		Kind  FindingKind
		Issue string
	}
	for _, row := range []struct {
		rule   string
		items  []plane.WorkItem
		linked map[mapping.Key]string
		want   []found
	}{
		{"one that is linked is as it should be", items(1), map[mapping.Key]string{judgedKey: "b"}, nil},
		{"one without a link is an orphan", items(1), nil, []found{{FindingOrphaned, "b"}}},
		{"beside the linked one the others are duplicates, older ones too", items(1, 2, 3), map[mapping.Key]string{judgedKey: "c"}, []found{{FindingDuplicate, "b"}, {FindingDuplicate, "d"}}},
		{"without a link the oldest is the orphan and the others its duplicates", items(3, 1, 2), nil, []found{{FindingOrphaned, "b"}, {FindingDuplicate, "c"}, {FindingDuplicate, "d"}}},
		{"a link that is bound to nothing yet keeps the oldest, which is no orphan", items(2, 1), map[mapping.Key]string{judgedKey: ""}, []found{{FindingDuplicate, "c"}}},
		{"a link to one that is not listed makes duplicates of all that are", items(1, 2), map[mapping.Key]string{judgedKey: "archived"}, []found{{FindingDuplicate, "b"}, {FindingDuplicate, "c"}}},
		{"the link of another record says nothing", items(1), map[mapping.Key]string{"m,2": "b"}, []found{{FindingOrphaned, "b"}}},
	} {
		t.Run(row.rule, func(t *testing.T) {
			t.Parallel()
			var got []found
			for _, f := range judgePair(judgedKey, slices.Clone(row.items), row.linked) {
				got = append(got, found{f.Kind, f.Issue})
				if f.Key != judgedKey || f.Repair == "" {
					t.Errorf("a finding without its key or a repair: %+v", f)
				}
			}
			if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// judge is a pure function of a link and of what the list shows.
func TestALinkIsJudgedByItsStateAndByWhatIsListed(t *testing.T) {
	t.Parallel()
	issue, failed := "b", "Plane answered 500"
	archived, moved := shown.WhyArchived, shown.WhyMoved("elsewhere")
	ours := map[string]pair{issue: pair(judgedKey)}
	for _, row := range []struct {
		rule   string
		link   mapping.Link
		listed map[string]pair
		want   FindingKind
		// person says that no repair is promised.
		person bool
	}{
		{rule: "linked, listed and paired is as it should be", link: mapping.Link{State: mapping.Linked}, listed: ours},
		{rule: "an intention was cut short", link: mapping.Link{State: mapping.Intended}, listed: ours, want: FindingCutShort},
		{rule: "archived is a person's choice", link: mapping.Link{State: mapping.Broken, LastError: &archived}, want: FindingArchived, person: true},
		{rule: "a broken link that says nothing is an archived one", link: mapping.Link{State: mapping.Broken}, want: FindingArchived, person: true},
		{rule: "moved is a person's choice", link: mapping.Link{State: mapping.Broken, LastError: &moved}, want: FindingMoved, person: true},
		{rule: "linked and not listed is missing, whatever failed", link: mapping.Link{State: mapping.Linked, LastError: &failed}, want: FindingMissing},
		{rule: "a cancelled one need not be listed", link: mapping.Link{State: mapping.Cancelled}},
		{rule: "an error that stands is a failure", link: mapping.Link{State: mapping.Linked, LastError: &failed}, listed: ours, want: FindingFailing},
		{rule: "a pair that is gone is given back", link: mapping.Link{State: mapping.Linked}, listed: map[string]pair{issue: ""}, want: FindingUnpaired},
		{rule: "another record's pair is replaced", link: mapping.Link{State: mapping.Linked}, listed: map[string]pair{issue: "m,2"}, want: FindingUnpaired},
		{rule: "another program's pair is left to a person", link: mapping.Link{State: mapping.Linked}, listed: map[string]pair{issue: pairForeign}, want: FindingUnpaired, person: true},
		{rule: "of one that cannot be read nothing is said", link: mapping.Link{State: mapping.Linked}, listed: map[string]pair{issue: pairUnread}},
	} {
		t.Run(row.rule, func(t *testing.T) {
			t.Parallel()
			row.link.Key, row.link.IssueID = judgedKey, &issue
			findings := judge(row.link, row.listed)
			switch {
			case row.want == "" && len(findings) == 0:
			case len(findings) != 1 || findings[0].Kind != row.want || (findings[0].Repair == "") != row.person:
				t.Errorf("findings %+v, want %q (left to a person: %t)", findings, row.want, row.person)
			}
		})
	}
}
