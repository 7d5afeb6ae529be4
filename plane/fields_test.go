package plane

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAReferenceMayBeNullBareOrAnObjectAnywhere holds every shape in which servers were seen to point to a record.
func TestAReferenceMayBeNullBareOrAnObjectAnywhere(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]laterFacts{
		`{"state":null,"parent":null,"labels":null,"assignees":null}`:           {},
		`{"state":"","parent":{},"labels":[null],"assignees":[{},null]}`:        {},
		`{"state":"None","labels":[],"assignees":[]}`:                           {},
		`{"state":"s","parent":"p","labels":["l",null,"m"],"assignees":["u"]}`:  {State: "s", Parent: "p", Labels: "l m", Assignees: "u"},
		`{"state":{"id":"s"},"parent":{"id":"p"},"labels":[{"id":"l"},"m",{}]}`: {State: "s", Parent: "p", Labels: "l m"},
	} {
		var item WorkItem
		if err := json.Unmarshal([]byte(body), &item); err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if diff := cmp.Diff(want, factsLater(item)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
		if item.Parent.ID == "" && item.Parent.Value != nil || item.State.ID == "" && item.State.Value != nil {
			t.Errorf("%s: a reference to nothing has a value", body)
		}
	}
}

// Plane keeps times in UTC, and Python writes one that knows no zone without any.
func TestATimeWithoutAZoneIsInUTC(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-11-21T10:00:00.5", "2026-11-21 10:00:00.5", "2026-11-21T10:00:00.500Z", "2026-11-21T18:00:00.5+08:00", "2026-11-21 10:00:00.5+00:00"} {
		var read Time
		if err := json.Unmarshal([]byte(`"`+text+`"`), &read); err != nil || !read.Equal(time.Date(2026, 11, 21, 10, 0, 0, 500_000_000, time.UTC)) {
			t.Errorf("%s is read as %s, %v", text, read, err)
		}
	}
}
