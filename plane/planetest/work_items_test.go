package planetest

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func updatedAt(t *testing.T, client *http.Client, id string) string {
	t.Helper()
	var it struct {
		UpdatedAt string `json:"updated_at"`
	}
	if err := json.Unmarshal([]byte(callAPI(t, client, "GET", "work-items/"+id+"/", "")), &it); err != nil {
		t.Fatal(err)
	}
	return it.UpdatedAt
}

func field(t *testing.T, answer, name string) string {
	t.Helper()
	value, err := parseJSON(answer)
	if err != nil {
		t.Fatal(err)
	}
	o, isObject := value.(object)
	if !isObject {
		t.Fatalf("no object: %s", answer)
	}
	return pythonText(o.get(name))
}

func TestUpdatedAtMovesOnEveryPatchAndOnceMoreAfterwards(t *testing.T) {
	t.Parallel()
	frozen := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	_, client := start(t, Options{Now: func() time.Time { return frozen }})
	id := createOverAPI(t, client, `{"name":"a"}`)
	first := updatedAt(t, client, id)
	if again := updatedAt(t, client, id); again != first {
		t.Errorf("moved without a write: %s, then %s", first, again)
	}
	inAnswer := field(t, callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"name":"a"}`), "updated_at")
	if inAnswer <= first {
		t.Errorf("a PATCH without change left updated_at at %s, it was %s", inAnswer, first)
	}
	if later := updatedAt(t, client, id); later <= inAnswer {
		t.Errorf("updated_at %s after the background task, %s in the answer", later, inAnswer)
	}
}

func TestArchivedItemIsFoundByItsPairOnly(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k"}`)
	if err := s.Archive("maria", id); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := try(t, client, "GET", "work-items/"+id+"/", ""); status != http.StatusNotFound {
		t.Errorf("detail: %d, want 404", status)
	}
	if list := callAPI(t, client, "GET", "work-items/", ""); field(t, list, "total_count") != "0" {
		t.Errorf("the list has it: %s", list)
	}
	found := callAPI(t, client, "GET", "work-items/?external_source=odoo&external_id=k", "")
	if field(t, found, "id") != id || field(t, found, "archived_at") == "None" {
		t.Errorf("lookup: %s", found)
	}
	if status, _, _ := try(t, client, "POST", "work-items/", `{"name":"b","external_source":"odoo","external_id":"k"}`); status != http.StatusConflict {
		t.Errorf("create with the pair of an archived item: %d, want 409", status)
	}
}

func TestDeletedItemIsGoneAndFreesItsPair(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k"}`)
	callAPI(t, client, "DELETE", "work-items/"+id+"/", "")
	if status, _, _ := try(t, client, "GET", "work-items/?external_source=odoo&external_id=k", ""); status != http.StatusNotFound {
		t.Errorf("lookup: %d, want 404", status)
	}
	createOverAPI(t, client, `{"name":"b","external_source":"odoo","external_id":"k"}`)
	if both := s.ItemsByExternalID("odoo", "k"); len(both) != 2 || !both[0].Deleted || both[1].Deleted {
		t.Errorf("snapshot: %+v", both)
	}
}

func TestTwoItemsWithOnePairBreakTheLookup(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	for range 2 {
		if _, err := s.CreateItem("maria", NewItem{Name: "a", ExternalSource: "odoo", ExternalID: "k"}); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, _ := try(t, client, "GET", "work-items/?external_source=odoo&external_id=k", ""); status != http.StatusInternalServerError {
		t.Errorf("lookup: %d, want 500", status)
	}
	status, body, _ := try(t, client, "POST", "work-items/", `{"name":"b","external_source":"odoo","external_id":"k"}`)
	if status != http.StatusConflict || !strings.Contains(body, s.Items()[1].ID) {
		t.Errorf("create: %d %s, want 409 with the newer id", status, body)
	}
}

func TestConcurrentCreatesOfOnePairRaceOnlyWhenAskedTo(t *testing.T) {
	t.Parallel()
	for name, race := range map[string]bool{"one step": false, "check, then insert": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, client := start(t, Options{})
				s.MultiRace(race)
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						try(t, client, "POST", "work-items/", `{"name":"a","external_source":"odoo","external_id":"k"}`)
					})
				}
				all.Wait()
				made := len(s.ItemsByExternalID("odoo", "k"))
				if race && made < 2 || !race && made != 1 {
					t.Errorf("%d items", made)
				}
				if status, _, _ := try(t, client, "POST", "work-items/", `{"name":"a","external_source":"odoo","external_id":"k"}`); status != http.StatusConflict {
					t.Errorf("a later create: %d, want 409", status)
				}
			})
		})
	}
}

func TestListsInAPatchReplaceWhatWasThere(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	one := createOverAPI(t, client, `{"name":"one"}`, "labels/")
	two := createOverAPI(t, client, `{"name":"two"}`, "labels/")
	id := createOverAPI(t, client, `{"name":"a","labels":["`+one+`"]}`)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"labels":["`+two+`"]}`)
	if it, _ := s.Item(id); len(it.Labels) != 1 || it.Labels[0] != "two" {
		t.Errorf("labels %v, want two", it.Labels)
	}
}

func TestCompletedAtFollowsTheState(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a"}`)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"state":"`+recordedDone+`"}`)
	done, _ := s.Item(id)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"state":"`+recordedStarted+`"}`)
	reopened, _ := s.Item(id)
	if done.CompletedAt.IsZero() || !reopened.CompletedAt.IsZero() {
		t.Errorf("completed_at %v, then %v", done.CompletedAt, reopened.CompletedAt)
	}
}

func TestWrongFieldsAreNamedAsDjangoNamesThem(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	for body, want := range map[string]string{
		`{"name":null}`:  `{"name":["This field may not be null."]}`,
		`{"name":"  "}`:  `{"name":["This field may not be blank."]}`,
		`{"name":["a"]}`: `{"name":["Not a valid string."]}`,
		`{"name":"a","target_date":"2026-02-30"}`:                           `{"target_date":["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]}`,
		`{"name":"a","labels":"x"}`:                                         `{"labels":["Expected a list of items but got type \"str\"."]}`,
		`{"name":"a","priority":null}`:                                      `{"priority":["This field may not be null."]}`,
		`{"name":"a","start_date":"2026-02-03","target_date":"2026-02-01"}`: `{"non_field_errors":["Start date cannot exceed target date"]}`,
		`{"name":"a","description_html":""}`:                                `{"non_field_errors":["Invalid HTML passed"]}`,
		`[]`:                                                                `{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}`,
		`{"name":"a","assignees":["maria"]}`:                                `{"assignees":{"0":["“maria” is not a valid UUID."]}}`,
		`{"name":"a","state":"00000000-0000-4000-8000-000000000000","point":13}`: `{"point":["Ensure this value is less than or equal to 12."],"state":["Invalid pk \"00000000-0000-4000-8000-000000000000\" - object does not exist."]}`,
	} {
		status, got, _ := try(t, client, "POST", "work-items/", body)
		if status != http.StatusBadRequest || got != want {
			t.Errorf("%s: %d %s\nwant %s", body, status, got, want)
		}
	}
}

func TestUnknownFieldsArePassedOver(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a","due_date":"2026-10-20","description":"text"}`)
	if it, _ := s.Item(id); it.TargetDate != "" || it.DescriptionHTML != "<p></p>" {
		t.Errorf("due %q, description %q", it.TargetDate, it.DescriptionHTML)
	}
}

func TestListsAreOrderedAsAsked(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	first := createOverAPI(t, client, `{"name":"first","priority":"low"}`)
	createOverAPI(t, client, `{"name":"second","priority":"urgent"}`)
	callAPI(t, client, "PATCH", "work-items/"+first+"/", `{"name":"first"}`)
	for order, want := range map[string]string{
		"": "second", "-updated_at": "first", "created_at": "first", "priority": "second", "-priority": "first",
	} {
		list := callAPI(t, client, "GET", "work-items/?per_page=1&page=2&fields=name&order_by="+order, "")
		if !strings.Contains(list, `"results":[{"name":"`+want+`"}]`) {
			t.Errorf("order_by=%s: %s, want %s first", order, list, want)
		}
	}
}

func TestAnUnknownOrderAndAnEmptyPageSizeBreakTheServer(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	for _, query := range []string{"order_by=password", "order_by=-nonsense", "per_page=0"} {
		if status, answer, _ := try(t, client, "GET", "work-items/?"+query, ""); status != http.StatusInternalServerError {
			t.Errorf("%s: %d %s, want 500", query, status, answer)
		}
	}
}

func TestRowsMoveBetweenPagesWhilePeopleWork(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	oldest := createOverAPI(t, client, `{"name":"oldest"}`)
	createOverAPI(t, client, `{"name":"middle"}`)
	createOverAPI(t, client, `{"name":"newest"}`)
	const query = "work-items/?per_page=2&fields=name&order_by=-updated_at"
	if page := callAPI(t, client, "GET", query, ""); strings.Contains(page, "oldest") {
		t.Fatalf("page 1: %s", page)
	}
	callAPI(t, client, "PATCH", "work-items/"+oldest+"/", `{"name":"oldest"}`)
	if page := callAPI(t, client, "GET", query+"&cursor=2:1:0", ""); strings.Contains(page, "oldest") || !strings.Contains(page, "middle") {
		t.Errorf("page 2 after the move: %s, want middle again and oldest missed", page)
	}
}

func TestOldServersRouteIssuesOnly(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{OldPaths: true})
	if status, _, _ := try(t, client, "GET", "work-items/", ""); status != http.StatusNotFound {
		t.Errorf("work-items/: %d, want 404", status)
	}
	id := createOverAPI(t, client, `{"name":"a"}`, "issues/")
	callAPI(t, client, "GET", "issues/"+id+"/", "")
}

func TestPostWithoutFinalSlashIsLost(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	status, answer, _ := try(t, client, "POST", "work-items", `{"name":"a"}`)
	if len(s.Items()) != 0 || status != http.StatusOK || field(t, answer, "total_count") != "0" {
		t.Errorf("%d items, %d %s; want the list that the redirect leads to", len(s.Items()), status, answer)
	}
}

func TestGuestsReadOnly(t *testing.T) {
	t.Parallel()
	seed := recordedSeed()
	seed.People[1].Role = 5
	s := New(Options{Seed: seed})
	client := &http.Client{Transport: s.RoundTripper()}
	callAPI(t, client, "GET", "work-items/", "")
	if status, _, _ := try(t, client, "POST", "work-items/", `{"name":"a"}`); status != http.StatusForbidden {
		t.Errorf("status %d, want 403", status)
	}
}

func TestItemIsReadByItsNumber(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a"}`)
	if got := callAPI(t, client, "GET", "/api/v1/workspaces/insightpulseai/work-items/BIR-1/", ""); field(t, got, "id") != id {
		t.Errorf("BIR-1 is %s", got)
	}
}

func TestCommentsAndLinksCanBeReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	item := createOverAPI(t, client, `{"name":"a"}`)
	for kind, bodies := range map[string][2]string{
		"comments": {`{"comment_html":"<p>1</p>"}`, `{"comment_html":"<p>2</p>"}`},
		"links":    {`{"url":"https://a.example/"}`, `{"url":"https://b.example/"}`},
	} {
		list := "work-items/" + item + "/" + kind + "/"
		one := list + createOverAPI(t, client, bodies[0], list) + "/"
		callAPI(t, client, "PATCH", one, bodies[1])
		name := "comment_html"
		if kind == "links" {
			name = "url"
		}
		if got := callAPI(t, client, "GET", one, ""); !strings.Contains(bodies[1], field(t, got, name)) {
			t.Errorf("%s after PATCH: %s", kind, got)
		}
		callAPI(t, client, "DELETE", one, "")
		if status, _, _ := try(t, client, "GET", one, ""); status != http.StatusNotFound {
			t.Errorf("%s after DELETE: %d, want 404", kind, status)
		}
	}
}

func TestLabelsAndStatesCanBeChanged(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	label := "labels/" + createOverAPI(t, client, `{"name":"old"}`, "labels/") + "/"
	callAPI(t, client, "PATCH", label, `{"name":"new"}`)
	if got := callAPI(t, client, "GET", label, ""); field(t, got, "name") != "new" {
		t.Errorf("label: %s", got)
	}
	state := "states/" + createOverAPI(t, client, `{"name":"Review","color":"#fff","group":"started"}`, "states/") + "/"
	item := createOverAPI(t, client, `{"name":"a","state":"`+state[len("states/"):len(state)-1]+`"}`)
	if status, body, _ := try(t, client, "DELETE", state, ""); status != http.StatusBadRequest {
		t.Errorf("deleting a state that is in use: %d %s, want 400", status, body)
	}
	callAPI(t, client, "DELETE", "work-items/"+item+"/", "")
	callAPI(t, client, "DELETE", state, "")
}

func TestProjectsDoNotMix(t *testing.T) {
	t.Parallel()
	seed := recordedSeed()
	seed.Projects = append(seed.Projects, SeedProject{Name: "Tasks", Identifier: "TSK"})
	s := New(Options{Seed: seed, Limit: 100})
	client := &http.Client{Transport: s.RoundTripper()}
	other := "/api/v1/workspaces/insightpulseai/projects/" + s.ProjectIDs()[1] + "/"
	id := createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k"}`)
	createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k"}`, other+"work-items/")
	if status, _, _ := try(t, client, "GET", other+"work-items/"+id+"/", ""); status != http.StatusNotFound {
		t.Errorf("an item of another project: %d, want 404", status)
	}
	status, body, _ := try(t, client, "POST", other+"work-items/", `{"name":"b","state":"`+recordedDone+`"}`)
	if status != http.StatusBadRequest || body != `{"non_field_errors":["State is not valid please pass a valid state_id"]}` {
		t.Errorf("a state of another project: %d %s", status, body)
	}
	label := createOverAPI(t, client, `{"name":"one"}`, "labels/")
	if got := callAPI(t, client, "POST", other+"work-items/", `{"name":"c","labels":["`+label+`"]}`); field(t, got, "labels") != "[]" {
		t.Errorf("a label of another project: %s", got)
	}
}

func TestWhatIsNotSimulatedSaysSo(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	if status, _, _ := try(t, client, "POST", "modules/", `{"name":"a"}`); status != http.StatusNotImplemented {
		t.Errorf("status %d, want 501", status)
	}
}
