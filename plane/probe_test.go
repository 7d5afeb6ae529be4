package plane

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// probedServer answers what a probe asks.
type probedServer struct {
	me, projects, items, oauth func(r *http.Request) *http.Response
}

func reply(status int, body string, headers ...string) func(r *http.Request) *http.Response {
	return func(r *http.Request) *http.Response { return answer(r, status, body, headers...) }
}

func (s probedServer) RoundTrip(r *http.Request) (*http.Response, error) {
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/users/me/"):
		return s.me(r), nil
	case strings.Contains(path, "/auth/o/"):
		return s.oauth(r), nil
	case strings.HasSuffix(path, "/projects/"):
		return s.projects(r), nil
	default:
		return s.items(r), nil
	}
}

func community() probedServer {
	return probedServer{
		me:       reply(200, `{"id":"u","display_name":"bridge"}`, "X-RateLimit-Remaining", "299"),
		projects: reply(200, `{"results":[{"id":"p","name":"BIR","identifier":"BIR","member_role":20,"is_member":true}],"next_page_results":false}`, "X-RateLimit-Remaining", "298"),
		items:    reply(200, `{"results":[],"next_page_results":false}`, "X-RateLimit-Remaining", "297"),
		oauth:    reply(404, `{"error":"Page not found."}`),
	}
}

func finding(r Report, name string) Finding {
	for _, f := range r.Findings {
		if f.Name == name {
			return f
		}
	}
	return Finding{}
}

func TestAProbeOfACommunityServerSaysWhatItIs(t *testing.T) {
	t.Parallel()
	r, err := clientOver(t, community()).Probe(t.Context(), "p")
	if err != nil || !r.OK() {
		t.Fatalf("report %+v, error %v", r, err)
	}
	if r.Edition != EditionCommunity || r.HasOAuth || r.PathStyle != "work-items" || r.Limit != 300 || r.User.ID != "u" || r.Project.Identifier != "BIR" {
		t.Errorf("report %+v", r)
	}
	if f := finding(r, "edition"); f.Problem != ProblemCommunity {
		t.Errorf("edition: %+v", f)
	}
}

func TestAProbeTellsEachFaultApart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change  func(*probedServer)
		finding string
		grade   Grade
		problem Problem
	}{
		"a wrong key":        {func(s *probedServer) { s.me = reply(403, `{"detail":"Given API token is not valid"}`) }, "key", GradeFail, ProblemCall},
		"a wrong workspace":  {func(s *probedServer) { s.projects = reply(403, `{"detail":"You do not have permission"}`) }, "workspace", GradeFail, ProblemCall},
		"an unknown project": {func(s *probedServer) { s.projects = reply(200, pageOf(false, "")) }, "project", GradeFail, ProblemUnseen},
		"a guest": {func(s *probedServer) {
			s.projects = reply(200, `{"results":[{"id":"p","member_role":5,"is_member":true}],"next_page_results":false}`)
		}, "project", GradeFail, ProblemGuest},
		"an archived project": {func(s *probedServer) {
			s.projects = reply(200, `{"results":[{"id":"p","member_role":20,"archived_at":"2026-01-01"}],"next_page_results":false}`)
		}, "project", GradeFail, ProblemArchived},
		"a proxy's page":     {func(s *probedServer) { s.items = reply(404, `<html>`) }, "work items", GradeFail, ProblemCall},
		"a broken server":    {func(s *probedServer) { s.items = reply(500, ``) }, "work items", GradeFail, ProblemCall},
		"the commercial one": {func(s *probedServer) { s.oauth = reply(401, `{"detail":"no"}`) }, "edition", GradeOK, NoProblem},
		"a web app's page":   {func(s *probedServer) { s.oauth = reply(200, `<html>`, "Content-Type", "text/html") }, "edition", GradeNote, ProblemCommunity},
		"no rate-limit header": {func(s *probedServer) {
			s.me, s.items, s.projects = reply(200, okUser), reply(200, pageOf(false, "")), reply(200, `{"results":[{"id":"p","member_role":20}],"next_page_results":false}`)
		}, "limit", GradeNote, NoProblem},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := community()
				tc.change(&server)
				r, err := clientOver(t, server).Probe(t.Context(), "p")
				if err != nil {
					t.Fatal(err)
				}
				f := finding(r, tc.finding)
				if f.Grade != tc.grade || f.Problem != tc.problem || (f.Err != nil) != (tc.problem == ProblemCall) {
					t.Errorf("%+v, want grade %s and problem %q", f, tc.grade, tc.problem)
				}
				if (tc.grade == GradeFail) == r.OK() {
					t.Errorf("OK is %v", r.OK())
				}
			})
		})
	}
}

func TestAProbeOfAnOlderServerNotesItsPathStyle(t *testing.T) {
	t.Parallel()
	server := community()
	server.items = func(r *http.Request) *http.Response {
		if strings.Contains(r.URL.Path, "/work-items/") {
			return answer(r, 404, `{"error":"Page not found."}`)
		}
		return answer(r, 200, pageOf(false, ""))
	}
	r, err := clientOver(t, server).Probe(t.Context(), "p")
	if err != nil || r.PathStyle != "issues" || finding(r, "path style").Grade != GradeNote {
		t.Errorf("report %+v, error %v", r, err)
	}
}

// awayBudget stands for a shared budget whose store cannot be read at the moment.
type awayBudget struct{ *LocalBudget }

func (awayBudget) Status(context.Context) BudgetStatus { return BudgetStatus{} }

func TestAProbeSaysSoWhenTheBudgetCannotBeRead(t *testing.T) {
	t.Parallel()
	c := clientOver(t, community(), func(cfg *Config) { cfg.Budget = awayBudget{NewBudget()} })
	r, err := c.Probe(t.Context(), "p")
	if f := finding(r, "limit"); err != nil || f.Grade != GradeNote || !strings.Contains(f.Found, "cannot be read") {
		t.Errorf("limit: %+v, error %v", f, err)
	}
}
