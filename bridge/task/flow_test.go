package task_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// links is a mapping that holds what a test says is mirrored.
type links map[mapping.Key]mapping.Link

func (l links) All(context.Context, mapping.Scope) ([]mapping.Link, error) {
	var all []mapping.Link
	for key, link := range l {
		link.Key = key
		all = append(all, link)
	}
	return all, nil
}

func (l links) ByKey(_ context.Context, _ mapping.Scope, key mapping.Key) (mapping.Link, error) {
	link, found := l[key]
	if !found {
		return link, mapping.ErrNoLink
	}
	return link, nil
}

// office is a simulated Odoo with a flow over its project.
type office struct {
	odoo  *odootest.Server
	links links
	flow  *task.Flow
}

func newOffice(t *testing.T, options odootest.Options) office {
	t.Helper()
	server := odootest.New(options)
	user := server.LeastPrivilege()
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.test", Database: "odoo", Login: user.Login, Secret: user.APIKey, HTTPClient: &http.Client{Transport: server.RoundTripper()},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := office{odoo: server, links: links{}}
	o.flow = task.New(task.Config{
		Odoo: client, OdooProjectID: 1, Workspace: "w", ProjectID: "p", Location: time.FixedZone("Manila", 8*60*60), Links: o.links,
	})
	return o
}

func (o office) add(values map[string]any) int64 {
	values["project_id"] = int64(1)
	return o.odoo.Add(task.Model, values)
}

func (o office) keys(t *testing.T) []mapping.Key {
	t.Helper()
	wanted, err := o.flow.Wanted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var keys []mapping.Key
	for _, item := range wanted.Items {
		keys = append(keys, item.Key)
	}
	return keys
}

func TestOnlyTheProjectsOwnTasksAreWanted(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odootest.Options{})
	other := o.odoo.Add("project.project", map[string]any{"name": "Another"})
	o.add(map[string]any{"name": "one"})
	stranger := o.odoo.Add(task.Model, map[string]any{"name": "elsewhere", "project_id": other})
	o.add(map[string]any{"name": "old", "active": false})
	o.add(map[string]any{"name": "old and mirrored", "active": false})
	o.links["project.task,4"] = mapping.Link{}
	if diff := cmp.Diff([]mapping.Key{"project.task,1", "project.task,4"}, o.keys(t)); diff != "" {
		t.Errorf("wanted (-want +got):\n%s", diff)
	}
	if _, err := o.flow.KeyOf(t.Context(), stranger); !errors.Is(err, bridge.ErrNoRecord) {
		t.Errorf("a task of another project: %v", err)
	}
	if _, err := o.flow.WantedFor(t.Context(), "project.task,3"); !errors.Is(err, bridge.ErrNoRecord) {
		t.Errorf("an archived task that never was mirrored: %v", err)
	}
	item, err := o.flow.WantedFor(t.Context(), "project.task,4")
	if err != nil || item.Fields.Group != "cancelled" || item.OdooID != 4 {
		t.Errorf("an archived task that is mirrored: %+v, %v", item, err)
	}
	if calls := o.odoo.Calls()["project.task.fields_get"]; calls != 1 {
		t.Errorf("the fields were asked for %d times", calls)
	}
}

func TestAnOlderOdooIsWrittenWhatItKnows(t *testing.T) {
	t.Parallel()
	for _, version := range []int{17, 18} {
		o := newOffice(t, odootest.Options{Version: version})
		id := o.add(map[string]any{"name": "one"})
		item, err := o.flow.WantedFor(t.Context(), "project.task,1")
		if err != nil {
			t.Fatal(err)
		}
		link := mapping.Link{Key: item.Key, LastPushed: item.Fields, Written: item.Fields}
		now := item.Fields
		now.Priority, now.TargetDate = "urgent", "2026-03-02"
		o.flow.FromPlane(t.Context(), link, bridge.WorkItemState{Fields: now})
		for _, record := range o.odoo.Records(task.Model) {
			if record["id"] == id && (record["priority"] != "1" || record["date_deadline"] != "2026-03-02 15:59:00") {
				t.Errorf("Odoo %d has priority %v and deadline %v", version, record["priority"], record["date_deadline"])
			}
		}
		if writes := len(o.odoo.Writes()); writes != 1 {
			t.Errorf("Odoo %d was written %d times", version, writes)
		}
	}
}

func TestACommentIsOneNoteHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odootest.Options{})
	o.add(map[string]any{"name": "one"})
	comment := bridge.CommentState{ID: "0c1f8a5e-0000-4000-8000-000000000001", HTML: "<p>first</p>", Author: "maria <m>"}
	for range 3 {
		o.flow.CommentFromPlane(t.Context(), mapping.Link{Key: "project.task,1"}, comment)
	}
	comment.HTML = "<p>edited</p>"
	o.flow.CommentFromPlane(t.Context(), mapping.Link{Key: "project.task,1"}, comment)
	var bodies []string
	for _, message := range o.odoo.Records("mail.message") {
		if message["model"] == task.Model && message["res_id"] == int64(1) {
			bodies = append(bodies, message["body"].(string))
		}
	}
	want := []string{"<p><b>maria &lt;m&gt;</b> in Plane:</p><p>first</p>", "<p><b>maria &lt;m&gt;</b> in Plane:</p><p>edited</p>"}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestAFieldThatIsGoneIsAskedForAnew: Odoo is upgraded, or a module taken off it,
// while the bridge runs.
func TestAFieldThatIsGoneIsAskedForAnew(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odootest.Options{})
	o.keys(t)
	o.odoo.Fail(odootest.Fault{Kind: odootest.ErrorObject, Model: task.Model, Method: "search_read", Name: "builtins.ValueError", Message: "Invalid field 'is_template'"})
	_, err := o.flow.Wanted(t.Context())
	var failure *bridge.FlowError
	if !errors.As(err, &failure) || failure.Cause != bridge.CauseOdoo || failure.Permanent || !strings.Contains(err.Error(), "is_template") {
		t.Errorf("error %v", err)
	}
	o.keys(t)
	if calls := o.odoo.Calls()["project.task.fields_get"]; calls != 2 {
		t.Errorf("the fields were asked for %d times, want once more after the failure", calls)
	}
}
