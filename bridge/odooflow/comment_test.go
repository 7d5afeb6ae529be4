package odooflow_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// chatter is a simulated Odoo with one record, and the bridge's client of it.
func chatter(t *testing.T) (server *odootest.Server, client *odoo.Client, record int64) {
	t.Helper()
	server = odootest.New(odootest.Options{})
	user := server.LeastPrivilege()
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.example", Database: "odoo", Login: user.Login, Secret: user.APIKey,
		HTTPClient: &http.Client{Transport: server.RoundTripper()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, client, server.AddReturn(1, "2550M")
}

func TestACommentOfSomebodyWhoIsGoneIsANoteOfSomebody(t *testing.T) {
	t.Parallel()
	server, client, record := chatter(t)
	comment := bridge.CommentState{ID: "3b0d3ad7-946a-434b-89f4-b45b92297f0d", HTML: "<p>a remark</p>"}
	if created, err := odooflow.LeaveComment(t.Context(), client, "bir.tax.return", record, comment); err != nil || !created {
		t.Fatalf("LeaveComment = %t, %v", created, err)
	}
	notes := server.Records("mail.message")
	if body, _ := notes[len(notes)-1]["body"].(string); !strings.HasPrefix(body, "<p><b>Somebody</b> in Plane:</p>") {
		t.Errorf("the note is %s", body)
	}
}

func TestACommentReachesOdooWithoutWhatRunsInIt(t *testing.T) {
	t.Parallel()
	server, client, record := chatter(t)
	comment := bridge.CommentState{ID: "3b0d3ad7-946a-434b-89f4-b45b92297f0d", Author: "<maria>", HTML: `<p onclick="steal()">See <b>this</b>:</p>
		<ul><li><a href="https://example.com/a">a</a></li><li><a href="javascript:steal()">b</a></li></ul>
		<script>steal()</script><iframe src="https://example.com"></iframe><form action="/"><input name="password"></form>`}
	if created, err := odooflow.LeaveComment(t.Context(), client, "bir.tax.return", record, comment); err != nil || !created {
		t.Fatalf("LeaveComment = %t, %v", created, err)
	}
	notes := server.Records("mail.message")
	if len(notes) == 0 {
		t.Fatal("there is no note")
	}
	body, _ := notes[len(notes)-1]["body"].(string)
	for _, gone := range []string{"steal", "script", "iframe", "onclick", "javascript", "<form", "<input", "<maria>"} {
		if strings.Contains(body, gone) {
			t.Errorf("the note holds %s:\n%s", gone, body)
		}
	}
	for _, kept := range []string{"<b>this</b>", "<li>", `href="https://example.com/a"`, "&lt;maria&gt;"} {
		if !strings.Contains(body, kept) {
			t.Errorf("the note lacks %s:\n%s", kept, body)
		}
	}
}
