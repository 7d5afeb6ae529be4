package sweep

import (
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// owningFlow is a flow of which only the ownership counts.
type owningFlow struct{ bridge.Flow }

func (owningFlow) Ownership() mapping.Ownership {
	return mapping.Ownership{
		mapping.FieldName: mapping.Odoo, mapping.FieldDescription: mapping.Odoo, mapping.FieldTargetDate: mapping.Odoo,
		mapping.FieldPriority: mapping.Both, mapping.FieldState: mapping.OdooWhenClosed, mapping.FieldLabels: mapping.Odoo,
	}
}

const comparedItem = "d0a3640b-5125-4741-be29-9d0090a40065"

// comparison is what differs compares: an item that the list shows, with what is known of
// it. By itself nothing of it differs.
type comparison struct {
	item  shown.Item
	row   *ledger.WorkItem
	link  *mapping.Link
	grace time.Duration
}

var sweepBegan = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)

func nothingDiffers() comparison {
	content := mapping.Fields{Name: "tea", DescriptionHTML: "<p>d</p>", TargetDate: "2026-12-01", Priority: "low", Group: "completed", Labels: []string{"ours"}}
	before := sweepBegan.Add(-time.Hour)
	item := shown.Item{
		WorkItemState: bridge.WorkItemState{ID: comparedItem, Fields: content, StateName: "Done", UpdatedAt: before}, Assignee: "maria", Key: "m,1",
	}
	row := item.Row()
	row.ReportedAt, row.AskedAt = &before, nil
	return comparison{
		item: item, row: &row, grace: time.Minute,
		link: &mapping.Link{Key: "m,1", State: mapping.Linked, Written: content, LastPushed: content, UpdatedAt: before},
	}
}

// differs is a pure function of what the list shows and of what is known.
func TestAWorkItemDiffersByItsContentAndNotByItsAge(t *testing.T) {
	t.Parallel()
	after := sweepBegan.Add(time.Second)
	for _, test := range []struct {
		rule            string
		given           func(*comparison)
		missed, drifted bool
	}{
		{rule: "what is known is no news", given: func(*comparison) {}},
		{rule: "what nothing is known of was missed", given: func(c *comparison) { c.row, c.link = nil, nil }, missed: true},
		{rule: "another title was missed", given: func(c *comparison) { c.row.Title = "coffee" }, missed: true},
		{rule: "another state was missed", given: func(c *comparison) { c.row.Status = "Todo" }, missed: true},
		{rule: "another person was missed", given: func(c *comparison) { c.row.Assignee = nil }, missed: true},
		{rule: "a pair that is not known was missed", given: func(c *comparison) { c.row.Key = nil }, missed: true},
		{rule: "a state that is not shown is left as known", given: func(c *comparison) { c.item.StateName, c.item.Fields.Group = "", "" }},
		{rule: "what counts as deleted and is listed was missed", given: func(c *comparison) { c.item.StateName, c.row.Status = "", "deleted" }, missed: true},
		{rule: "an age alone is no difference", given: func(c *comparison) { c.item.UpdatedAt = c.item.UpdatedAt.Add(30 * time.Minute) }},
		{rule: "a change younger than the grace is its webhook's", given: func(c *comparison) { c.row.Title, c.item.UpdatedAt = "coffee", sweepBegan.Add(-time.Second) }},
		{rule: "without a grace it is compared", given: func(c *comparison) {
			c.row.Title, c.item.UpdatedAt, c.grace = "coffee", sweepBegan.Add(-time.Second), 0
		}, missed: true},
		{rule: "without a grace one of a moment ahead is compared, too", given: func(c *comparison) {
			c.row.Title, c.item.UpdatedAt, c.grace = "coffee", sweepBegan.Add(time.Second), 0
		}, missed: true},
		{rule: "one from the future has no age and is compared", given: func(c *comparison) { c.row.Title, c.item.UpdatedAt = "coffee", sweepBegan.Add(time.Hour) }, missed: true},
		{rule: "a webhook that came since is newer than the list", given: func(c *comparison) { c.row.Title, c.row.ReportedAt = "coffee", &after }},
		{rule: "an answer that was asked for since is newer than the list", given: func(c *comparison) { c.row.Title, c.row.AskedAt = "coffee", &after }},
		{rule: "an edit of what Odoo owns drifted", given: func(c *comparison) { c.link.Written.TargetDate = "2026-12-02" }, drifted: true},
		{rule: "an edit of what both sides own was missed", given: func(c *comparison) { c.link.Written.Priority = "high" }, missed: true},
		{rule: "a label that people added is theirs", given: func(c *comparison) { c.item.Fields.Labels = []string{"mine", "ours"} }},
		{rule: "a label of ours that was taken off drifted", given: func(c *comparison) { c.item.Fields.Labels = nil }, drifted: true},
		{rule: "a closed matter that was opened drifted", given: func(c *comparison) { c.item.Fields.Group = "started" }, drifted: true},
		{rule: "a description that was left out is left as known", given: func(c *comparison) {
			c.item.Fields.DescriptionHTML, c.item.Shown.LeftOut = "", []string{"description_html"}
		}},
		{rule: "what was written since is newer than the list", given: func(c *comparison) { c.link.Written.TargetDate, c.link.UpdatedAt = "2026-12-02", after }},
		{rule: "one that lay in the archive and is listed was missed", given: func(c *comparison) { c.link.State = mapping.Broken }, missed: true},
		{rule: "of a cancelled record nothing drifts", given: func(c *comparison) { c.link.State, c.link.Written.TargetDate = mapping.Cancelled, "2026-12-02" }},
	} {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			c := nothingDiffers()
			test.given(&c)
			if missed, drifted := c.sweep().differs(c.item); missed != test.missed || drifted != test.drifted {
				t.Errorf("missed: %t, drifted: %t; want %t, %t", missed, drifted, test.missed, test.drifted)
			}
		})
	}
}

func (c comparison) sweep() *sweep {
	s := &sweep{
		flow: owningFlow{}, grace: c.grace, listed: sweepBegan, report: Report{Started: sweepBegan},
		known: map[string]ledger.WorkItem{}, linked: map[string]mapping.Link{},
	}
	if c.row != nil {
		s.known[comparedItem] = *c.row
	}
	if c.link != nil {
		s.linked[comparedItem] = *c.link
	}
	return s
}

// What a look concludes from a work item that nothing shows is fed as it was known.
func TestAWorkItemThatNothingShowsIsFedAsItWasKnown(t *testing.T) {
	t.Parallel()
	c := nothingDiffers()
	item := c.sweep().unseen(comparedItem, "p")
	if item.ID != comparedItem || item.Shown.Name != c.row.Title || item.ProjectID != "p" || item.Shown.UpdatedAt != (plane.Time{Time: c.row.UpdatedAt}) {
		t.Errorf("it is %+v", item)
	}
}
