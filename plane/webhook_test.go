package plane

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// delivery is one recorded webhook.
type delivery struct {
	Secret   string
	RawBody  string `json:"raw_body"`
	Headers  map[string]string
	Attempts []struct{ Headers map[string]string }
}

func loadDeliveries(t testing.TB) map[string]delivery {
	t.Helper()
	files, err := filepath.Glob("testdata/wire/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded webhooks: %v", err)
	}
	all := map[string]delivery{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d delivery
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = d
	}
	return all
}

func TestEveryRecordedWebhookVerifiesWithItsOwnSecretOnly(t *testing.T) {
	t.Parallel()
	for name, d := range loadDeliveries(t) {
		headers := []map[string]string{d.Headers}
		for _, attempt := range d.Attempts {
			headers = append(headers, attempt.Headers)
		}
		for _, h := range headers {
			signature := h[HeaderSignature]
			if signature == "" {
				continue
			}
			body := []byte(d.RawBody)
			if !Verify(body, signature, d.Secret) || !Verify(body, signature, "other", d.Secret) {
				t.Errorf("%s: the recorded signature is refused", name)
			}
			if Verify(body, signature, "other") || Verify(append(body, '\n'), signature, d.Secret) || Verify(body, strings.ToUpper(signature), d.Secret) {
				t.Errorf("%s: a wrong secret, body or spelling is accepted", name)
			}
		}
	}
}

func TestVerificationFailsClosedWithoutASecret(t *testing.T) {
	t.Parallel()
	body := []byte(`{}`)
	if Verify(body, Sign("", body), "") || Verify(body, Sign("", body)) || Verify(body, "", "") || Verify(body, "", "secret") {
		t.Error("a signature under an empty secret is accepted")
	}
}

// wantEvent is the part of an event that a recording is checked for.
type wantEvent struct {
	Name, Field, Entity, Project, Actor string
	Item, State, Group, Assignees       string
	Labels, Target, Pair, Comment, On   string
	Priority, Start, Parent             string
	Archived                            bool
	Version                             int
}

func factsOfEvent(e Event) wantEvent {
	w := wantEvent{Name: e.Name(), Field: e.ChangedField, Entity: e.EntityID, Project: e.ProjectID, Actor: e.ActorID, Version: e.Version}
	if i := e.WorkItem; i != nil {
		w.Priority, w.Start, w.Parent, w.Archived = string(i.Priority), string(i.StartDate), i.Parent.ID, !i.ArchivedAt.IsZero()
		w.Item, w.State, w.Target, w.Pair = i.Name, i.State.ID, string(i.TargetDate), i.ExternalSource+":"+i.ExternalID
		if i.State.Value != nil {
			w.State, w.Group = i.State.Value.Name, string(i.State.Value.Group)
		}
		var people, labels []string
		for _, a := range i.Assignees {
			people = append(people, nameOr(a.Value, a.ID, func(u User) string { return u.DisplayName }))
		}
		for _, l := range i.Labels {
			labels = append(labels, nameOr(l.Value, l.ID, func(l Label) string { return l.Name }))
		}
		w.Assignees, w.Labels = strings.Join(people, " "), strings.Join(labels, " ")
	}
	if c := e.Comment; c != nil {
		w.Comment, w.On = c.HTML, c.WorkItem.ID
	}
	return w
}

func nameOr[T any](value *T, id string, name func(T) string) string {
	if value == nil {
		return id
	}
	return name(*value)
}

const v2Update = `{"version":"v2","delivery_id":"d-1","event_id":"e-1","entity_id":"i-1","entity_type":"workitem","event":"workitem.updated",
"webhook_id":"w-1","workspace_id":"ws-1","data":{"id":"i-1","name":"None","state_id":"s-2","label_ids":["l-1"],"assignee_ids":["u-1"],"project_id":"p-1",
"target_date":"None","archived_at":"None","external_source":"odoo","external_id":"m,1","updated_by_id":"u-9","updated_at":"2026-11-21 20:44:30.038374+00:00"},
"previous_attributes":{"target_date":"2026-10-25"}}`

func TestASecondVersionWebhookReadsIntoTheSameEvent(t *testing.T) {
	t.Parallel()
	e, err := DecodeEvent([]byte(v2Update))
	if err != nil {
		t.Fatal(err)
	}
	want := wantEvent{
		Version: 2, Name: "issue.updated", Field: "target_date", Entity: "i-1", Project: "p-1", Actor: "u-9",
		Item: "None", State: "s-2", Labels: "l-1", Assignees: "u-1", Pair: "odoo:m,1",
	}
	if diff := cmp.Diff(want, factsOfEvent(e)); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
	if e.EventID != "e-1" || e.DeliveryID != "d-1" || e.WebhookID != "w-1" || e.WorkspaceID != "ws-1" || string(e.Previous["target_date"]) != `"2026-10-25"` {
		t.Errorf("envelope: %+v", e)
	}
	if e.WorkItem.UpdatedAt.Minute() != 44 || !e.WorkItem.ArchivedAt.IsZero() {
		t.Errorf("times: updated %s, archived %s", e.WorkItem.UpdatedAt, e.WorkItem.ArchivedAt)
	}
}

func TestADeletionCarriesTheRecordAsItWas(t *testing.T) {
	t.Parallel()
	e, err := DecodeEvent([]byte(`{"version":"v2","event_id":"e","entity_id":"i-1","event":"workitem.deleted","data":{},
		"previous_attributes":{"id":"i-1","name":"gone","project_id":"p-1","state_id":"None","external_source":"odoo","external_id":"m,1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := wantEvent{Version: 2, Name: "issue.deleted", Entity: "i-1", Project: "p-1", Item: "gone", Pair: "odoo:m,1"}
	if diff := cmp.Diff(want, factsOfEvent(e)); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
}

func TestEverySpellingOfAnEventIsUnderstood(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"event":"issue","action":"created"}`:                              "issue.created",
		`{"event":"issue","action":"create"}`:                               "issue.created",
		`{"event":"issue","action":"update"}`:                               "issue.updated",
		`{"event":"issue","action":"delete"}`:                               "issue.deleted",
		`{"event":"issue_comment","action":"deleted"}`:                      "issue_comment.deleted",
		`{"event":"workitem.updated"}`:                                      "issue.updated",
		`{"event":"workitem.comment.created"}`:                              "issue_comment.created",
		`{"event":"WebhookScope.ScopeChoices.WORK_ITEM_UPDATED"}`:           "issue.updated",
		`{"event":"WebhookScope.ScopeChoices.WORK_ITEM_COMMENT_CREATED"}`:   "issue_comment.created",
		`{"event":"cycle_issue","action":"created"}`:                        "cycle_issue.created",
		`{"event":"project.deleted"}`:                                       "project.deleted",
		`{"event":"intake_issue","action":"updated","data":[],"version":2}`: "intake_issue.updated",
	} {
		e, err := DecodeEvent([]byte(body))
		if err != nil || e.Name() != want {
			t.Errorf("%s reads as %q (error %v), want %s", body, e.Name(), err, want)
		}
	}
}

func TestABodyThatIsNoEventIsAnErrorThatDoesNotRepeatIt(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `[]`, `null`, `"secret text"`, `{}`, `{"event":"issue"}`, `{"event":"issue","action":"exploded"}`, `{"event":"issue","action":"created","data":{"name":["secret text"]}}`, `{"event":`} {
		_, err := DecodeEvent([]byte(body))
		if err == nil || strings.Contains(err.Error(), "secret text") {
			t.Errorf("%q: error %v", body, err)
		}
		if isNone := !strings.HasPrefix(body, "{") || !json.Valid([]byte(body)); errors.Is(err, ErrNoObject) != isNone {
			t.Errorf("%q is said to be no object: %t", body, !isNone)
		}
	}
}

// keyOf is the key of a body, whether or not all of it can be read.
func keyOf(body []byte) string {
	event, _ := DecodeEvent(body)
	return event.Key(body)
}

func TestARetryOfOneEventHasOneKey(t *testing.T) {
	t.Parallel()
	body := []byte(loadDeliveries(t)["09-retry-of-one-event"].RawBody)
	sum := sha256.Sum256(body)
	if got := keyOf(body); got != hex.EncodeToString(sum[:]) {
		t.Errorf("v1 key %s", got)
	}
	again := strings.Replace(v2Update, `"delivery_id":"d-1"`, `"delivery_id":"d-2"`, 1)
	if keyOf([]byte(v2Update)) != "e-1" || keyOf([]byte(again)) != "e-1" {
		t.Error("a v2 retry under another delivery id has another key")
	}
	if keyOf([]byte(`{"event_id":"None"}`)) == keyOf([]byte(`{"event_id":"None" }`)) {
		t.Error("bodies without an event id share a key")
	}
	for name, body := range map[string]string{
		"no event": `{"event_id":"e-1"}`, "an unknown action": `{"event_id":"e-1","event":"issue.exploded"}`,
		"a record that cannot be read": `{"event_id":"e-1","event":"issue.created","data":{"name":["odd"]}}`,
	} {
		if got := keyOf([]byte(body)); got != "e-1" {
			t.Errorf("%s: key %s", name, got)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	for _, d := range loadDeliveries(f) {
		f.Add([]byte(d.RawBody))
	}
	f.Add([]byte(v2Update))
	f.Fuzz(func(t *testing.T, body []byte) {
		if keyOf(body) == "" {
			t.Error("empty event key")
		}
		e, err := DecodeEvent(body)
		if err != nil {
			return
		}
		if e.Entity == "" || (e.Action != ActionCreated && e.Action != ActionUpdated && e.Action != ActionDeleted) {
			t.Errorf("decoded to %q", e.Name())
		}
		if (e.Entity == EntityWorkItem) != (e.WorkItem != nil) || (e.Entity == EntityComment) != (e.Comment != nil) {
			t.Errorf("%s without its record", e.Name())
		}
	})
}
