package plane

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// read walks a list as a sweep does: what cannot be read is reported, and the list goes on.
func read(t *testing.T, c *Client, opts ListOptions) (items []WorkItem, odd []*ItemError, err error) {
	t.Helper()
	for item, err := range c.WorkItems(t.Context(), "p", opts) {
		var unreadable *ItemError
		switch {
		case errors.As(err, &unreadable):
			odd = append(odd, unreadable)
		case err != nil:
			return items, odd, err
		default:
			items = append(items, item)
		}
	}
	return items, odd, nil
}

func ids(items []WorkItem) string {
	var all []string
	for _, item := range items {
		all = append(all, item.ID)
	}
	return strings.Join(all, " ")
}

func listed(records ...string) string {
	return fmt.Sprintf(`{"results":[%s],"next_page_results":false,"next_cursor":"","count":%d}`, strings.Join(records, ","), len(records))
}

func TestOneOddWorkItemDoesNotEndItsList(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ record, id string }{
		"a time of an unknown layout":   {`{"id":"odd","updated_at":"the day before yesterday"}`, "odd"},
		"a date of an unknown layout":   {`{"id":"odd","target_date":"31/12/2026"}`, "odd"},
		"a name that is a list":         {`{"id":"odd","name":["a"]}`, "odd"},
		"a state that is a number":      {`{"id":"odd","state":7}`, "odd"},
		"a state that is a list":        {`{"id":"odd","state":["s"]}`, "odd"},
		"labels that are an object":     {`{"id":"odd","labels":{"a":"b"}}`, "odd"},
		"labels that are numbers":       {`{"id":"odd","labels":[1]}`, "odd"},
		"a label without an id":         {`{"id":"odd","labels":[{"name":"area:compliance"}]}`, "odd"},
		"a number that is a text":       {`{"id":"odd","sequence_id":"thirteen"}`, "odd"},
		"an error beside the id":        {`{"id":"odd","error":"no"}`, "odd"},
		"an id that is a number":        {`{"id":13}`, ""},
		"no id":                         {`{"name":"n"}`, ""},
		"null":                          {`null`, ""},
		"a bare id":                     {`"odd"`, ""},
		"an array in place of a record": {`[]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &script{steps: []step{says(200, listed(`{"id":"a"}`, tc.record, `{"id":"b"}`))}}
			items, odd, err := read(t, clientOver(t, server), ListOptions{})
			if err != nil || ids(items) != "a b" || len(odd) != 1 {
				t.Fatalf("read %q, %d that cannot be read, error %v", ids(items), len(odd), err)
			}
			if odd[0].ID != tc.id || !errors.Is(odd[0], ErrUnreadable) || strings.Contains(odd[0].Error(), itemsToken) {
				t.Errorf("reported %q: %v", odd[0].ID, odd[0])
			}
		})
	}
}

func TestAListThatStopsAtAnOddRecordIsNotWhole(t *testing.T) {
	t.Parallel()
	server := &script{steps: []step{says(200, listed(`{"id":"a"}`, `{"id":"odd","created_at":"soon"}`))}}
	items, err := collect(clientOver(t, server).WorkItems(t.Context(), "p", ListOptions{}))
	if items != nil || !errors.Is(err, ErrUnreadable) {
		t.Errorf("%d work items, error %v", len(items), err)
	}
}

func TestAnOddRecordThatIsAskedForIsUnreadableNotForeign(t *testing.T) {
	t.Parallel()
	server := &script{steps: []step{says(200, `{"id":"i","updated_at":"soon"}`)}}
	_, err := clientOver(t, server).WorkItem(t.Context(), "p", "i", View{})
	if !errors.Is(err, ErrUnreadable) || errors.Is(err, ErrForeign) || len(server.asked) != 1 {
		t.Errorf("asked %d times, error %v", len(server.asked), err)
	}
}

func TestEveryShapeOfAReferenceIsRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		record string
		state  string
		group  StateGroup
		labels []string
		by     string
	}{
		"bare ids":           {`{"id":"i","state":"s","labels":["l","m"],"created_by":"u"}`, "s", "", []string{"l", "m"}, "u"},
		"objects":            {`{"id":"i","state":{"id":"s","group":"started"},"labels":[{"id":"l"},{"id":"m"}],"created_by":{"id":"u"}}`, "s", GroupStarted, []string{"l", "m"}, "u"},
		"null":               {`{"id":"i","state":null,"labels":null,"created_by":null}`, "", "", []string{}, ""},
		"left out":           {`{"id":"i"}`, "", "", []string{}, ""},
		"mixed and null":     {`{"id":"i","state":{"id":"s"},"labels":[null,"l",{"id":"m"},null],"created_by":"u"}`, "s", "", []string{"l", "m"}, "u"},
		"an odd object":      {`{"id":"i","state":{"id":"s","sequence":"first","group":"started"},"labels":[{"id":"l","name":7}],"created_by":{"id":"u","email":[]}}`, "s", "", []string{"l"}, "u"},
		"an object as None":  {`{"id":"i","state":"None","labels":["l"],"created_by":"None"}`, "", "", []string{"l"}, ""},
		"objects in objects": {`{"id":"i","state":{"id":"s","project":{"id":"p","default_state":{"id":"s"}}},"labels":[],"created_by":"u"}`, "s", "", []string{}, "u"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &script{steps: []step{says(200, tc.record)}}
			item, err := clientOver(t, server).WorkItem(t.Context(), "p", "i", View{})
			if err != nil {
				t.Fatal(err)
			}
			var group StateGroup
			if item.State.Value != nil {
				group = item.State.Value.Group
			}
			if item.State.ID != tc.state || group != tc.group || !slices.Equal(item.Labels.IDs(), tc.labels) || item.CreatedBy != tc.by {
				t.Errorf("state %q in %q, labels %v, by %q", item.State.ID, group, item.Labels.IDs(), item.CreatedBy)
			}
			e, err := DecodeEvent([]byte(`{"event":"issue","action":"updated","data":` + tc.record + `}`))
			if err != nil || e.WorkItem.State.ID != tc.state || !slices.Equal(e.WorkItem.Labels.IDs(), tc.labels) || e.ActorID != tc.by {
				t.Errorf("the webhook reads as %+v (error %v)", e.WorkItem, err)
			}
		})
	}
}

func TestAViewAlwaysAsksForTheID(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{"name,state": "id,name,state", "name,id": "name,id"} {
		if got := (View{Fields: strings.Split(asked, ",")}).query().Get("fields"); got != want {
			t.Errorf("fields %s is asked for as %s", asked, got)
		}
	}
}

func FuzzReadPage(f *testing.F) {
	for _, name := range []string{"34-work-items-page-1", "36-work-items-page-last", "09-members-list"} {
		raw, err := os.ReadFile(filepath.Join("testdata", "wire", name+".json"))
		var rec recording
		if err := errors.Join(err, json.Unmarshal(raw, &rec)); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(rec.Response.Body), true)
	}
	for _, body := range foreignBodies {
		f.Add([]byte(body), false)
	}
	f.Add([]byte(listed(`{"id":"a","labels":[null,1,{"id":"l"}],"state":{"id":2},"parent":{"id":"b","parent":null}}`, `null`)), false)
	f.Fuzz(func(t *testing.T, body []byte, array bool) {
		p, err := readAnswer[page[WorkItem]](call{array: array}, body)
		if err != nil {
			return
		}
		if !json.Valid(body) || len(p.Results) != len(p.ids) {
			t.Errorf("%d records with %d ids", len(p.Results), len(p.ids))
		}
		for i, item := range p.Results {
			if item.ID == "" || item.ID != p.ids[i] || slices.Contains(item.Labels.IDs(), "") {
				t.Errorf("record %+v has the id %q", item, p.ids[i])
			}
		}
	})
}

func FuzzReadErrorBody(f *testing.F) {
	for _, body := range foreignBodies {
		f.Add([]byte(body), 404)
	}
	f.Add([]byte(`{"labels":{"1":["Invalid pk"]}}`), 400)
	f.Add([]byte(`{"error":"exists","id":"i"}`), 409)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		details := readErrorBody(body)
		kind := kindOf(status, details, false)
		if kind != KindForeign && status >= 400 && status < 429 && details.message == "" && len(details.fields) == 0 {
			t.Errorf("status %d without a word of Plane's is %q", status, kind)
		}
	})
}
