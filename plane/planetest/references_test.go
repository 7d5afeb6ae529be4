package planetest

import (
	"net/http"
	"strings"
	"testing"
)

func TestReferencesComeBareOrNullWhereObjectsAreDue(t *testing.T) {
	t.Parallel()
	receiver := &receiver{}
	s, client := start(t, Options{WebhookTransport: HandlerTransport{Handler: receiver}})
	label := createOverAPI(t, client, `{"name":"l","color":"#111111"}`, "labels/")
	id := createOverAPI(t, client, `{"name":"a","labels":["`+label+`"],"assignees":["`+recordedMaria+`"]}`)
	other := createOverAPI(t, client, `{"name":"b"}`)
	const list = "work-items/?order_by=created_at&fields=id,state,labels,assignees&expand=state,labels,assignees"
	usual := callAPI(t, client, "GET", list, "")
	for want, how := range map[string]Reference{
		`"labels":["` + label + `"],"assignees":["` + recordedMaria + `"]`: ReferenceBare,
		`"labels":null,"assignees":null`:                                   ReferenceNull,
		`"labels":[null],"assignees":[null]`:                               ReferenceHoles,
	} {
		s.ShowReferences(func(itemID, field string) Reference {
			if itemID == id && field != "parent" {
				return how
			}
			return ReferenceUsual
		})
		state := `"state":null`
		if how == ReferenceBare {
			state = `"state":"` + s.Items()[0].StateID + `"`
		}
		got := reordered(t, callAPI(t, client, "GET", list, ""))
		if !strings.Contains(got[0], want) && !strings.Contains(got[0], swapped(want)) || !strings.Contains(got[0], state) {
			t.Errorf("%s: lacks %s or %s", got[0], want, state)
		}
		if !strings.Contains(got[1], `"name":"Backlog"`) {
			t.Errorf("the other item changed: %s", got[1])
		}
	}
	s.ShowReferences(func(string, string) Reference { return ReferenceNull })
	s.AddWebhook("http://bridge/hook", "secret", V1)
	if answer := callAPI(t, client, http.MethodPatch, "work-items/"+other+"/", `{"name":"c"}`); field(t, answer, "state") != "None" {
		t.Errorf("the answer to a write has a state: %s", answer)
	}
	quiesce(t, s)
	if got := receiver.all()[0].text(t, "data", "state"); got != "null" {
		t.Errorf("the webhook has the state %s", got)
	}
	s.ShowReferences(nil)
	if again := callAPI(t, client, "GET", list+"&per_page=1000", ""); strings.Count(again, "Backlog") != strings.Count(usual, "Backlog") {
		t.Errorf("not as before: %s", again)
	}
}

// reordered are the results of a page, one text each.
func reordered(t *testing.T, page string) []string {
	t.Helper()
	value, err := parseJSON(page)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := value.(object)
	results, _ := o.get("results").([]any)
	var texts []string
	for _, r := range results {
		texts = append(texts, string(restStyle.encode(r)))
	}
	return texts
}

// swapped has the two halves of a pair of fields the other way round: fields=
// keeps the record's order, which expand= changes.
func swapped(pair string) string {
	labels, assignees, _ := strings.Cut(pair, `,"assignees"`)
	return `"assignees"` + assignees + "," + labels
}
