package planetest

import (
	"net/http"
	"strings"
	"testing"
)

// otherProject is a second project of the workspace.
func withOtherProject(options Options) Options {
	options.Seed = recordedSeed()
	options.Seed.Projects = append(options.Seed.Projects, SeedProject{Name: "Month end close", Identifier: "MEC"})
	return options
}

// startWith makes a server whose seed is already in the options.
func startWith(t *testing.T, options Options) (*Server, *http.Client) {
	t.Helper()
	options.Limit = orDefault(options.Limit, 6000)
	s := New(options)
	t.Cleanup(s.Close)
	return s, &http.Client{Transport: s.RoundTripper()}
}

func projectPath(id string) string {
	return "/api/v1/workspaces/insightpulseai/projects/" + id + "/"
}

func wantStatus(t *testing.T, client *http.Client, method, path, body string, want int) string {
	t.Helper()
	status, answer, _ := try(t, client, method, path, body)
	if status != want {
		t.Errorf("%s %s: %d %s, want %d", method, path, status, answer, want)
	}
	return answer
}

func TestAnArchivedProjectListsNothingAndStillTakesWrites(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	label := createOverAPI(t, client, `{"name":"l","color":"#111111"}`, "labels/")
	id := createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k"}`)
	quiesce(t, s)
	before := len(to.all())
	if err := s.ArchiveProject("maria", recordedProject); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"work-items/", "states/", "labels/"} {
		if page := wantStatus(t, client, "GET", list, "", http.StatusOK); field(t, page, "total_count") != "0" {
			t.Errorf("%s shows %s", list, page)
		}
	}
	if page := wantStatus(t, client, "GET", "", "", http.StatusOK); field(t, page, "archived_at") == "None" {
		t.Errorf("the project does not say that it is archived: %s", page)
	}
	for _, gone := range []string{"work-items/" + id + "/", "states/" + s.Items()[0].StateID + "/", "labels/" + label + "/"} {
		wantStatus(t, client, "GET", gone, "", http.StatusNotFound)
	}
	found := wantStatus(t, client, "GET", "work-items/?external_source=odoo&external_id=k", "", http.StatusOK)
	if field(t, found, "id") != id || field(t, found, "archived_at") != "None" {
		t.Errorf("look-up: %s", found)
	}
	wantStatus(t, client, "GET", "work-items/?external_source=odoo&external_id=none", "", http.StatusNotFound)
	wantStatus(t, client, "PATCH", "work-items/"+id+"/", `{"name":"b"}`, http.StatusOK)
	wantStatus(t, client, "POST", "work-items/", `{"name":"c"}`, http.StatusCreated)
	quiesce(t, s)
	if n := len(to.all()); n != before+2 {
		t.Errorf("%d webhooks of an archived project's writes, want 2 and none of the archiving", n-before)
	}
	if err := s.RestoreProject("maria", recordedProject); err != nil {
		t.Fatal(err)
	}
	if page := callAPI(t, client, "GET", "work-items/", ""); field(t, page, "total_count") != "2" {
		t.Errorf("after the restore: %s", page)
	}
}

func TestAnIntakeItemIsFoundByItsPairOnlyUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	id, err := s.CreateIntakeItem("maria", NewItem{Name: "late", ExternalSource: "odoo", ExternalID: "k"})
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, client, "GET", "work-items/"+id+"/", "", http.StatusNotFound)
	if page := callAPI(t, client, "GET", "work-items/", ""); field(t, page, "total_count") != "0" {
		t.Errorf("the list has it: %s", page)
	}
	found := callAPI(t, client, "GET", "work-items/?external_source=odoo&external_id=k&expand=state", "")
	if field(t, found, "archived_at") != "None" || !strings.Contains(found, `"group":"triage"`) {
		t.Errorf("look-up: %s", found)
	}
	triage := s.Items()[0].StateID
	if page := callAPI(t, client, "GET", "states/", ""); strings.Contains(page, triage) {
		t.Errorf("the states have triage: %s", page)
	}
	wantStatus(t, client, "GET", "states/"+triage+"/", "", http.StatusNotFound)
	wantStatus(t, client, "POST", "work-items/", `{"name":"b","state":"`+triage+`"}`, http.StatusBadRequest)
	quiesce(t, s)
	if n := len(to.all()); n != 0 {
		t.Errorf("%d webhooks, want none", n)
	}
	wantStatus(t, client, "PATCH", "work-items/"+id+"/", `{"priority":"high"}`, http.StatusOK)
	quiesce(t, s)
	if got := to.all(); len(got) != 1 || got[0].text(t, "data", "state", "group") != "triage" {
		t.Errorf("webhooks of the PATCH: %v", got)
	}
	if err := s.AcceptIntakeItem("maria", id); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, client, "GET", "work-items/"+id+"/", "", http.StatusOK)
	quiesce(t, s)
	if it, _ := s.Item(id); it.StateGroup != "backlog" || len(to.all()) != 1 {
		t.Errorf("accepted into %s with %d webhooks, want backlog and no further one", it.StateGroup, len(to.all())-1)
	}
}

func TestAnItemThatMovesToAnotherProjectIsGoneFromTheOldOne(t *testing.T) {
	t.Parallel()
	to := &receiver{}
	s, client := startWith(t, withOtherProject(Options{WebhookTransport: HandlerTransport{Handler: to}}))
	s.AddWebhook("http://bridge/hook", "secret", V1)
	label := createOverAPI(t, client, `{"name":"l","color":"#111111"}`, "labels/")
	id := createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k","labels":["`+label+`"]}`)
	createOverAPI(t, client, `{"comment_html":"<p>c</p>"}`, "work-items/"+id+"/comments/")
	createOverAPI(t, client, `{"url":"https://example.com"}`, "work-items/"+id+"/links/")
	if err := s.MoveItem("maria", id, "started"); err != nil {
		t.Fatal(err)
	}
	quiesce(t, s)
	other := s.ProjectIDs()[1]
	if err := s.MoveItemToProject("maria", id, other); err != nil {
		t.Fatal(err)
	}
	quiesce(t, s)
	wantStatus(t, client, "GET", "work-items/"+id+"/", "", http.StatusNotFound)
	wantStatus(t, client, "PATCH", "work-items/"+id+"/", `{"name":"x"}`, http.StatusNotFound)
	wantStatus(t, client, "GET", "work-items/?external_source=odoo&external_id=k", "", http.StatusNotFound)
	for _, below := range []string{"comments/", "links/"} {
		if page := callAPI(t, client, "GET", "work-items/"+id+"/"+below, ""); field(t, page, "total_count") != "0" {
			t.Errorf("the old project still has its %s %s", below, page)
		}
	}
	wantStatus(t, client, "POST", "work-items/"+id+"/links/", `{"url":"https://example.org"}`, http.StatusBadRequest)
	if page := callAPI(t, client, "GET", "work-items/", ""); field(t, page, "total_count") != "0" {
		t.Errorf("the old project lists %s", page)
	}
	there := projectPath(other) + "work-items/"
	found := callAPI(t, client, "GET", there+"?external_source=odoo&external_id=k", "")
	if field(t, found, "id") != id || field(t, found, "project") != other || strings.Contains(found, label) {
		t.Errorf("in the new project: %s", found)
	}
	for _, below := range []string{"comments/", "links/"} {
		if page := callAPI(t, client, "GET", there+id+"/"+below, ""); field(t, page, "total_count") != "1" {
			t.Errorf("the new project has these %s %s", below, page)
		}
	}
	last := to.all()[len(to.all())-1]
	if last.text(t, "data", "project") != other || last.text(t, "activity", "field") != "project" || last.text(t, "data", "state", "group") != "started" {
		t.Errorf("webhook: %s", last.body)
	}
}

func TestAStrangerToAProjectIsToldNothingButTheProjectItself(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k"}`)
	if err := s.SetProjectRole(recordedProject, "bridge", 0); err != nil {
		t.Fatal(err)
	}
	used := len(s.limits[s.BotKey()].times)
	unknown := projectPath("00000000-0000-4000-8000-000000000001")
	for _, project := range []string{projectPath(recordedProject), unknown} {
		for _, path := range []string{"work-items/", "work-items/" + id + "/", "work-items/?external_source=odoo&external_id=k", "states/", "labels/", "members/"} {
			status, _, header := try(t, client, "GET", project+path, "")
			if status != http.StatusForbidden || header.Get("X-RateLimit-Remaining") != "" {
				t.Errorf("%s: %d with remaining %q, want 403 without", path, status, header.Get("X-RateLimit-Remaining"))
			}
		}
		wantStatus(t, client, "POST", project+"work-items/", `{"name":"b"}`, http.StatusForbidden)
		wantStatus(t, client, "PATCH", project+"work-items/"+id+"/", `{"name":"b"}`, http.StatusForbidden)
	}
	if n := len(s.limits[s.BotKey()].times); n != used {
		t.Errorf("%d refusals counted against the limit", n-used)
	}
	wantStatus(t, client, "GET", unknown, "", http.StatusNotFound)
	if page := wantStatus(t, client, "GET", "", "", http.StatusOK); field(t, page, "is_member") != "False" || field(t, page, "member_role") != "None" {
		t.Errorf("the project says %s", page)
	}
	if err := s.SetProjectRole(recordedProject, "bridge", 5); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, client, "GET", "work-items/", "", http.StatusOK)
	wantStatus(t, client, "PATCH", "work-items/"+id+"/", `{"name":"b"}`, http.StatusForbidden)
}

func TestForeignLabelsAndStrangersAreLeftOutWithoutAWord(t *testing.T) {
	t.Parallel()
	s, client := startWith(t, withOtherProject(Options{}))
	mine := createOverAPI(t, client, `{"name":"mine","color":"#111111"}`, "labels/")
	foreign := createOverAPI(t, client, `{"name":"foreign","color":"#111111"}`, projectPath(s.ProjectIDs()[1])+"labels/")
	if err := s.SetProjectRole(recordedProject, "maria", 0); err != nil {
		t.Fatal(err)
	}
	id := createOverAPI(t, client, `{"name":"a"}`)
	answer := wantStatus(t, client, "PATCH", "work-items/"+id+"/",
		`{"labels":["`+mine+`","`+foreign+`"],"assignees":["`+recordedMaria+`","`+recordedBot+`"]}`, http.StatusOK)
	if !strings.Contains(answer, `"assignees":["`+recordedBot+`"],"labels":["`+mine+`"]`) {
		t.Errorf("answer: %s", answer)
	}
	const nobody = "00000000-0000-0000-0000-000000000000"
	refused := wantStatus(t, client, "PATCH", "work-items/"+id+"/", `{"labels":["`+mine+`","`+nobody+`"]}`, http.StatusBadRequest)
	if !strings.Contains(refused, `{"labels":{"1":["Invalid pk`) {
		t.Errorf("an id that exists nowhere: %s", refused)
	}
}

func TestStateNullIsTheDefaultStateAndNoStateKeepsIt(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id := createOverAPI(t, client, `{"name":"a","state":"`+recordedDone+`"}`)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"name":"b"}`)
	if it, _ := s.Item(id); it.StateGroup != "completed" {
		t.Errorf("a PATCH of the name moved it to %s", it.StateGroup)
	}
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"state":null}`)
	if it, _ := s.Item(id); it.StateGroup != "backlog" {
		t.Errorf("state null moved it to %s, want backlog", it.StateGroup)
	}
}

func TestAPatchToATakenPairNamesTheWrongItem(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	createOverAPI(t, client, `{"name":"a","external_source":"odoo","external_id":"k"}`)
	id := createOverAPI(t, client, `{"name":"b"}`)
	answer := wantStatus(t, client, "PATCH", "work-items/"+id+"/", `{"external_source":"odoo","external_id":"k"}`, http.StatusConflict)
	if field(t, answer, "id") != id {
		t.Errorf("the 409 names %s, want the item that was patched, %s", field(t, answer, "id"), id)
	}
}

func TestArchivedAtInAPatchArchivesAndRestoresWithAWebhook(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	id := createOverAPI(t, client, `{"name":"a"}`)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"archived_at":"2026-11-26"}`)
	wantStatus(t, client, "GET", "work-items/"+id+"/", "", http.StatusNotFound)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"archived_at":null}`)
	wantStatus(t, client, "GET", "work-items/"+id+"/", "", http.StatusOK)
	quiesce(t, s)
	var fields []string
	for _, d := range s.Deliveries() {
		fields = append(fields, d.Field)
	}
	if strings.Join(fields, " ") != " archived_at archived_at" || len(to.all()) != 3 {
		t.Errorf("webhooks about %q", fields)
	}
}

func TestALabelThatTakesAnothersNameIsRefusedWithoutTheOthersID(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	createOverAPI(t, client, `{"name":"a","color":"#111111"}`, "labels/")
	id := createOverAPI(t, client, `{"name":"b","color":"#111111"}`, "labels/")
	if answer := wantStatus(t, client, "PATCH", "labels/"+id+"/", `{"name":"a"}`, http.StatusBadRequest); !strings.Contains(answer, "payload") {
		t.Errorf("answer: %s", answer)
	}
}

func TestABodyOverFiveMebibytesIsRefusedAndCountsNothing(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	body := func(size int) string {
		return `{"name":"a","description_html":"<p>` + strings.Repeat("x", size) + `</p>"}`
	}
	wantStatus(t, client, "POST", "work-items/", body(5<<20), http.StatusRequestEntityTooLarge)
	if len(s.Items()) != 0 || s.RequestTotal() != 0 {
		t.Errorf("%d items and %d requests, want none", len(s.Items()), s.RequestTotal())
	}
	wantStatus(t, client, "POST", "work-items/", body(5<<20-100), http.StatusCreated)
}

func TestOnlyAdminsAndTheCreatorDelete(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	theirs, err := s.CreateItem("maria", NewItem{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetProjectRole(recordedProject, "bridge", 15); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, client, "DELETE", "work-items/"+theirs+"/", "", http.StatusForbidden)
	mine := createOverAPI(t, client, `{"name":"b"}`)
	wantStatus(t, client, "DELETE", "work-items/"+mine+"/", "", http.StatusNoContent)
}
