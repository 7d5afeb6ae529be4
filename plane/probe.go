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

// Problem says what is the matter, for whoever knows what can be done about it.
type Problem string

// The problems that Probe tells apart.
const (
	NoProblem          Problem = ""
	ProblemCall        Problem = "call"       // a request failed; Err says how
	ProblemNoProject   Problem = "no project" // none was given
	ProblemUnseen      Problem = "unseen"     // the key does not see the project
	ProblemArchived    Problem = "archived"
	ProblemRoleUnknown Problem = "role unknown" // the server does not say what the key may do
	ProblemGuest       Problem = "guest"
	ProblemOldPaths    Problem = "old paths" // only the deprecated paths are there
	ProblemNoBudget    Problem = "no budget" // the rate budget cannot be read
	ProblemCommunity   Problem = "community" // an edition that does without
)

// Finding is one thing that Probe looked at.
type Finding struct {
	Name    string  `json:"name"`
	Grade   Grade   `json:"grade"`
	Found   string  `json:"found"`
	Problem Problem `json:"problem,omitempty"`
	// Err is the failure, where Problem is ProblemCall.
	Err error `json:"-"`
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

func (r *Report) add(name string, grade Grade, found string, problem Problem) {
	r.Findings = append(r.Findings, Finding{Name: name, Grade: grade, Found: found, Problem: problem})
}

func (r *Report) addFailed(name string, err error) {
	r.Findings = append(r.Findings, Finding{Name: name, Grade: GradeFail, Found: err.Error(), Problem: ProblemCall, Err: err})
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
		r.addFailed("key", err)
		return false
	}
	r.User = user
	r.add("key", GradeOK, fmt.Sprintf("belongs to %s (%s)", user.DisplayName, user.ID), NoProblem)
	return true
}

func (c *Client) probeProject(ctx context.Context, r *Report, projectID string) {
	projects, err := c.Projects(ctx)
	if err != nil {
		r.addFailed("workspace", err)
		return
	}
	r.add("workspace", GradeOK, fmt.Sprintf("%s with %d projects that the key may see", c.workspace, len(projects)), NoProblem)
	if projectID == "" {
		r.add("project", GradeNote, "none given", ProblemNoProject)
		return
	}
	for _, project := range projects {
		if project.ID == projectID {
			r.Project = project
			r.addRights(project)
			return
		}
	}
	r.add("project", GradeFail, "the key sees no project "+projectID, ProblemUnseen)
}

func (r *Report) addRights(p Project) {
	switch {
	case !p.ArchivedAt.IsZero():
		r.add("project", GradeFail, p.Name+" is archived", ProblemArchived)
	case p.MemberRole >= RoleMember:
		r.add("project", GradeOK, fmt.Sprintf("%s (%s), role %d", p.Name, p.Identifier, p.MemberRole), NoProblem)
	case p.MemberRole == 0 && p.IsMember:
		r.add("project", GradeNote, p.Name+", role not told", ProblemRoleUnknown)
	default:
		r.add("project", GradeFail, fmt.Sprintf("%s, role %d", p.Name, p.MemberRole), ProblemGuest)
	}
}

func (c *Client) probeStyle(ctx context.Context, r *Report, projectID string) {
	if projectID == "" {
		return
	}
	for _, err := range c.WorkItems(ctx, projectID, ListOptions{PerPage: 1, View: View{Fields: []string{"id"}}}) {
		if err != nil && !errors.Is(err, ErrUnreadable) {
			r.addFailed("work items", err)
			return
		}
		break
	}
	r.PathStyle = c.ItemPathStyle()
	if r.PathStyle == "issues" {
		r.add("path style", GradeNote, "issues/ (deprecated)", ProblemOldPaths)
		return
	}
	r.add("path style", GradeOK, r.PathStyle+"/", NoProblem)
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
		r.add("limit", GradeNote, "the rate budget cannot be read now", ProblemNoBudget)
		return
	}
	if status.Proved == 0 {
		r.add("limit", GradeNote, fmt.Sprintf("the server sends no rate-limit headers; %d requests per minute are assumed", status.Limit), NoProblem)
		return
	}
	r.Limit = status.Proved
	r.add("limit", GradeOK, fmt.Sprintf("%d requests per minute for us, about %d free now", status.Proved, status.Free), NoProblem)
}

// probeOAuth asks an OAuth endpoint without credentials. It costs nothing of the key's budget and tells the edition,
// because Community does not route it.
func (c *Client) probeOAuth(ctx context.Context, r *Report) {
	res, err := c.askOAuth(ctx)
	switch {
	case err != nil:
		r.add("edition", GradeNote, "could not be told: "+err.Error(), NoProblem)
	case isOAuthAnswer(res):
		r.Edition, r.HasOAuth = EditionCommercial, true
		r.add("edition", GradeOK, "commercial or Cloud: OAuth apps and v2 webhooks exist", NoProblem)
	case res.status >= 500 || res.status == http.StatusTooManyRequests || res.status >= 300 && res.status != http.StatusNotFound:
		r.add("edition", GradeNote, fmt.Sprintf("could not be told: status %d", res.status), NoProblem)
	default:
		r.Edition = EditionCommunity
		r.add("edition", GradeNote, "Community: no OAuth apps, v1 webhooks, none on delete", ProblemCommunity)
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
