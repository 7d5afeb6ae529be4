package mirror

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

var (
	tableOwners = mapping.Ownership{
		mapping.FieldName: mapping.Both, mapping.FieldDescription: mapping.Odoo, mapping.FieldTargetDate: mapping.Odoo,
		mapping.FieldPriority: mapping.Suggested, mapping.FieldState: mapping.OdooWhenClosed, mapping.FieldLabels: mapping.Odoo,
	}
	tableContent = mapping.Fields{Name: "n", DescriptionHTML: "d", TargetDate: "2026-01-01", Priority: "low", Group: "unstarted", Labels: []string{"l"}}
	tableError   = "an error"
)

// decide is a pure function of what is wanted and of the link.
func TestAStepIsDecidedFromTheLinkAlone(t *testing.T) {
	t.Parallel()
	later := tableContent
	later.TargetDate = "2026-02-02"
	filed := tableContent
	filed.Group = "completed"
	refused := mapping.Values{mapping.FieldTargetDate: later.TargetDate}
	linked := mapping.Link{State: mapping.Linked, LastPushed: tableContent}
	with := func(change func(*mapping.Link)) mapping.Link {
		link := linked
		change(&link)
		return link
	}
	for _, test := range []struct {
		name   string
		wanted mapping.Fields
		link   mapping.Link
		known  bool
		extent Extent
		action Action
		fields []mapping.Field
		looks  bool
		// reason is what a person is told, where the action alone does not say it.
		reason string
	}{
		{name: "no link", wanted: tableContent, action: ActionCreate},
		{name: "an intention", wanted: tableContent, link: mapping.Link{State: mapping.Intended}, known: true, action: ActionCreate},
		{name: "all as confirmed", wanted: tableContent, link: linked, known: true, action: ActionLeave},
		{name: "another date", wanted: later, link: linked, known: true, action: ActionChange, fields: []mapping.Field{mapping.FieldTargetDate}},
		{name: "archived", wanted: later, link: with(func(l *mapping.Link) { l.State = mapping.Broken }), known: true, action: ActionLeave},
		{name: "the record is back", wanted: tableContent, link: with(func(l *mapping.Link) { l.State = mapping.Cancelled }), known: true, action: ActionChange, fields: mapping.AllFields},
		{
			name: "a comparison is due", wanted: tableContent, known: true, action: ActionChange, looks: true,
			link: with(func(l *mapping.Link) { l.LookDue, l.LastError = true, &tableError }),
		},
		{
			name: "what cannot be written waits", wanted: later, known: true, action: ActionLeave,
			link: with(func(l *mapping.Link) { l.LastError = &tableError }),
		},
		{
			name: "a refusal waits", wanted: later, known: true, action: ActionLeave,
			link: with(func(l *mapping.Link) { l.Refused, l.LastError = refused, &tableError }),
		},
		{
			name: "a refusal whose wait is over", wanted: later, known: true, action: ActionChange, looks: true, fields: []mapping.Field{mapping.FieldTargetDate},
			link: with(func(l *mapping.Link) { l.Refused, l.LastError, l.LookDue = refused, &tableError, true }),
		},
		{
			name: "another value than the refused one", wanted: filed, known: true, action: ActionChange, fields: []mapping.Field{mapping.FieldState},
			link: with(func(l *mapping.Link) { l.Refused, l.LastError = refused, &tableError }),
		},
		{
			name: "what cannot be written is told of", wanted: tableContent, known: true, action: ActionLeave, reason: tableError,
			link: with(func(l *mapping.Link) { l.LastError = &tableError }),
		},
		{
			name: "a comparison in full does not wait", wanted: later, known: true, extent: WhatDrifted, action: ActionChange, fields: []mapping.Field{mapping.FieldTargetDate},
			link: with(func(l *mapping.Link) { l.LastError = &tableError }),
		},
		{
			name: "writing everything does not wait either", wanted: tableContent, known: true, extent: Everything, action: ActionChange,
			fields: []mapping.Field{mapping.FieldDescription, mapping.FieldTargetDate, mapping.FieldLabels}, reason: "everything is written again",
			link: with(func(l *mapping.Link) { l.LastError = &tableError }),
		},
		{
			name: "an archived one is left, whatever is to be written", wanted: later, known: true, extent: Everything, action: ActionLeave,
			reason: "its work item is archived in Plane", link: with(func(l *mapping.Link) { l.State = mapping.Broken }),
		},
		{
			name: "an intention is made again, whatever it was sent with", wanted: tableContent, known: true, action: ActionCreate, reason: "an earlier attempt was cut short",
			link: with(func(l *mapping.Link) { l.State = mapping.Intended }),
		},
		{
			name: "beside a refusal another field is written", wanted: func() mapping.Fields { both := later; both.Name = "m"; return both }(), known: true,
			action: ActionChange, fields: []mapping.Field{mapping.FieldName},
			link: with(func(l *mapping.Link) { l.Refused, l.LastError = refused, &tableError }),
		},
		{
			name: "everything leaves to people what is theirs too", wanted: tableContent, link: linked, known: true, extent: Everything, action: ActionChange,
			fields: []mapping.Field{mapping.FieldDescription, mapping.FieldTargetDate, mapping.FieldLabels},
		},
		{
			name: "everything writes what both sides share where Odoo changed it", wanted: filed, link: linked, known: true, extent: Everything, action: ActionChange,
			fields: []mapping.Field{mapping.FieldDescription, mapping.FieldTargetDate, mapping.FieldState, mapping.FieldLabels},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			step := decide(bridge.WantedItem{Fields: test.wanted}, test.link, test.known, tableOwners, test.extent)
			if step.Action != test.action || step.Looks != test.looks || !cmp.Equal(step.Fields, test.fields) {
				t.Errorf("%s %v (looks: %t), want %s %v (looks: %t)", step.Action, step.Fields, step.Looks, test.action, test.fields, test.looks)
			}
			if test.reason != "" && step.Reason != test.reason {
				t.Errorf("the reason is %q, want %q", step.Reason, test.reason)
			}
		})
	}
}

// What was cancelled in earlier years must not make room for what vanishes now.
func TestTheBrakeCountsOnlyLinksWhoseRecordIsKnownToBeThere(t *testing.T) {
	t.Parallel()
	var links []mapping.Link
	for range 96 {
		links = append(links, mapping.Link{State: mapping.Cancelled})
	}
	gone := map[mapping.Key]mapping.Link{}
	for _, key := range []mapping.Key{"a", "b", "c", "d"} {
		gone[key] = mapping.Link{Key: key, State: mapping.Linked}
		links = append(links, gone[key])
	}
	var plan Plan
	plan.addVanished(nil, gone, live(links), 0.2)
	if plan.Brake == nil || plan.Brake.Linked != 4 {
		t.Errorf("all four records that there were are gone, and the brake is %+v", plan.Brake)
	}
}
