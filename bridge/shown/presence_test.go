package shown

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	homeProject  = "7d035a41-3dcc-40c1-8843-146228e0e174"
	otherProject = "d22713e2-58c1-4759-9ac5-acc07661348e"
	soughtItem   = "bee21a23-9c09-45d9-8650-9b36ddbf4d71"
	otherItem    = "20625770-6f8a-438d-8f1b-ea722a435e84"
	soughtKey    = mapping.Key("bir.filing.deadline,210")
)

// said is one answer of a Plane whose answers a test lays down.
type said struct {
	status int
	body   string
}

// Answers as the recordings show them.
var (
	saysNotFound  = said{404, `{"error":"The requested resource does not exist."}`}
	saysForbidden = said{403, `{"detail":"You do not have permission to perform this action."}`}
	saysBroken    = said{500, `{"error":"Something went wrong please try again later"}`}
	saysProxy     = said{404, "<html><body>404 Not Found</body></html>"}
	saysNothing   = said{200, `{}`}
	saysNull      = said{200, `null`}
	saysNoHits    = said{200, `{"issues":[]}`}
	saysItem      = said{200, itemBody(soughtItem, "null")}
	saysArchived  = said{200, itemBody(soughtItem, `"2026-11-26"`)}
	saysOther     = said{200, itemBody(otherItem, "null")}
	saysProject   = said{200, projectBody("null", true)}
)

func itemBody(id, archivedAt string) string {
	return `{"id":"` + id + `","name":"[1702Q] Q3/2026","archived_at":` + archivedAt +
		`,"external_source":"odoo","external_id":"` + string(soughtKey) + `","project":"` + homeProject + `"}`
}

func projectBody(archivedAt string, member bool) string {
	if member {
		return `{"id":"` + homeProject + `","archived_at":` + archivedAt + `,"is_member":true,"member_role":20}`
	}
	return `{"id":"` + homeProject + `","archived_at":` + archivedAt + `,"is_member":false,"member_role":null}`
}

func hit(id, project string) said {
	return said{200, `{"issues":[{"id":"` + id + `","name":"[1702Q] Q3/2026","project_id":"` + project + `"}]}`}
}

// scripted is a Plane that answers as laid down. Asked for anything else it fails
// the test, so that each case holds which questions are asked, too.
type scripted struct {
	t *testing.T
	// lookup, item, project and search are answers by what is asked for; elsewhere
	// is the item's address in the other project, pairElsewhere the look-up there, and
	// other that project itself.
	lookup, item, project, search, elsewhere, pairElsewhere, other said
}

func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := said{}
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case r.URL.Query().Has("external_id") && strings.Contains(path, otherProject):
		answer = s.pairElsewhere
	case r.URL.Query().Has("external_id"):
		answer = s.lookup
	case strings.HasSuffix(path, "/search"):
		answer = s.search
	case strings.HasSuffix(path, otherProject):
		answer = s.other
	case strings.Contains(path, otherProject):
		answer = s.elsewhere
	case strings.HasSuffix(path, soughtItem):
		answer = s.item
	case strings.HasSuffix(path, homeProject):
		answer = s.project
	}
	if answer.status == 0 {
		s.t.Errorf("Plane was asked for %s, which should not be needed", r.URL)
		answer = saysBroken
	}
	return &http.Response{
		StatusCode: answer.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(answer.body)),
	}, nil
}

func (s scripted) presence(t *testing.T, pool *pgxpool.Pool) *Presence {
	t.Helper()
	s.t = t
	client, err := plane.New(plane.Config{
		BaseURL: "http://plane.example", Workspace: "acme", Auth: plane.APIKey("key"),
		HTTPClient: &http.Client{Transport: s}, Budget: plane.NewBudget(plane.WithAssumedLimit(1_000_000)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return NewPresence(client, pool, mapping.NewStore(pool))
}

var homeScope = mapping.Scope{Flow: "bir", Workspace: "acme", ProjectID: homeProject}

// knowing is a database in which the work item is known to be in a project.
func knowing(t *testing.T, project string) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	know(t, pool, project)
	return pool
}

func know(t *testing.T, pool *pgxpool.Pool, project string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `INSERT INTO ops.work_items (work_item_ref, system, external_id, title, status, project_ref, updated_at)
		VALUES ('plane:' || $1, 'plane', $1, '[1702Q] Q3/2026', 'Todo', $2, now())`, soughtItem, project)
	if err != nil {
		t.Fatal(err)
	}
}

func TestAbsenceIsBelievedOnlyWithProof(t *testing.T) {
	t.Parallel()
	pool := knowing(t, homeProject)
	for name, c := range map[string]struct {
		plane scripted
		want  place
	}{
		"the look-up, the item and the project all say that it is gone": {
			scripted{lookup: saysNotFound, item: saysNotFound, project: saysProject, search: saysNoHits}, PlaceDeleted,
		},
		"gone, on a server without a search": {
			scripted{lookup: saysNotFound, item: saysNotFound, project: saysProject, search: saysNotFound}, PlaceDeleted,
		},
		"another work item carries its pair": {
			scripted{lookup: saysOther, item: saysNotFound, project: saysProject}, PlaceDeleted,
		},
		"another work item carries its pair and it is there": {scripted{lookup: saysOther, item: saysItem}, PlaceHere},
		"archived":                  {scripted{lookup: saysArchived}, PlaceArchived},
		"there after all":           {scripted{lookup: saysItem, item: saysItem}, PlaceHere},
		"there, its pair taken off": {scripted{lookup: saysNotFound, item: saysItem}, PlaceHere},
		"in Intake":                 {scripted{lookup: saysItem, item: saysNotFound, project: saysProject}, PlaceIntake},
		"its project is archived": {
			scripted{lookup: saysItem, item: saysNotFound, project: said{200, projectBody(`"2026-11-26T16:03:20Z"`, true)}}, placeProjectArchived,
		},
		"its project is archived and the look-up finds nothing": {
			scripted{lookup: saysNotFound, item: saysNotFound, project: said{200, projectBody(`"2026-11-26T16:03:20Z"`, true)}}, placeProjectArchived,
		},
		"the key is no member":   {scripted{lookup: saysForbidden, project: said{200, projectBody("null", false)}}, placeNoMember},
		"the project is unknown": {scripted{lookup: saysForbidden, project: saysNotFound}, placeProjectGone},
		"the search finds it in another project": {
			scripted{lookup: saysNotFound, item: saysNotFound, project: saysProject, search: hit(soughtItem, otherProject), elsewhere: saysItem}, PlaceMoved,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := c.plane.presence(t, pool).WhereIs(t.Context(), homeScope, soughtKey, soughtItem)
			if err != nil || found.Place != c.want {
				t.Errorf("whereIs = %q, %v; want %q", found.Place, err, c.want)
			}
			if found.Absent() != (c.want == PlaceDeleted) {
				t.Errorf("absent() = %t of a work item that is %s", found.Absent(), found.Place)
			}
		})
	}
}

func TestAnAnswerOfAnotherShapeProvesNothing(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	know(t, pgtest.Open(t, dsn), homeProject)
	gone := scripted{lookup: saysNotFound, item: saysNotFound, project: saysProject, search: saysNoHits}
	with := func(change func(*scripted)) scripted {
		c := gone
		change(&c)
		return c
	}
	for name, answers := range map[string]scripted{
		"the look-up is a proxy's 404":      with(func(s *scripted) { s.lookup = saysProxy }),
		"the look-up is an empty object":    with(func(s *scripted) { s.lookup = saysNothing }),
		"the look-up is null":               with(func(s *scripted) { s.lookup = saysNull }),
		"the look-up is an empty page":      with(func(s *scripted) { s.lookup = said{200, `{"results":[],"next_page_results":false}`} }),
		"the item is a proxy's 404":         with(func(s *scripted) { s.item = saysProxy }),
		"the item is an empty object":       with(func(s *scripted) { s.item = saysNothing }),
		"the project is a proxy's 404":      with(func(s *scripted) { s.project = saysProxy }),
		"the project is an empty object":    with(func(s *scripted) { s.project = saysNothing }),
		"the project is an error object":    with(func(s *scripted) { s.project = said{200, `{"detail":"We are down for maintenance"}`} }),
		"the look-up fails":                 with(func(s *scripted) { s.lookup = saysBroken }),
		"the project fails":                 with(func(s *scripted) { s.project = saysBroken }),
		"only the items are forbidden":      with(func(s *scripted) { s.lookup = saysForbidden }),
		"the search shows it and not where": with(func(s *scripted) { s.search = hit(soughtItem, "") }),
		"the search shows it where it was":  with(func(s *scripted) { s.search = hit(soughtItem, homeProject) }),
		"the search fails":                  with(func(s *scripted) { s.search = saysBroken }),
		"the pair is carried by two":        with(func(s *scripted) { s.lookup = saysBroken }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// In a bubble the client's wait before it asks a broken server again costs nothing.
			synctest.Test(t, func(t *testing.T) {
				found, err := answers.presence(t, pgtest.Open(t, dsn)).WhereIs(t.Context(), homeScope, soughtKey, soughtItem)
				if err == nil || found.Absent() {
					t.Errorf("whereIs = %q, nil; want an error", found.Place)
				}
				if errors.Is(err, plane.ErrNotFound) {
					t.Errorf("the error %v reads as absence", err)
				}
			})
		})
	}
}

// Read as a work item it would look as if somebody had emptied all its fields.
func TestARecordWithoutANameIsNotTheWorkItem(t *testing.T) {
	t.Parallel()
	answers := scripted{item: said{200, `{"id":"` + soughtItem + `"}`}}
	found, err := answers.presence(t, knowing(t, homeProject)).See(t.Context(), homeScope, soughtKey, soughtItem)
	if !errors.Is(err, ErrNameless) {
		t.Errorf("see = %q, %v; want that it came without a name", found.Place, err)
	}
}

func TestWithoutAnExternalPairDeletedAndArchivedCannotBeTold(t *testing.T) {
	t.Parallel()
	pool := knowing(t, homeProject)
	answers := scripted{item: saysNotFound, project: saysProject, search: saysNoHits}
	found, err := answers.presence(t, pool).WhereIs(t.Context(), homeScope, "", soughtItem)
	if err != nil || found.Place != PlaceDeletedOrArchived || found.Absent() {
		t.Errorf("whereIs = %q, %v; want %q, which is no proof", found.Place, err, PlaceDeletedOrArchived)
	}
}

func TestAProjectThatAWebhookNamedIsAskedForTheWorkItem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		elsewhere, pair said
		want            place
	}{
		"it is there":                          {saysItem, said{}, PlaceMoved},
		"the key may not look there":           {saysForbidden, said{}, PlaceMoved},
		"it was deleted there, as far as seen": {saysNotFound, saysNotFound, PlaceMoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := scripted{lookup: saysNotFound, item: saysNotFound, project: saysProject, elsewhere: c.elsewhere, pairElsewhere: c.pair, other: saysNotFound, search: saysNoHits}
			found, err := answers.presence(t, knowing(t, otherProject)).WhereIs(t.Context(), homeScope, soughtKey, soughtItem)
			if err != nil || found.Place != c.want || found.ProjectID != otherProject {
				t.Errorf("whereIs = %q in %q, %v; want %q in the project of the webhook", found.Place, found.ProjectID, err, c.want)
			}
		})
	}
}

// Archived in the project that it moved to, it is shown by its pair and by nothing else.
func TestAWorkItemThatIsArchivedInAnotherProjectIsNotGone(t *testing.T) {
	t.Parallel()
	pool := knowing(t, otherProject)
	answers := scripted{
		lookup: saysNotFound, item: saysNotFound, project: saysProject, elsewhere: saysNotFound, pairElsewhere: saysArchived,
		other: said{200, strings.ReplaceAll(projectBody("null", true), homeProject, otherProject)}, search: saysNoHits,
	}
	found, err := answers.presence(t, pool).WhereIs(t.Context(), homeScope, soughtKey, soughtItem)
	if err != nil || found.Place != PlaceMoved || found.Item.ID != soughtItem {
		t.Errorf("whereIs = %q, %v; want %q", found.Place, err, PlaceMoved)
	}
}
