package plane

import (
	"context"
	"strings"
	"testing"
)

var (
	restored = with(inTheArchive, func(f *laterFacts) {
		f.Name, f.Target, f.State, f.Archived, f.Completed = "[1702Q] Q3/2026 amended", "2026-11-30", stateTodo, false, false
	})
	big        = "<p>" + strings.Repeat("x", 65) + "</p>" // cut here as in the recording, which keeps its beginning
	firstPatch = NewWorkItem{Name: firstOfTwo.Name, ExternalSource: "odoo", ExternalID: "bir.filing.deadline,100", TargetDate: "2026-11-10"}
)

func commentOn(id string, n NewComment) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.CreateComment(ctx, wireProject, id, n) }
}

func commentPatch(p CommentPatch) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		return c.UpdateComment(ctx, wireProject, laterChild, laterComment, p)
	}
}

func deleteComment(ctx context.Context, c *Client) (any, error) {
	return nil, c.DeleteComment(ctx, wireProject, laterChild, laterComment)
}

func isComment(html, pair string) func(*testing.T, any) {
	return is([]string{html, pair}, func(c Comment) []string { return []string{c.HTML, c.ExternalSource + ":" + c.ExternalID} })
}

func nothing(*testing.T, any) {}

var laterWritingCases = map[string]conformance{
	"52-work-item-create-concurrent-1": {do: createItem(firstPatch), sent: true, want: isItem(firstOfTwo)},
	"53-work-item-create-concurrent-2": {do: createItem(firstPatch), sent: true, want: isItem(secondOfTwo)},
	"61-work-item-patch-label-of-other-project": {
		do:   updateOf(wireProject, laterItem, WorkItemPatch{LabelIDs: Set([]string{labelArea, foreignLabel})}),
		sent: true, want: isItem(with(quarterly, func(f *laterFacts) { f.Labels = labelArea })),
	},
	"63-work-item-patch-assignee-not-member": {
		do:   updateOf(wireProject, laterItem, WorkItemPatch{AssigneeIDs: Set([]string{maria.ID, foreignUser})}),
		sent: true, want: isItem(with(quarterly, func(f *laterFacts) { f.Labels, f.Assignees = labelArea, maria.ID })),
	},
	"67-work-item-patch-null-fields": {
		do: updateOf(wireProject, laterItem, WorkItemPatch{
			StartDate: Null[Date](), TargetDate: Null[Date](), AssigneeIDs: Set([]string{}), LabelIDs: Set([]string{}),
		}),
		sent: true, want: isItem(with(quarterly, func(f *laterFacts) { f.Target = "" })),
	},
	"68-work-item-patch-null-state": {
		do:   updateOf(wireProject, laterItem, WorkItemPatch{StateID: Null[string]()}),
		sent: true, want: isItem(with(quarterly, func(f *laterFacts) { f.Target = "" })),
	},
	// The client sends no estimate; the rest of these two requests is its own.
	"89-work-item-create-parent-start-estimate-assignees": {
		do: createItem(NewWorkItem{Name: preparation.Name, ParentID: laterItem, StartDate: "2026-10-01", AssigneeIDs: []string{maria.ID, bridgeUser.ID}}),
		want: isItem(with(preparation, func(f *laterFacts) {
			f.Start, f.Assignees = "2026-10-01", maria.ID+" "+bridgeUser.ID
		})),
	},
	"90-work-item-patch-start-estimate-assignees": {
		do:   updateOf(wireProject, laterChild, WorkItemPatch{StartDate: Set(Date("2026-10-05")), AssigneeIDs: Set([]string{maria.ID})}),
		want: isItem(preparation),
	},
	"91-work-item-patch-parent-null": {
		do:   updateOf(wireProject, laterChild, WorkItemPatch{ParentID: Null[string]()}),
		sent: true, want: isItem(with(preparation, func(f *laterFacts) { f.Parent = "" })),
	},
	"92-work-item-patch-parent": {do: updateOf(wireProject, laterChild, WorkItemPatch{ParentID: Set(laterItem)}), sent: true, want: isItem(preparation)},
	"93-work-item-patch-parent-itself": {
		do:   updateOf(wireProject, laterChild, WorkItemPatch{ParentID: Set(laterChild)}),
		sent: true, want: isItem(with(preparation, func(f *laterFacts) { f.Parent = laterChild })),
	},
	"95-work-item-patch-ignored-fields": {
		do: patchOf(laterChild, map[string]any{
			"due_date": "2026-12-31", "description": "<p>x</p>", "state_id": stateDone, "url": "https://example.com",
		}),
		sent: true, want: isItem(preparation),
	},
	"104-label-patch-colour": {
		do:   asked[Label](labelCall(func(path string) call { return patch(path, map[string]string{"color": "#ef4444"}) })),
		sent: true, want: is(Label{ID: laterLabel, Name: "form:2550Q", Color: "#ef4444"}, func(l Label) Label { return l }),
	},
	"108-label-delete": {
		do:   func(ctx context.Context, c *Client) (any, error) { return c.do(ctx, labelCall(del)(c)) },
		want: nothing,
	},
	"110-comment-create-plain": {
		do:   commentOn(laterChild, NewComment{HTML: "<p>Naihain na – resibo kalakip ✓</p>"}),
		sent: true, want: isComment("<p>Naihain na – resibo kalakip ✓</p>", ":"),
	},
	"112-comment-patch": {
		do:   commentPatch(CommentPatch{HTML: Set("<p>Naihain na – resibo at TIN kalakip ✓</p>")}),
		sent: true, want: isComment("<p>Naihain na – resibo at TIN kalakip ✓</p>", ":"),
	},
	"113-comment-patch-external": {
		do:   commentPatch(CommentPatch{ExternalSource: Set("odoo"), ExternalID: Set("mail.message,9")}),
		sent: true, want: isComment("<p>Naihain na – resibo at TIN kalakip ✓</p>", "odoo:mail.message,9"),
	},
	"114-comment-delete": {do: deleteComment, want: nothing},
	"127-archived-item-patch": {
		do:   updateOf(wireProject, archivedItem, WorkItemPatch{Name: Set(restored.Name), TargetDate: Set(restored.Target)}),
		sent: true, want: isItem(with(inTheArchive, func(f *laterFacts) { f.Name, f.Target = restored.Name, restored.Target })),
	},
	"128-archived-item-patch-state": {
		do:   updateOf(wireProject, archivedItem, WorkItemPatch{StateID: Set(stateTodo)}),
		sent: true, want: isItem(with(restored, func(f *laterFacts) { f.Archived = true })),
	},
	"129-archived-item-comment":                {do: commentOn(archivedItem, NewComment{HTML: "<p>Filed</p>"}), sent: true, want: isComment("<p>Filed</p>", ":")},
	"131-archived-item-patch-archived-at-null": {do: patchOf(archivedItem, map[string]any{"archived_at": nil}), sent: true, want: isItem(restored)},
	"133-archived-item-delete":                 {do: deleteOf("09dab88c-efcd-4f11-baf6-86f2d341a9d3"), want: nothing},
	"135-work-item-patch-project": {
		do:   patchOf(laterMove, map[string]any{"project": laterProject}),
		sent: true, want: is([]string{"[1601EQ] Q3/2026", wireProject}, func(i WorkItem) []string { return []string{i.Name, i.Project.ID} }),
	},
	"136-project-patch-intake-on": {
		do:   asked[Project](func(c *Client) call { return patch(c.inProject(wireProject), map[string]bool{"intake_view": true}) }),
		sent: true, want: is(projectFacts{Identifier: "BIR", Member: true, Role: RoleAdmin}, factsOfProject),
	},
	"143-intake-item-patch-external": {
		do:   updateOf(wireProject, intakeItem, WorkItemPatch{ExternalSource: Set("odoo"), ExternalID: Set("intake,1")}),
		sent: true, want: isItem(inIntake),
	},
	"156-archived-project-create": {
		do:   createIn(laterProject, NewWorkItem{Name: "Close 11/2026", ExternalSource: "odoo", ExternalID: "task,3"}),
		sent: true, want: isItem(laterFacts{ID: "02190eed-0e62-408b-b673-6001cbebe7ee", Name: "Close 11/2026", State: closeBacklog, Pair: "odoo:task,3"}),
	},
	"157-archived-project-item-patch": {
		do:   updateOf(laterProject, closeItem, WorkItemPatch{Name: Set("Close 10/2026 late")}),
		sent: true, want: isItem(with(monthEnd, func(f *laterFacts) { f.Name = "Close 10/2026 late" })),
	},
	"162-work-item-create-description-1500000": {
		do:   createItem(NewWorkItem{Name: "big 1", DescriptionHTML: big}),
		want: isItem(laterFacts{ID: "d4e3adc5-265c-46fc-8284-fe01640b7e3f", Name: "big 1"}),
	},
	"163-work-item-create-description-5242000": {
		do:   createItem(NewWorkItem{Name: "big 2", DescriptionHTML: big}),
		want: isItem(laterFacts{ID: "6e99bd48-8a6f-4d37-a9d9-46313da40527", Name: "big 2"}),
	},
	"172-member-patch": {
		do:   updateOf(wireProject, lastItem, WorkItemPatch{Priority: Set(PriorityLow)}),
		sent: true, want: isItem(with(withholding, func(f *laterFacts) { f.Priority = PriorityLow })),
	},
	"174-member-state-create": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateState(ctx, wireProject, NewState{Name: "Parked", Color: "#888888", Group: GroupStarted})
		},
		sent: true, want: is([]string{"Parked", "started"}, func(s State) []string { return []string{s.Name, string(s.Group)} }),
	},
	"175-member-label-create": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateLabel(ctx, wireProject, NewLabel{Name: "form:1600WP", Color: "#22c55e"})
		},
		sent: true, want: is("form:1600WP", func(l Label) string { return l.Name }),
	},
	"179-work-item-patch-archived-at": {
		do:   patchOf(lastItem, map[string]any{"archived_at": "2026-11-26"}),
		sent: true, want: isItem(with(withholding, func(f *laterFacts) { f.Priority, f.Archived = PriorityLow, true })),
	},
}
