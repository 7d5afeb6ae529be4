package plane

import "context"

// twice is what a read that is answered with a 5xx is asked: once more.
const twice = 2

func patchState(id string) func(context.Context, *Client) (any, error) {
	return updateOf(wireProject, laterItem, WorkItemPatch{StateID: Set(id)})
}

func forbidden(do func(context.Context, *Client) (any, error)) conformance {
	return conformance{do: do, sentinel: ErrForbidden, check: message("permission")}
}

// gone is the answer for a record that is not there: it comes from the view, not from the router.
func gone(do func(context.Context, *Client) (any, error)) conformance {
	return conformance{do: do, sentinel: ErrNotFound, check: unrouted(false)}
}

func invalidField(name, part string, do func(context.Context, *Client) (any, error)) conformance {
	return conformance{do: do, sent: true, sentinel: ErrInvalid, check: fieldMessage(name, part)}
}

func brokenServer(do func(context.Context, *Client) (any, error)) conformance {
	return conformance{do: do, sentinel: ErrServer, tries: twice, check: message("Something went wrong")}
}

func tooLarge(name string) conformance {
	return conformance{do: createItem(NewWorkItem{Name: name, DescriptionHTML: big}), sentinel: ErrTooLarge, check: message("exceeds the maximum")}
}

var pairOfAnother = WorkItemPatch{ExternalSource: Set("odoo"), ExternalID: Set("bir.filing.deadline,100")}

var laterRefusedCases = map[string]conformance{
	"54-work-item-by-external-id-double": brokenServer(byPair(wireProject, "bir.filing.deadline,100")),
	"55-work-item-create-pair-of-double": {
		do:   createItem(NewWorkItem{Name: "again", ExternalSource: "odoo", ExternalID: "bir.filing.deadline,100"}),
		sent: true, sentinel: ErrConflict, check: existing(laterDouble),
	},
	// The id in this 409 is the patched item's own: adopting it would bind the pair to the wrong item.
	"56-work-item-patch-external-id-of-another": {do: updateOf(wireProject, laterItem, pairOfAnother), sent: true, sentinel: ErrConflict, check: existing("")},
	"58-work-item-patch-unknown-state":          invalidField("state", "does not exist", patchState(noRecord)),
	"59-work-item-patch-state-of-other-project": invalidField("non_field_errors", "valid state_id", patchState(foreignState)),
	"60-work-item-patch-unknown-label": invalidField("labels.1", "does not exist",
		updateOf(wireProject, laterItem, WorkItemPatch{LabelIDs: Set([]string{labelArea, noRecord})})),
	"62-work-item-patch-unknown-assignee": invalidField("assignees.1", "does not exist",
		updateOf(wireProject, laterItem, WorkItemPatch{AssigneeIDs: Set([]string{maria.ID, noRecord})})),
	"64-work-item-patch-bad-uuid": invalidField("assignees.0", "not a valid UUID",
		updateOf(wireProject, laterItem, WorkItemPatch{AssigneeIDs: Set([]string{"maria"}), StateID: Set("Done")})),
	"65-work-item-patch-unknown-parent": invalidField("parent", "does not exist", updateOf(wireProject, laterItem, WorkItemPatch{ParentID: Set(noRecord)})),
	"66-work-item-patch-start-after-target": invalidField("non_field_errors", "cannot exceed",
		updateOf(wireProject, laterItem, WorkItemPatch{StartDate: Set(Date("2026-11-30")), TargetDate: Set(Date("2026-11-20"))})),
	"69-work-item-get-unknown":          gone(itemOf(wireProject, noProject)),
	"70-work-item-patch-unknown":        gone(updateOf(wireProject, noProject, WorkItemPatch{Name: Set("x")})),
	"71-work-item-get-of-other-project": gone(itemOf(laterProject, laterItem)),
	"72-work-item-get-id-no-uuid":       {do: itemOf(wireProject, "BIR-1"), sentinel: ErrUnrouted, check: unrouted(true), tries: twice}, // and by the old name
	"73-project-get-unknown":            gone(projectOf(noProject)),
	"74-unknown-project-list":           forbidden(listPage(noProject, ListOptions{})),
	"75-unknown-project-by-external-id": forbidden(byPair(noProject, "bir.filing.deadline,200")),
	"76-unknown-project-create":         forbidden(createIn(noProject, NewWorkItem{Name: "x"})),
	"77-unknown-project-patch":          forbidden(updateOf(noProject, laterItem, WorkItemPatch{Name: Set("x")})),
	"78-unknown-project-states":         forbidden(statesOf(noProject)),
	"79-not-member-list":                forbidden(listPage(wireProject, ListOptions{})),
	"80-not-member-by-external-id":      forbidden(byPair(wireProject, "bir.filing.deadline,200")),
	"81-not-member-create":              forbidden(createItem(NewWorkItem{Name: "x"})),
	"82-not-member-patch":               forbidden(updateOf(wireProject, laterItem, WorkItemPatch{Name: Set("x")})),
	"83-not-member-states":              forbidden(statesOf(wireProject)),
	"86-not-member-labels":              forbidden(labelsOf(wireProject)),
	"87-not-member-members":             forbidden(membersOf(wireProject)),
	"88-estimates-not-routed": {
		do:       rawCall("GET", "workspaces/insightpulseai/projects/"+wireProject+"/estimates/", nil),
		sentinel: ErrUnrouted, check: unrouted(true),
	},
	"94-work-item-patch-unknown-estimate": invalidField("estimate_point", "does not exist", patchOf(laterChild, map[string]any{"estimate_point": noProject})),
	"100-work-items-list-order-unknown":   brokenServer(listPage(wireProject, ListOptions{OrderBy: "nonsense"})),
	"101-work-items-list-per-page-zero": brokenServer(asked[page[WorkItem]](func(c *Client) call {
		return get(c.items(wireProject), filter("per_page", "0")) // the client itself never asks for an empty page
	})),
	"105-label-patch-name-taken": {
		do:   asked[Label](labelCall(func(path string) call { return patch(path, map[string]string{"name": "area:compliance"}) })),
		sent: true, sentinel: ErrInvalid, check: message("payload"),
	},
	"109-label-get-deleted":     gone(asked[Label](labelCall(func(path string) call { return get(path, nil) }))),
	"115-comment-get-deleted":   gone(asked[Comment](func(c *Client) call { return get(c.items(wireProject, laterChild, "comments", laterComment), nil) })),
	"116-comment-patch-deleted": gone(commentPatch(CommentPatch{HTML: Set("<p>x</p>")})),
	"117-comment-delete-again":  gone(deleteComment),
	"118-comment-create-unknown-item": {
		do:   commentOn(noProject, NewComment{HTML: "<p>x</p>"}),
		sent: true, sentinel: ErrInvalid, check: message("payload"),
	},
	"123-archived-item-get": gone(itemOf(wireProject, archivedItem)),
	"126-archived-item-create-same-pair": {
		do:   createItem(NewWorkItem{Name: "again", ExternalSource: "odoo", ExternalID: "bir.filing.deadline,210"}),
		sent: true, sentinel: ErrConflict, check: existing(archivedItem),
	},
	"134-archived-item-by-external-id-deleted": gone(byPair(wireProject, "bir.filing.deadline,211")),
	"141-intake-item-get-as-work-item":         gone(itemOf(wireProject, intakeItem)),
	"145-state-get-triage":                     gone(asked[State](func(c *Client) call { return get(c.inProject(wireProject, "states", stateTriage), nil) })),
	"146-work-item-patch-triage-state": invalidField("state", "does not exist",
		updateOf(wireProject, laterMove, WorkItemPatch{StateID: Set(stateTriage)})),
	"147-state-create-triage": invalidField("non_field_errors", "triage", func(ctx context.Context, c *Client) (any, error) {
		return c.CreateState(ctx, wireProject, NewState{Name: "Sorting", Color: "#888888", Group: GroupTriage})
	}),
	"154-archived-project-by-external-id-missing": gone(byPair(laterProject, "task,2")),
	"155-archived-project-item-get":               gone(itemOf(laterProject, closeItem)),
	"164-work-item-create-description-5243000":    tooLarge("big 3"),
	"165-work-item-create-description-11000000":   tooLarge("big 4"),
	"170-guest-create":                            forbidden(createItem(NewWorkItem{Name: "x"})),
	"171-guest-patch":                             forbidden(updateOf(wireProject, lastItem, WorkItemPatch{Priority: Set(PriorityLow)})),
	"173-member-delete-not-creator":               {do: deleteOf(lastItem), sentinel: ErrForbidden, check: message("Only admin or creator")},
	"177-work-item-by-identifier-unknown": gone(asked[WorkItem](func(c *Client) call {
		return get(c.inWorkspace(itemsToken, "BIR-9999"), nil)
	})),
	"180-work-item-patch-archived-at-then-get": gone(itemOf(wireProject, lastItem)),
}
