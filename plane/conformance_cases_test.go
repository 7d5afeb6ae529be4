package plane

import (
	"context"
	"strings"
	"testing"
	"time"
)

var readingCases = map[string]conformance{
	"01-projects-list": {
		do: func(ctx context.Context, c *Client) (any, error) { return c.Projects(ctx) },
		want: is([]string{"BIR", "bir-compliance-automation", wireProject}, func(p []Project) []string {
			if len(p) != 1 || p[0].MemberRole != RoleAdmin || !p[0].IsMember || p[0].CreatedAt.IsZero() {
				return nil
			}
			return []string{p[0].Identifier, p[0].Name, p[0].ID}
		}),
	},
	"02-users-me-ok":           {do: me, want: isBridge},
	"07-no-trailing-slash-get": {do: me, want: isBridge}, // the recording client followed the redirect that this one never meets
	"51-after-retry-after":     {do: me, want: isBridge},
	"08-states-list": {
		do: func(ctx context.Context, c *Client) (any, error) { return c.States(ctx, wireProject) },
		want: is([]StateGroup{GroupBacklog, GroupUnstarted, GroupStarted, GroupCompleted, GroupCancelled}, func(states []State) []StateGroup {
			var groups []StateGroup
			for _, s := range states {
				groups = append(groups, s.Group)
			}
			if !states[0].Default || states[0].Sequence != 15000 || states[1].Default {
				return nil
			}
			return groups
		}),
	},
	"09-members-list": {
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Members(ctx, wireProject) },
		want: is([]Member{{User: maria}, {User: bridgeUser}}, func(m []Member) []Member { return m }),
	},
	"10-workspace-members-list": {
		do:   func(ctx context.Context, c *Client) (any, error) { return c.WorkspaceMembers(ctx) },
		want: is([]Member{{User: maria, Role: RoleAdmin}, {User: bridgeUser, Role: RoleAdmin}}, func(m []Member) []Member { return m }),
	},
	"11-labels-list-empty": {
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Labels(ctx, wireProject) },
		want: is(0, func(l []Label) int { return len(l) }),
	},
	"17-work-item-by-external-id": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.WorkItemByExternalID(ctx, wireProject, "odoo", "bir.filing.deadline,77", View{})
		},
		want: is(compensation, factsOf),
	},
	"29-work-item-get": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.WorkItem(ctx, wireProject, wireItem, View{})
		},
		want: is(compensation, factsOf),
	},
	"30-work-item-get-expand": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.WorkItem(ctx, wireProject, wireItem, View{Expand: []string{"state", "labels", "assignees", "project"}})
		},
		want: is([]string{wireItem, stateBacklog, "Backlog", string(GroupBacklog), labelArea, "area:compliance", wireProject, "BIR"}, func(i WorkItem) []string {
			return []string{
				i.ID, i.State.ID, i.State.Value.Name, string(i.State.Value.Group), i.Labels[0].ID, i.Labels[0].Value.Name,
				i.Project.ID, i.Project.Value.Identifier,
			}
		}),
	},
	"31-work-item-get-fields": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.WorkItem(ctx, wireProject, wireItem, View{Fields: []string{"id", "name", "state", "updated_at"}})
		},
		want: is([]string{wireItem, compensation.Name, stateBacklog, "2026-11-21T20:43:33.049144Z"}, func(i WorkItem) []string {
			return []string{i.ID, i.Name, i.State.ID, i.UpdatedAt.Format(time.RFC3339Nano)}
		}),
	},
	"34-work-items-page-1": {
		do:   oneListPage(pageOptions),
		want: is(pageFacts{Names: []string{"bulk 4", "bulk 3", "bulk 2"}, HasNext: true, Cursor: "3:1:0"}, factsOfPage),
	},
	"35-work-items-page-2": {
		do:   oneListPage(pageAt("3:1:0")),
		want: is(pageFacts{Names: []string{"bulk 1", "bulk 0", compensation.Name}, HasNext: true, Cursor: "3:2:0"}, factsOfPage),
	},
	"36-work-items-page-last": {
		do:   oneListPage(pageAt("3:2:0")),
		want: is(pageFacts{Names: []string{"html", "[1601C] Sept 2026"}, HasNext: false, Cursor: "3:3:0"}, factsOfPage),
	},
	"47-modules-list": {do: rawList("modules"), want: is(0, func(p page[WorkItem]) int { return len(p.Results) })},
	"48-cycles-list":  {do: rawList("cycles"), want: is(0, func(p page[WorkItem]) int { return len(p.Results) })},
	"49-intake-or-search": {
		do: func(ctx context.Context, c *Client) (any, error) { return c.SearchWorkItems(ctx, "1601C") },
		want: is([]SearchHit{
			{ID: wireItem, Name: compensation.Name, SequenceID: 2, ProjectIdentifier: "BIR", ProjectID: wireProject, WorkspaceSlug: "insightpulseai"},
			{ID: "1b854177-f4ad-4d53-91a0-1fc9eef413a5", Name: "[1601C] Sept 2026", SequenceID: 1, ProjectIdentifier: "BIR", ProjectID: wireProject, WorkspaceSlug: "insightpulseai"},
		}, func(h []SearchHit) []SearchHit { return h }),
	},
}

// rawList reads a collection that the client has no method for; its page is read all the same.
func rawList(name string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		return fetch[page[WorkItem]](ctx, c, get(c.inProject(wireProject, name), nil))
	}
}

var (
	duplicateItem    = NewWorkItem{Name: "again", ExternalSource: "odoo", ExternalID: "bir.filing.deadline,77"}
	recreatedItem    = NewWorkItem{Name: "again", ExternalSource: "odoo", ExternalID: "bir.filing.deadline,80"}
	compensationItem = NewWorkItem{
		Name: compensation.Name, DescriptionHTML: "<h2>BIR Tax Filing Deadline</h2><p><strong>Form Type</strong>: 1601C</p>",
		ExternalSource: "odoo", ExternalID: "bir.filing.deadline,77", TargetDate: "2026-10-20", Priority: PriorityHigh,
		StateID: stateBacklog, LabelIDs: []string{labelArea},
	}
	unsafeItem = NewWorkItem{
		Name: "html", DescriptionHTML: `<p onclick="a()">hi<script>alert(1)</script></p>`,
		ExternalSource: "odoo", ExternalID: "bir.filing.deadline,79",
	}
	filedComment = NewComment{HTML: "<p>Filed, receipt attached</p>", ExternalSource: "odoo", ExternalID: "mail.message,5"}
	odooLink     = NewLink{URL: "https://odoo.example.com/odoo/bir.filing.deadline/77", Title: "Open in Odoo"}
	urgentPatch  = WorkItemPatch{StateID: Set(stateProgress), Priority: Set(PriorityUrgent)}
	urgentFacts  = compensationWith(func(f *itemFacts) { f.State, f.Priority = stateProgress, PriorityUrgent })
)

func update(p WorkItemPatch) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		return c.UpdateWorkItem(ctx, wireProject, wireItem, p)
	}
}

func comment(n NewComment) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		return c.CreateComment(ctx, wireProject, wireItem, n)
	}
}

func link(n NewLink) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.CreateLink(ctx, wireProject, wireItem, n) }
}

var writingCases = map[string]conformance{
	"12-label-create": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateLabel(ctx, wireProject, NewLabel{Name: "area:compliance", Color: "#0ea5e9", ExternalSource: "odoo", ExternalID: "label:area:compliance"})
		},
		sent: true,
		want: is(Label{ID: labelArea, Name: "area:compliance", Color: "#0ea5e9", ExternalSource: "odoo", ExternalID: "label:area:compliance"}, func(l Label) Label { return l }),
	},
	"14-state-create": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateState(ctx, wireProject, NewState{Name: "In Review", Color: "#888888", Group: GroupStarted})
		},
		sent: true,
		want: is([]string{"1a992fd5-3a48-4913-9869-34e45cf41220", "In Review", "started", wireProject}, func(s State) []string {
			return []string{s.ID, s.Name, string(s.Group), s.Project.ID}
		}),
	},
	"15-work-item-create": {do: createItem(compensationItem), sent: true, want: is(compensation, factsOf)},
	"28-work-item-html-script": {do: createItem(unsafeItem), sent: true, want: is(itemFacts{
		ID: "ef73fae0-5cab-4a0e-88af-824da7684cc3", Name: "html", HTML: "<p>hi</p>", State: stateBacklog, Source: "odoo",
		External: "bir.filing.deadline,79", Priority: PriorityNone, Labels: []string{}, Sequence: 3,
	}, factsOf)},
	"32-work-item-patch":      {do: update(urgentPatch), sent: true, want: is(urgentFacts, factsOf)},
	"33-work-item-patch-same": {do: update(urgentPatch), sent: true, want: is(urgentFacts, factsOf)},
	"39-comment-create": {do: comment(filedComment), sent: true, want: is([]string{
		"abcf513a-e35e-41b7-8409-5aa04f55e0d9", filedComment.HTML, wireItem, "odoo", "mail.message,5", bridgeUser.ID,
	}, func(c Comment) []string {
		return []string{c.ID, c.HTML, c.WorkItem.ID, c.ExternalSource, c.ExternalID, c.Actor.ID}
	})},
	"41-link-create": {do: link(odooLink), sent: true, want: is([]string{
		"cffb753d-968f-46ae-9b36-315b0fc72729", odooLink.URL, odooLink.Title, wireItem,
	}, func(l Link) []string { return []string{l.ID, l.URL, l.Title, l.WorkItem.ID} })},
	"43-work-item-delete": {do: deleteGone, want: func(*testing.T, any) {}},
	"46-work-item-recreate-after-delete": {do: createItem(recreatedItem), sent: true, want: is(itemFacts{
		ID: "0c88a7bf-b686-48b1-bb19-e57cc6cce8a3", Name: "again", HTML: "<p></p>", State: stateBacklog, Source: "odoo",
		External: "bir.filing.deadline,80", Priority: PriorityNone, Labels: []string{}, Sequence: 10,
	}, factsOf)},
}

func deleteGone(ctx context.Context, c *Client) (any, error) {
	return nil, c.DeleteWorkItem(ctx, wireProject, wireGone)
}

func rawCall(method, path string, body any) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		return c.do(ctx, call{method: method, path: path, body: body})
	}
}

var refusedCases = map[string]conformance{
	"03-users-me-bad-key":  {do: me, sentinel: ErrBadKey, check: message("not valid")},
	"04-users-me-no-key":   {do: me, sentinel: ErrUnauthorized, check: message("not provided")},
	"05-unknown-workspace": {do: func(ctx context.Context, c *Client) (any, error) { return c.Projects(ctx) }, sentinel: ErrForbidden, check: message("permission")},
	"06-unknown-path":      {do: rawCall("GET", "nope/", nil), sentinel: ErrUnrouted, check: unrouted(true)},
	"13-label-create-duplicate": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateLabel(ctx, wireProject, NewLabel{Name: "area:compliance", Color: "#0ea5e9"})
		},
		sent: true, sentinel: ErrConflict, check: existing(labelArea),
	},
	"16-work-item-create-duplicate-external-id": {do: createItem(duplicateItem), sent: true, sentinel: ErrConflict, check: existing(wireItem)},
	"18-work-item-by-external-id-missing": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.WorkItemByExternalID(ctx, wireProject, "odoo", "none", View{})
		},
		sentinel: ErrNotFound, check: unrouted(false),
	},
	"19-work-item-put-upsert": {
		do:       rawCall("PUT", "workspaces/insightpulseai/projects/"+wireProject+"/"+itemsToken+"/", map[string]string{"name": "x", "external_source": "odoo", "external_id": "bir.filing.deadline,78"}),
		sent:     true,
		sentinel: ErrMethodNotAllowed,
	},
	"20-work-item-create-invalid-state": {
		do:   createItem(NewWorkItem{Name: "bad", StateID: "00000000-0000-0000-0000-000000000000"}),
		sent: true, sentinel: ErrInvalid, check: fieldMessage("state", "does not exist"),
	},
	"21-work-item-create-state-by-name": {do: createItem(NewWorkItem{Name: "bad", StateID: "started"}), sent: true, sentinel: ErrInvalid, check: fieldMessage("state", "not a valid UUID")},
	"22-work-item-create-label-by-name": {
		do:   createItem(NewWorkItem{Name: "bad", LabelIDs: []string{"area:compliance"}}),
		sent: true, sentinel: ErrInvalid, check: fieldMessage("labels.0", "not a valid UUID"),
	},
	"23-work-item-create-no-name": {
		do:   rawCall("POST", "workspaces/insightpulseai/projects/"+wireProject+"/"+itemsToken+"/", map[string]string{"priority": "high"}),
		sent: true, sentinel: ErrInvalid, check: fieldMessage("name", "required"),
	},
	"24-work-item-create-bad-date":      {do: createItem(NewWorkItem{Name: "bad", TargetDate: "20/10/2026"}), sent: true, sentinel: ErrInvalid, check: fieldMessage("target_date", "YYYY-MM-DD")},
	"25-work-item-create-bad-priority":  {do: createItem(NewWorkItem{Name: "bad", Priority: "P1"}), sent: true, sentinel: ErrInvalid, check: fieldMessage("priority", "not a valid choice")},
	"26-work-item-create-bad-json":      {do: createItem(NewWorkItem{}), sentinel: ErrInvalid, check: message("JSON parse error")},
	"27-work-item-create-name-too-long": {do: createItem(NewWorkItem{Name: strings.Repeat("x", 300)}), sent: true, sentinel: ErrInvalid, check: fieldMessage("name", "255")},
	"37-work-items-bad-cursor":          {do: oneListPage(ListOptions{PerPage: 3, Filter: map[string][]string{"cursor": {"zzz"}}}), sentinel: ErrInvalid, check: message("Invalid cursor")},
	"38-work-items-per-page-too-large":  {do: oneListPage(ListOptions{PerPage: 1001}), sentinel: ErrInvalid, check: message("Cannot exceed 1000")},
	"40-comment-create-duplicate":       {do: comment(filedComment), sent: true, sentinel: ErrConflict, check: existing("abcf513a-e35e-41b7-8409-5aa04f55e0d9")},
	"42-link-create-duplicate":          {do: link(odooLink), sent: true, sentinel: ErrInvalid, check: message("already exists")},
	"44-work-item-delete-again":         {do: deleteGone, sentinel: ErrNotFound, check: unrouted(false)},
	"45-work-item-get-deleted": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.WorkItem(ctx, wireProject, wireGone, View{})
		},
		sentinel: ErrNotFound, check: unrouted(false),
	},
	"50-rate-limited": {do: me, sentinel: ErrRateLimited, tries: 4, check: func(t *testing.T, e *Error) {
		if e.RetryAfter != 6*time.Second || e.ResetAt.IsZero() || !strings.Contains(e.Message, "RATE_LIMIT") {
			t.Errorf("RetryAfter %s, ResetAt %s, Message %q", e.RetryAfter, e.ResetAt, e.Message)
		}
	}},
}
