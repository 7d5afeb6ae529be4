package mapping

import (
	"encoding/json"
	"testing"
)

func TestALinkIsShownUnderTheNamesThatScriptsRead(t *testing.T) {
	t.Parallel()
	issue, failure := "i", "away"
	got, err := json.Marshal(LineOf(Link{
		Key: "m,1", OdooID: 7, IssueID: &issue, State: Linked, LastPushed: Fields{Name: "n", TargetDate: "2026-12-01"}, LastError: &failure,
	}))
	want := `{"key":"m,1","odoo_id":7,"work_item":"i","state":"linked","name":"n","due":"2026-12-01","last_error":"away"}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}
