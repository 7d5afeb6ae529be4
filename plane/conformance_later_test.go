package plane

import (
	"context"
	"strings"
	"testing"
)

// The ids of the later recordings.
const (
	laterProject = "d22713e2-58c1-4759-9ac5-acc07661348e"
	noProject    = "00000000-0000-4000-8000-000000000001" // as an item's id it is unknown too
	noRecord     = "00000000-0000-0000-0000-000000000000"
	laterFirst   = "8b2f8c09-cf79-4794-a864-0f2f680ae820"
	laterDouble  = "689ed266-ae52-435d-a482-3e900fe87bd6"
	laterItem    = "cbbe95ba-3b03-4c83-89a5-92b927677e93"
	laterChild   = "840e87fd-7c2e-44ae-80ee-adf6c5ac894d"
	laterComment = "9b802ec8-77b9-4048-8263-b61401c5f059"
	laterLabel   = "78279d4e-a4a9-4d3d-bff2-95f396bff512"
	laterMove    = "4e27107a-2cba-42e0-942a-fb268b74a3dc"
	archivedItem = "bee21a23-9c09-45d9-8650-9b36ddbf4d71"
	intakeItem   = "1e10371e-8915-467e-b579-c93314e217b2"
	closeItem    = "20625770-6f8a-438d-8f1b-ea722a435e84"
	lastItem     = "2800f0ba-41f4-41b2-959d-eab97bc2b314"
	foreignLabel = "1cc05277-8951-4b62-9475-d0d31e0ad803"
	foreignState = "b9966ba7-3f05-4873-a45b-23850227b5ec"
	foreignUser  = "acba27c4-8f26-45fe-88a2-711be98e00b7"
	stateTodo    = "2f6e6c64-3a27-4c34-806e-7c14090be937"
	stateDone    = "85927a43-d130-41b0-a2f2-68cd42b5ca2f"
	stateTriage  = "52cdd7c9-8d28-463e-9c25-7a4b90dc4575"
	closeBacklog = "12608c1e-45a5-4039-bd94-f9e2ae259cbe"
)

var (
	serviceBot = User{ID: "cb0f885c-04ce-497e-8ee9-6710322ed68a", FirstName: "Service", LastName: "Bot", Email: "bot@example.com", DisplayName: "service-bot"}
	outsider   = User{ID: foreignUser, FirstName: "Outsider", Email: "outsider@example.com", DisplayName: "outsider"}
	juan       = User{ID: "6bbfc2d1-ee02-4109-ba74-4bde8f14cdca", FirstName: "Juan", Email: "juan@example.com", DisplayName: "juan"}
)

// notTheClients are recordings of what this client does not ask for, or whose body was not kept.
var notTheClients = map[string]string{
	"138-intake-issue-create":        "the client makes no Intake items; what comes of them is in 141 to 147",
	"140-intake-issues-list":         "the client reads no Intake",
	"148-intake-issue-accept":        "the client accepts no Intake items; 149 reads what was accepted",
	"166-work-items-list-several-mb": "its body of 6.7 MB was left out; a page above the limit has a test of its own",
}

// laterFacts is what the later recordings are checked for in a work item.
type laterFacts struct {
	ID, Name, State, Parent, Pair string
	Start, Target                 Date
	Priority                      Priority
	Assignees, Labels             string
	Archived, Completed           bool
}

func factsLater(i WorkItem) laterFacts {
	pair := ""
	if i.ExternalSource != "" {
		pair = i.ExternalSource + ":" + i.ExternalID
	}
	return laterFacts{
		ID: i.ID, Name: i.Name, State: i.State.ID, Parent: i.Parent.ID, Pair: pair, Start: i.StartDate, Target: i.TargetDate,
		Priority: i.Priority, Assignees: strings.Join(i.Assignees.IDs(), " "), Labels: strings.Join(i.Labels.IDs(), " "),
		Archived: !i.ArchivedAt.IsZero(), Completed: !i.CompletedAt.IsZero(),
	}
}

func isItem(want laterFacts) func(*testing.T, any) {
	if want.Priority == "" {
		want.Priority = PriorityNone
	}
	if want.State == "" {
		want.State = stateBacklog
	}
	return is(want, factsLater)
}

var (
	firstOfTwo   = laterFacts{ID: laterFirst, Name: "[1601C] Compensation WHT - 10/2026", Pair: "odoo:bir.filing.deadline,100", Target: "2026-11-10"}
	secondOfTwo  = laterFacts{ID: laterDouble, Name: firstOfTwo.Name, Pair: firstOfTwo.Pair, Target: firstOfTwo.Target}
	quarterly    = laterFacts{ID: laterItem, Name: "[2550Q] Q3/2026", Pair: "odoo:bir.filing.deadline,200", Target: "2026-10-25"}
	preparation  = laterFacts{ID: laterChild, Name: "[2550Q] Q3/2026 – prepare", State: stateTodo, Parent: laterItem, Pair: "odoo:bir.filing.deadline,201", Start: "2026-10-05", Target: "2026-10-20", Priority: PriorityHigh, Assignees: maria.ID, Labels: labelArea}
	inTheArchive = laterFacts{ID: archivedItem, Name: "[1702Q] Q3/2026", State: stateDone, Pair: "odoo:bir.filing.deadline,210", Target: "2026-11-29", Archived: true, Completed: true}
	inIntake     = laterFacts{ID: intakeItem, Name: "Late 1601C", State: stateTriage, Pair: "odoo:intake,1", Priority: PriorityMedium}
	monthEnd     = laterFacts{ID: closeItem, Name: "Close 10/2026", State: closeBacklog, Pair: "odoo:task,1"}
	withholding  = laterFacts{ID: lastItem, Name: "[1600WP] 11/2026", Pair: "odoo:bir.filing.deadline,400"}
)

func with(f laterFacts, change func(*laterFacts)) laterFacts {
	change(&f)
	return f
}

func itemOf(project, id string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.WorkItem(ctx, project, id, View{}) }
}

func byPair(project, externalID string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		return c.WorkItemByExternalID(ctx, project, "odoo", externalID, View{})
	}
}

func updateOf(project, id string, p WorkItemPatch) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.UpdateWorkItem(ctx, project, id, p) }
}

func deleteOf(id string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteWorkItem(ctx, wireProject, id) }
}

func createIn(project string, item NewWorkItem) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.CreateWorkItem(ctx, project, item) }
}

func listPage(project string, opts ListOptions) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		return fetch[page[WorkItem]](ctx, c, get(c.items(project), opts.query()))
	}
}

func projectOf(id string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.Project(ctx, id) }
}

func statesOf(id string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.States(ctx, id) }
}

func labelsOf(id string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.Labels(ctx, id) }
}

func membersOf(id string) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.Members(ctx, id) }
}

// asked sends a request that the client has no method for, and reads its answer as the client would.
func asked[T any](cl func(c *Client) call) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return fetch[T](ctx, c, cl(c)) }
}

func patchOf(id string, body map[string]any) func(context.Context, *Client) (any, error) {
	return asked[WorkItem](func(c *Client) call { return patch(c.items(wireProject, id), body) })
}

func labelCall(cl func(path string) call) func(c *Client) call {
	return func(c *Client) call { return cl(c.inProject(wireProject, "labels", laterLabel)) }
}
