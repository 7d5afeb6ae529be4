package plane

import (
	"encoding/json"
	"testing"

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
