package planetest

import (
	"net/http"
	"strings"
	"testing"
)

func TestIntakeOverTheAPI(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{})
	const late = `{"issue":{"name":"late","priority":"medium"}}`
	if answer := wantStatus(t, client, "POST", "intake-issues/", late, http.StatusBadRequest); !strings.Contains(answer, "not enabled") {
		t.Errorf("with Intake off: %s", answer)
	}
	callAPI(t, client, "PATCH", "", `{"intake_view":true}`)
	wantStatus(t, client, "POST", "intake-issues/", `{"issue":{}}`, http.StatusBadRequest)
	wantStatus(t, client, "POST", "intake-issues/", `{"issue":{"name":"late","priority":"soon"}}`, http.StatusBadRequest)
	id := field(t, callAPI(t, client, "POST", "intake-issues/", late), "issue")
	path := "intake-issues/" + id + "/"
	if entry := callAPI(t, client, "GET", path, ""); field(t, entry, "status") != "-2" {
		t.Errorf("made as %s", entry)
	}
	wantStatus(t, client, "PATCH", path, `{"status":7}`, http.StatusBadRequest)
	wantStatus(t, client, "PATCH", path, `{"issue":{"priority":"soon"}}`, http.StatusBadRequest)
	entry := callAPI(t, client, "PATCH", path, `{"status":1,"issue":{"name":"in time"}}`)
	if field(t, entry, "status") != "1" || !strings.Contains(entry, `"name":"in time"`) || !strings.Contains(entry, `"group":"backlog"`) {
		t.Errorf("accepted as %s", entry)
	}
	wantStatus(t, client, "GET", "work-items/"+id+"/", "", http.StatusOK)
	other := createOverAPI(t, client, `{"name":"not from Intake"}`)
	for _, method := range []string{"GET", "PATCH"} {
		wantStatus(t, client, method, "intake-issues/"+other+"/", `{}`, http.StatusNotFound)
	}
}
