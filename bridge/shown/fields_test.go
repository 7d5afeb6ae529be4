package shown

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// samples are two values for each field that takes no text as it comes.
var samples = map[mapping.Field][2]string{
	mapping.FieldDescription: {"<p>one</p>", "<p>two</p>"},
	mapping.FieldPriority:    {"high", "low"},
	mapping.FieldState:       {"unstarted", "started"},
	mapping.FieldLabels:      {"area:compliance\nstatus:upcoming", "area:compliance"},
}

// sample is a content in which every field says something: the first of two.
func sample(which int) mapping.Fields {
	var content mapping.Fields
	for i, field := range mapping.AllFields {
		value, chosen := samples[field]
		if !chosen { // A day is a text, too.
			value = [2]string{fmt.Sprintf("2026-01-%02d", 28-i), fmt.Sprintf("2026-02-%02d", 28-i)}
		}
		content = content.WithText(field, value[which])
	}
	return content
}

// plainPlane is a simulated Plane and its project.
func plainPlane(t *testing.T) (*plane.Client, *plane.Catalog, string) {
	t.Helper()
	server := planetest.New(planetest.Options{})
	t.Cleanup(server.Close)
	client, err := plane.New(plane.Config{
		BaseURL: "http://plane.example", Workspace: server.WorkspaceSlug(), Auth: plane.APIKey(server.BotKey()),
		HTTPClient: &http.Client{Transport: server.RoundTripper()}, Budget: plane.NewBudget(plane.WithAssumedLimit(1_000_000)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, plane.NewCatalog(client), server.ProjectID()
}

func TestEveryFieldOfAContentHasOneRow(t *testing.T) {
	t.Parallel()
	var rows []mapping.Field
	for _, column := range columns {
		rows = append(rows, column.field)
	}
	slices.Sort(rows)
	if diff := cmp.Diff(slices.Sorted(slices.Values(mapping.AllFields)), rows); diff != "" || len(rows) != reflect.TypeFor[mapping.Fields]().NumField() {
		t.Errorf("fields without a row, or rows without a field (-fields +rows):\n%s", diff)
	}
}

func TestWhatIsCreatedIsReadAsTheSameContent(t *testing.T) {
	t.Parallel()
	client, catalog, project := plainPlane(t)
	request, err := NewWorkItem(t.Context(), catalog, project, sample(0))
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.CreateWorkItem(t.Context(), project, request)
	if err != nil {
		t.Fatal(err)
	}
	for name, view := range map[string]plane.View{"as ids": {}, "as objects": View} {
		item, err := client.WorkItem(t.Context(), project, created.ID, view)
		if err != nil {
			t.Fatal(err)
		}
		content, err := Content(t.Context(), catalog, project, item)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sample(0), content); diff != "" {
			t.Errorf("read %s, the content is another (-written +read):\n%s", name, diff)
		}
	}
}

// Each field is changed by itself: the others stay, people's labels too, and both the
// content and the work item show which it was.
func TestAChangeOfOneFieldIsThatFieldAlone(t *testing.T) {
	t.Parallel()
	client, catalog, project := plainPlane(t)
	for _, field := range mapping.AllFields {
		before := sample(0)
		request, err := NewWorkItem(t.Context(), catalog, project, before)
		if err != nil {
			t.Fatal(err)
		}
		item, err := client.CreateWorkItem(t.Context(), project, request)
		if err != nil {
			t.Fatal(err)
		}
		patch, err := Patch(t.Context(), catalog, project, Change{
			Wanted: sample(1), Fields: []mapping.Field{field}, Ours: before, Labels: item.Labels.IDs(),
		})
		if err != nil {
			t.Fatal(err)
		}
		changed, err := client.UpdateWorkItem(t.Context(), project, item.ID, patch)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Content(t.Context(), catalog, project, changed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]mapping.Field{field}, before.Differing(after)); diff != "" || after.Text(field) != sample(1).Text(field) {
			t.Errorf("%s: fields that differ after the change (-want +got):\n%s", field, diff)
		}
		if Alike(item, changed) || !Alike(changed, changed) {
			t.Errorf("%s: the two work items pass for alike", field)
		}
	}
}

func TestWhatAnAnswerDoesNotShowIsLeftAsKnown(t *testing.T) {
	t.Parallel()
	known := sample(0)
	for _, column := range columns {
		empty := sample(1).WithText(column.field, "")
		if got := AsKnown(empty, known, column.wire); got.Text(column.field) != known.Text(column.field) {
			t.Errorf("%s was left out of the answer and reads %q", column.field, got.Text(column.field))
		}
		shown := AsKnown(empty, known)
		if stays := shown.Text(column.field) == known.Text(column.field); stays != (column.field == mapping.FieldState) {
			t.Errorf("%s is empty in the answer and reads %q", column.field, shown.Text(column.field))
		}
	}
}

// A label that a person added is in no content of ours, and stays.
func TestAPersonsLabelStaysWhenOursAreReplaced(t *testing.T) {
	t.Parallel()
	_, catalog, project := plainPlane(t)
	ids, err := catalog.LabelIDs(t.Context(), project, "mine", "area:compliance", "status:upcoming")
	if err != nil {
		t.Fatal(err)
	}
	patch, err := Patch(t.Context(), catalog, project, Change{
		Wanted: sample(1), Fields: []mapping.Field{mapping.FieldLabels}, Ours: sample(0), Labels: ids,
	})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := patch.LabelIDs.Get()
	if diff := cmp.Diff(ids[:2], got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}
