package odootest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func TestActivityOnADeadlineWorksOnlyWithoutAnAssignee(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	activity := map[string]any{"res_model_id": deadlineModelID, "res_id": 1, "summary": "look", "user_id": false}
	rpc(t, s, "mail.activity", "create", activity)
	activity["user_id"] = 2
	_, err := tryRPC(s.RoundTripper(), s.Admin(), "mail.activity", "create", []any{activity}, nil)
	wantClass(t, err, "builtins.AttributeError")
	if got := len(s.Records("mail.activity")); got != 1 {
		t.Errorf("%d activities", got)
	}
}

func TestFinishedActivityStaysArchivedWhenItIsLoadedAgain(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	load := func() {
		rpc(t, s, "mail.activity", "load", []string{"id", "res_model_id/id", "res_id", "summary", "user_id/.id"},
			[]any{[]any{"planebridge.a", "ipai_bir_tax_compliance.model_bir_tax_return", "1", "look", "2"}})
	}
	load()
	rpc(t, s, "mail.activity", "action_feedback", []int64{1})
	load()
	if got := fmt.Sprint(rpc(t, s, "mail.activity", "search", []any{})); got != "[]" {
		t.Errorf("open activities %s", got)
	}
	if got := fmt.Sprint(rpc(t, s, "mail.activity", "search", []any{[]any{"active", "in", []bool{true, false}}})); got != "[1]" {
		t.Errorf("all activities %s", got)
	}
}

func TestNoteIsEscapedUnlessItSaysItIsHTML(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	post := func(kwargs map[string]any) {
		if _, err := tryRPC(s.RoundTripper(), s.Admin(), taxReturnModel, "message_post", []any{[]int64{1}}, kwargs); err != nil {
			t.Fatal(err)
		}
	}
	post(map[string]any{"body": "<b>Done</b>"})
	post(map[string]any{"body": "<b>Done</b>", "body_is_html": true})
	notes := s.Records("mail.message")
	if notes[0]["body"] != "<p>&lt;b&gt;Done&lt;/b&gt;</p>" || notes[1]["body"] != "<b>Done</b>" {
		t.Errorf("notes %v and %v", notes[0]["body"], notes[1]["body"])
	}
}

func TestTaskHasFourPrioritiesFromOdoo19On(t *testing.T) {
	t.Parallel()
	for version, class := range map[int]string{17: "builtins.ValueError", 18: "builtins.ValueError", 19: ""} {
		s := New(Options{Version: version})
		_, err := tryRPC(s.RoundTripper(), s.Admin(), "project.task", "create",
			[]any{map[string]any{"name": "t", "project_id": 1, "priority": "3"}}, nil)
		if class == "" && err == nil {
			continue
		}
		wantClass(t, err, class)
	}
}

func TestArchivedTaskLeavesSearchesThatDoNotAskForIt(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	id := s.Add("project.task", map[string]any{"name": "t", "project_id": int64(1)})
	rpc(t, s, "project.task", "write", []int64{id}, map[string]any{"active": false})
	if got := rpc(t, s, "project.task", "search_count", []any{}); got != int64(0) {
		t.Errorf("%v tasks", got)
	}
	unfiltered, err := tryRPC(s.RoundTripper(), s.Admin(), "project.task", "search_count", []any{[]any{}},
		map[string]any{"context": map[string]any{"active_test": false}})
	if err != nil || unfiltered != int64(1) {
		t.Errorf("%v tasks with active_test off, error %v", unfiltered, err)
	}
}

func TestManyDifferentWritesAreOneCall(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	rpc(t, s, deadlineModel, "web_save_multi", []int64{1, 2}, []any{map[string]any{"name": "a"}, map[string]any{"name": "b"}}, map[string]any{})
	if all := s.Deadlines(); all[0].Name != "a" || all[1].Name != "b" || s.Calls()[deadlineModel+".web_save_multi"] != 1 {
		t.Errorf("names %s and %s, calls %v", all[0].Name, all[1].Name, s.Calls())
	}
	_, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "web_save_multi",
		[]any{[]int64{1, 2}, []any{map[string]any{"name": "c"}, map[string]any{"state": "none"}}, map[string]any{}}, nil)
	wantClass(t, err, "builtins.ValueError")
	if s.Deadlines()[0].Name != "a" {
		t.Error("half of a refused call was kept")
	}
}

func TestManualFieldIsUsableAtOnceAndGoesWithItsRecord(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	for range 2 {
		rpc(t, s, "ir.model.fields", "load", []string{"id", "name", "field_description", "model_id/id", "ttype", "selection"},
			[]any{[]any{
				"planebridge.status", "x_plane_sync_status", "Status", "ipai_bir_tax_compliance.model_bir_filing_deadline",
				"selection", "[('synced', 'Synced'), ('error', 'Error')]",
			}})
	}
	rpc(t, s, deadlineModel, "write", []int64{1}, map[string]any{"x_plane_sync_status": "synced"})
	if got := rpc(t, s, deadlineModel, "search", []any{[]any{"x_plane_sync_status", "=", "synced"}}); fmt.Sprint(got) != "[1]" {
		t.Errorf("found %v", got)
	}
	s.Remove("ir.model.fields", s.ExternalIDs("ir.model.fields")["planebridge.status"])
	_, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "search", []any{[]any{[]any{"x_plane_sync_status", "=", "synced"}}}, nil)
	wantClass(t, err, "builtins.ValueError")
}

func TestSecondDatabaseIsReachedByNameOnly(t *testing.T) {
	t.Parallel()
	s := New(Options{Databases: []string{"odoo", "other"}})
	s.GenerateDeadlines(1, 2026)
	for database, want := range map[string]string{"odoo": "60", "other": "0", "": "404"} {
		if got := countOverJSON2(s, database); got != want {
			t.Errorf("database %q: %s, want %s", database, got, want)
		}
	}
}

// countOverJSON2 counts the deadlines of a database; a refusal is given by its status.
func countOverJSON2(s *Server, database string) string {
	request := httptest.NewRequest(http.MethodPost, "/json/2/"+deadlineModel+"/search_count", strings.NewReader(`{"domain": []}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.Admin().APIKey)
	request.Header.Set("X-Odoo-Database", database)
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		return strconv.Itoa(answer.Code)
	}
	return strings.TrimSpace(answer.Body.String())
}
