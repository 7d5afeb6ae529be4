package plane

import (
	"context"
	"net/url"
	"testing"
)

// projectFacts is what the recordings of projects are checked for.
type projectFacts struct {
	Identifier       string
	Member, Archived bool
	Role             Role
}

func factsOfProject(p Project) projectFacts {
	return projectFacts{Identifier: p.Identifier, Member: p.IsMember, Archived: !p.ArchivedAt.IsZero(), Role: p.MemberRole}
}

func factsOfProjects(all []Project) []projectFacts {
	var facts []projectFacts
	for _, p := range all {
		facts = append(facts, factsOfProject(p))
	}
	return facts
}

func projects(ctx context.Context, c *Client) (any, error) { return c.Projects(ctx) }

func groupsOf(states []State) []StateGroup {
	var groups []StateGroup
	for _, s := range states {
		groups = append(groups, s.Group)
	}
	return groups
}

// fiveGroups are a board's groups with and without Intake: its triage state is never listed.
var fiveGroups = []StateGroup{GroupBacklog, GroupUnstarted, GroupStarted, GroupCompleted, GroupCancelled}

func isEmptyPage(cursor string) func(*testing.T, any) {
	return is(pageFacts{Cursor: cursor}, factsOfPage)
}

func isPageOf(cursor string, hasNext bool, names ...string) func(*testing.T, any) {
	return is(pageFacts{Names: names, HasNext: hasNext, Cursor: cursor}, factsOfPage)
}

func fields(names ...string) View { return View{Fields: names} }

func filter(name, value string) map[string][]string { return map[string][]string{name: {value}} }

var laterReadingCases = map[string]conformance{
	"57-work-item-by-external-id-double-healed": {do: byPair(wireProject, "bir.filing.deadline,100"), want: isItem(firstOfTwo)},
	"84-not-member-project-get":                 {do: projectOf(wireProject), want: is(projectFacts{Identifier: "BIR"}, factsOfProject)},
	"85-not-member-projects-list":               {do: projects, want: is([]projectFacts{{Identifier: "BIR"}, {Identifier: "MEC"}}, factsOfProjects)},
	"96-work-item-get-expand-parent": {
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.WorkItem(ctx, wireProject, laterChild, View{Expand: []string{"parent", "assignees", "labels", "state"}})
		},
		want: is([]string{laterItem, "3", "maria", "area:compliance", "Todo"}, expandedFacts),
	},
	"97-work-item-by-external-id-expand": {
		do: func(ctx context.Context, c *Client) (any, error) {
			view := View{Expand: []string{"state", "labels"}, Fields: []string{"id", "name", "state", "labels", "target_date"}}
			return c.WorkItemByExternalID(ctx, wireProject, "odoo", "bir.filing.deadline,201", view)
		},
		want: is(laterFacts{ID: laterChild, Name: preparation.Name, State: stateTodo, Target: "2026-10-20", Labels: labelArea}, factsLater),
	},
	"98-work-items-list-expand": {
		do: listPage(wireProject, ListOptions{PerPage: 2, OrderBy: "-updated_at", View: View{Expand: []string{"parent", "assignees", "labels", "state"}}}),
		want: is([]string{laterItem, "3", "maria", "area:compliance", "Todo", "no parent"}, func(p page[WorkItem]) []string {
			facts := expandedFacts(p.Results[0])
			if parent := p.Results[1].Parent; parent.ID == "" && parent.Value == nil {
				facts = append(facts, "no parent") // sent as {}
			}
			return facts
		}),
	},
	"99-work-items-list-order-updated": {
		do:   listPage(wireProject, ListOptions{PerPage: 100, OrderBy: "-updated_at"}),
		want: isPageOf("100:1:0", false, preparation.Name, quarterly.Name, firstOfTwo.Name),
	},
	"102-work-items-list-beyond-last-page": {do: listPage(wireProject, ListOptions{PerPage: 3, Filter: filter("cursor", "3:50:0")}), want: isEmptyPage("3:51:0")},
	"103-work-items-list-only-source": {
		do: listPage(wireProject, ListOptions{PerPage: 1, Filter: filter("external_source", "odoo"), View: fields("id", "external_id")}),
		want: is([]string{laterChild, "bir.filing.deadline,201"}, func(p page[WorkItem]) []string {
			return []string{p.Results[0].ID, p.Results[0].ExternalID}
		}),
	},
	"106-label-get": {
		do:   asked[Label](labelCall(func(path string) call { return get(path, nil) })),
		want: is(Label{ID: laterLabel, Name: "form:2550Q", Color: "#ef4444"}, func(l Label) Label { return l }),
	},
	"107-labels-list": {do: labelsOf(wireProject), want: is([]Label{
		{ID: laterLabel, Name: "form:2550Q", Color: "#ef4444"},
		{ID: labelArea, Name: "area:compliance", Color: "#0ea5e9", ExternalSource: "odoo", ExternalID: "label:area:compliance"},
	}, func(l []Label) []Label { return l })},
	"111-comments-list":         {do: commentsOf(laterChild), want: is([]string{"<p>Naihain na – resibo kalakip ✓</p>"}, htmlOf)},
	"119-users-me-service-bot":  {do: me, want: is(serviceBot, func(u User) User { return u })},
	"120-members-list-with-bot": {do: membersOf(wireProject), want: is([]Member{{User: serviceBot}, {User: maria}, {User: bridgeUser}}, func(m []Member) []Member { return m })},
	"121-project-members-list": {
		do:   asked[page[Member]](func(c *Client) call { return arrayOf(c.inProject(wireProject, "project-members")) }),
		want: is([]Member{{User: serviceBot}, {User: maria}, {User: bridgeUser}}, func(p page[Member]) []Member { return p.Results }),
	},
	"122-workspace-members-list-with-bot": {
		do: func(ctx context.Context, c *Client) (any, error) { return c.WorkspaceMembers(ctx) },
		want: is([]Member{
			{User: serviceBot, Role: RoleMember},
			{User: outsider, Role: RoleMember},
			{User: juan, Role: RoleMember},
			{User: maria, Role: RoleAdmin},
			{User: bridgeUser, Role: RoleAdmin},
		}, func(m []Member) []Member { return m }),
	},
	"124-archived-item-by-external-id": {do: byPair(wireProject, "bir.filing.deadline,210"), want: isItem(inTheArchive)},
	"125-archived-item-list": {
		do:   listPage(wireProject, ListOptions{OrderBy: "-updated_at", View: fields("id", "name", "external_id", "archived_at")}),
		want: isPageOf("1000:1:0", false, preparation.Name, quarterly.Name, firstOfTwo.Name),
	},
	"130-archived-item-comments-list":   {do: commentsOf(archivedItem), want: is([]string{"<p>Filed</p>"}, htmlOf)},
	"132-archived-item-get-after":       {do: itemOf(wireProject, archivedItem), want: isItem(restored)},
	"137-states-list-with-intake":       {do: statesOf(wireProject), want: is(fiveGroups, groupsOf)},
	"139-states-list-with-triage-state": {do: statesOf(wireProject), want: is(fiveGroups, groupsOf)},
	"142-intake-item-in-list": {
		do:   listPage(wireProject, ListOptions{PerPage: 3, OrderBy: "-updated_at", View: fields("id", "name", "state")}),
		want: isPageOf("3:1:0", true, "[1601EQ] Q3/2026", restored.Name, preparation.Name),
	},
	"144-intake-item-by-external-id": {do: byPair(wireProject, "intake,1"), want: isItem(inIntake)},
	"149-intake-item-accepted-get":   {do: itemOf(wireProject, intakeItem), want: isItem(with(inIntake, func(f *laterFacts) { f.State = stateBacklog }))},
	"150-archived-project-get": {
		do:   projectOf(laterProject),
		want: is(projectFacts{Identifier: "MEC", Member: true, Archived: true, Role: RoleAdmin}, factsOfProject),
	},
	"151-archived-project-in-projects-list": {do: projects, want: is([]projectFacts{
		{Identifier: "BIR", Member: true, Role: RoleAdmin}, {Identifier: "MEC", Member: true, Archived: true, Role: RoleAdmin},
	}, factsOfProjects)},
	"152-archived-project-list":           {do: listPage(laterProject, ListOptions{OrderBy: "-updated_at"}), want: isEmptyPage("1000:1:0")},
	"153-archived-project-by-external-id": {do: byPair(laterProject, "task,1"), want: isItem(monthEnd)},
	"158-archived-project-states":         {do: statesOf(laterProject), want: is(0, func(s []State) int { return len(s) })},
	"159-archived-project-labels":         {do: labelsOf(laterProject), want: is(0, func(l []Label) int { return len(l) })},
	"160-archived-project-members":        {do: membersOf(laterProject), want: is([]Member{{User: bridgeUser}}, func(m []Member) []Member { return m })},
	"161-archived-project-list-after-unarchive": {
		do:   listPage(laterProject, ListOptions{OrderBy: "-updated_at", View: fields("id", "name")}),
		want: isPageOf("1000:1:0", false, "Close 10/2026 late", "Close 11/2026"),
	},
	"167-work-items-list-several-mb-fields": {
		do: listPage(wireProject, ListOptions{PerPage: 100, OrderBy: "-updated_at", View: fields("id", "name", "updated_at")}),
		want: isPageOf("100:1:0", false, "big 2", "big 1", inIntake.Name, "[1601EQ] Q3/2026", restored.Name, preparation.Name, quarterly.Name,
			firstOfTwo.Name),
	},
	"168-guest-list": {
		do:   listPage(wireProject, ListOptions{PerPage: 2, OrderBy: "-updated_at", View: fields("id", "name", "created_by")}),
		want: isPageOf("2:1:0", true, withholding.Name, "[1601EQ] Q3/2026 sa arkibo"),
	},
	"169-guest-get": {do: itemOf(wireProject, lastItem), want: isItem(withholding)},
	"176-work-item-by-identifier": {
		do:   asked[WorkItem](func(c *Client) call { return get(c.inWorkspace(itemsToken, "BIR-21"), nil) }),
		want: isItem(with(withholding, func(f *laterFacts) { f.Priority = PriorityLow })),
	},
	"181-activities-after-archive": {
		do: asked[page[Activity]](func(c *Client) call {
			return get(c.items(wireProject, lastItem, "activities"), url.Values{"per_page": {"20"}})
		}),
		want: is([]string{"created  bridge", "updated priority bot", "updated archived_at bridge", "updated archived_at bridge"}, func(p page[Activity]) []string {
			names := map[string]string{"9bd2cb9b-7a8a-427a-bdf9-0b8dd59e2d2f": "bridge", serviceBot.ID: "bot"}
			var lines []string
			for _, a := range p.Results {
				lines = append(lines, a.Verb+" "+a.Field+" "+names[a.Actor])
			}
			return lines
		}),
	},
	"178-work-items-list-double": {
		do: listPage(wireProject, ListOptions{PerPage: 3, OrderBy: "-created_at", View: fields("id", "name", "external_source", "external_id", "created_at")}),
		want: is([]string{"bir.filing.deadline,410", "bir.filing.deadline,410", "bir.filing.deadline,400"}, func(p page[WorkItem]) []string {
			var pairs []string
			for _, item := range p.Results {
				pairs = append(pairs, item.ExternalID)
			}
			return pairs
		}),
	},
}

func commentsOf(id string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.Comments(ctx, wireProject, id) }
}

func htmlOf(all []Comment) []string {
	var texts []string
	for _, c := range all {
		texts = append(texts, c.HTML)
	}
	return texts
}

// expandedFacts are the parts of preparation that came as objects.
func expandedFacts(i WorkItem) []string {
	if i.Parent.Value == nil || i.State.Value == nil {
		return nil
	}
	number := string(rune('0' + i.Parent.Value.SequenceID))
	return []string{i.Parent.ID, number, i.Assignees[0].Value.DisplayName, i.Labels[0].Value.Name, i.State.Value.Name}
}
