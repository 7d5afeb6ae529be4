package plane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Edition is which Plane a server runs, as far as its routes tell.
type Edition string

// The editions. Only the commercial one (Cloud included) has OAuth apps and v2 webhooks.
const (
	EditionCommunity  Edition = "community"
	EditionCommercial Edition = "commercial"
	EditionUnknown    Edition = "unknown"
)

// Grade says how a finding of Probe stands.
type Grade string

// The grades of findings.
const (
	GradeOK   Grade = "ok"
	GradeNote Grade = "note" // works, but worth knowing
	GradeFail Grade = "fail" // the bridge cannot do its work
)

// Finding is one thing that Probe looked at.
type Finding struct {
	Name  string `json:"name"`
	Grade Grade  `json:"grade"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it; empty when nothing
}

// Report is what Probe found out about a server, a key and a project.
type Report struct {
	BaseURL   string    `json:"base_url"`
	Edition   Edition   `json:"edition"`
	PathStyle string    `json:"path_style"` // work-items or issues, "" if neither answered
	Limit     int       `json:"limit"`      // requests per minute, less what others with the key use; 0 if no answer told
	HasOAuth  bool      `json:"has_oauth"`
	User      User      `json:"user"`
	Project   Project   `json:"project"`
	Findings  []Finding `json:"findings"`
}

// OK reports whether nothing failed.
func (r Report) OK() bool {
	for _, f := range r.Findings {
		if f.Grade == GradeFail {
			return false
		}
	}
	return true
}

func (r *Report) add(name string, grade Grade, found, do string) {
	r.Findings = append(r.Findings, Finding{Name: name, Grade: grade, Found: found, Do: do})
}

// Probe looks at the server with about five requests: whose key it is, which edition, which path style, which limit,
// and what the key may do in the project (skipped when projectID is ""). What fails is a finding, not an error;
// the error is for an ended ctx.
func (c *Client) Probe(ctx context.Context, projectID string) (Report, error) {
	r := Report{BaseURL: c.root.String(), Edition: EditionUnknown}
	if c.probeUser(ctx, &r) {
		c.probeProject(ctx, &r, projectID)
		c.probeStyle(ctx, &r, projectID)
		c.probeLimit(ctx, &r)
	}
	c.probeOAuth(ctx, &r)
	return r, ctx.Err()
}

func (c *Client) probeUser(ctx context.Context, r *Report) bool {
	user, err := c.Me(ctx)
	if err != nil {
		r.add("key", GradeFail, err.Error(), whatToDo(err))
		return false
	}
	r.User = user
	r.add("key", GradeOK, fmt.Sprintf("belongs to %s (%s)", user.DisplayName, user.ID), "")
	return true
}

func (c *Client) probeProject(ctx context.Context, r *Report, projectID string) {
	projects, err := c.Projects(ctx)
	if err != nil {
		r.add("workspace", GradeFail, err.Error(), whatToDo(err))
		return
	}
	r.add("workspace", GradeOK, fmt.Sprintf("%s with %d projects that the key may see", c.workspace, len(projects)), "")
	if projectID == "" {
		r.add("project", GradeNote, "none given", "set the project that deadlines are mirrored into")
		return
	}
	for _, project := range projects {
		if project.ID == projectID {
			r.Project = project
			r.addRights(project)
			return
		}
	}
	r.add("project", GradeFail, "the key sees no project "+projectID, "check the project id, and add the key's user to the project as a member")
}

func (r *Report) addRights(p Project) {
	switch {
	case !p.ArchivedAt.IsZero():
		r.add("project", GradeFail, p.Name+" is archived", "restore the project or choose another")
	case p.MemberRole >= RoleMember:
		r.add("project", GradeOK, fmt.Sprintf("%s (%s), role %d", p.Name, p.Identifier, p.MemberRole), "")
	case p.MemberRole == 0 && p.IsMember:
		r.add("project", GradeNote, p.Name+", role not told", "see that the key's user is at least a member")
	default:
		r.add("project", GradeFail, fmt.Sprintf("%s, role %d", p.Name, p.MemberRole), "make the key's user a member (15) or admin (20) of the project; a guest cannot change work items")
	}
}

func (c *Client) probeStyle(ctx context.Context, r *Report, projectID string) {
	if projectID == "" {
		return
	}
	for _, err := range c.WorkItems(ctx, projectID, ListOptions{PerPage: 1, View: View{Fields: []string{"id"}}}) {
		if err != nil && !errors.Is(err, ErrUnreadable) {
			r.add("work items", GradeFail, err.Error(), whatToDo(err))
			return
		}
		break
	}
	r.PathStyle = c.ItemPathStyle()
	if r.PathStyle == "issues" {
		r.add("path style", GradeNote, "issues/ (deprecated)", "the client falls back by itself; plan an upgrade of Plane, issues/ will go")
		return
	}
	r.add("path style", GradeOK, r.PathStyle+"/", "")
}

// probeLimit reads what the budget has learned from the requests before it.
func (c *Client) probeLimit(ctx context.Context, r *Report) {
	known, ok := c.budget.(interface {
		Status(ctx context.Context) BudgetStatus
	})
	if !ok {
		return
	}
	status := known.Status(ctx)
	if status.Limit == 0 {
		r.add("limit", GradeNote, "the rate budget cannot be read now", "see the log; the limit is learned again as soon as it can")
		return
	}
	if status.Proved == 0 {
		r.add("limit", GradeNote, fmt.Sprintf("the server sends no rate-limit headers; %d requests per minute are assumed", status.Limit), "")
		return
	}
	r.Limit = status.Proved
	r.add("limit", GradeOK, fmt.Sprintf("%d requests per minute for us, about %d free now", status.Proved, status.Free), "")
}

// probeOAuth asks an OAuth endpoint without credentials. It costs nothing of the key's budget and tells the edition,
// because Community does not route it.
func (c *Client) probeOAuth(ctx context.Context, r *Report) {
	res, err := c.askOAuth(ctx)
	switch {
	case err != nil:
		r.add("edition", GradeNote, "could not be told: "+err.Error(), "")
	case isOAuthAnswer(res):
		r.Edition, r.HasOAuth = EditionCommercial, true
		r.add("edition", GradeOK, "commercial or Cloud: OAuth apps and v2 webhooks exist", "")
	case res.status >= 500 || res.status == http.StatusTooManyRequests || res.status >= 300 && res.status != http.StatusNotFound:
		r.add("edition", GradeNote, fmt.Sprintf("could not be told: status %d", res.status), "")
	default:
		r.Edition = EditionCommunity
		r.add("edition", GradeNote, "Community: no OAuth apps, v1 webhooks, none on delete",
			"use an API key, and keep the reconcile schedule on: it finds what webhooks do not tell")
	}
}

func (c *Client) askOAuth(ctx context.Context) (*response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, oauthURL(c.root, "app-installation"), nil)
	if err != nil {
		return nil, fmt.Errorf("building request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	start := time.Now()
	r, err := exchange(c.http, req, c.maxBody)
	if err != nil {
		return nil, transportError(call{method: http.MethodGet, path: "auth/o/app-installation/"}, err)
	}
	c.logRequest(ctx, call{method: http.MethodGet, path: "auth/o/app-installation/"}, r.status, time.Since(start), -1)
	return r, nil
}

// isOAuthAnswer tells the endpoint's refusal from the web app's page, which some proxies send for every path.
func isOAuthAnswer(r *response) bool {
	switch r.status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusOK:
		return strings.Contains(r.header.Get("Content-Type"), "json")
	default:
		return false
	}
}

// whatToDo is the advice for a failure that an operator can mend.
func whatToDo(err error) string {
	switch {
	case errors.Is(err, ErrBadKey), errors.Is(err, ErrUnauthorized):
		return "make a new API key in Plane (profile, personal access tokens) and set PLANE_API_KEY"
	case errors.Is(err, ErrForbidden):
		return "check the workspace slug, and that the key's user is a member of the workspace"
	case errors.Is(err, ErrRateLimited):
		return "wait a minute; somebody else uses the same key"
	case errors.Is(err, ErrUnreachable):
		return "check the base URL, DNS and firewall"
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrUnrouted):
		return "check the base URL: the server does not know this path"
	case errors.Is(err, ErrForeign):
		return "something between us and Plane answers in its place: check the base URL, and the proxy before Plane"
	case errors.Is(err, ErrServer):
		return "look at the Plane server's own log"
	}
	return "see the message"
}
