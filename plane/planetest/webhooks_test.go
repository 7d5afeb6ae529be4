package planetest

import (
	"bytes"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// hooked is a server whose webhooks go to a receiver without sockets.
func hooked(t *testing.T, version Version, options Options, statuses ...int) (*Server, *http.Client, *receiver) {
	t.Helper()
	to := &receiver{statuses: statuses}
	options.WebhookTransport = HandlerTransport{Handler: to}
	s, client := start(t, options)
	s.AddWebhook("http://bridge/hook", "secret", version)
	return s, client, to
}

func TestOneWebhookPerChangedFieldInTheOrderOfTheRequest(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	id := createOverAPI(t, client, `{"name":"a"}`)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"target_date":"2026-10-20","name":"a","priority":"high"}`)
	quiesce(t, s)
	got := to.all()
	if len(got) != 3 {
		t.Fatalf("%d webhooks, want created and two updates", len(got))
	}
	if got[1].text(t, "activity", "field") != "target_date" || got[2].text(t, "activity", "field") != "priority" {
		t.Errorf("fields %s, %s", got[1].text(t, "activity", "field"), got[2].text(t, "activity", "field"))
	}
	if got[1].text(t, "data") != got[2].text(t, "data") {
		t.Error("two webhooks of one PATCH carry different data")
	}
}

func TestNothingIsToldOfEqualValuesDeletesAndArchives(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	id := createOverAPI(t, client, `{"name":"a"}`)
	quiesce(t, s)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"name":"a","priority":"none","labels":[]}`)
	if err := s.Archive("maria", id); err != nil {
		t.Fatal(err)
	}
	callAPI(t, client, "DELETE", "work-items/"+id+"/", "")
	quiesce(t, s)
	if n := len(to.all()); n != 1 {
		t.Errorf("%d webhooks, want the first only", n)
	}
}

func TestBodyIsReadWhenTheWebhookIsSent(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	s.HoldWebhooks(true)
	id := createOverAPI(t, client, `{"name":"a"}`)
	gone := createOverAPI(t, client, `{"name":"gone"}`)
	if err := s.MoveItem("maria", id, "completed"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("maria", gone); err != nil {
		t.Fatal(err)
	}
	s.HoldWebhooks(false)
	quiesce(t, s)
	got := to.all()
	if len(got) != 2 {
		t.Fatalf("%d webhooks, want 2: that of a deleted item is never sent", len(got))
	}
	if got[0].text(t, "action") != "created" || got[0].text(t, "data", "state", "group") != "completed" {
		t.Errorf("first webhook: %s", got[0].body)
	}
	if got[1].text(t, "activity", "field") != "state_id" || got[1].text(t, "activity", "actor", "display_name") != "maria" {
		t.Errorf("second webhook: %s", got[1].body)
	}
}

func TestRetryHasAFreshIDAndTheSameBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client, to := hooked(t, V1, Options{}, 0, 0, 200)
		begun := time.Now()
		id := createOverAPI(t, client, `{"name":"Übung \"é\" 🧾"}`)
		synctest.Wait()
		s.MuteWebhooks(true)
		callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"name":"changed meanwhile"}`)
		wait(t, s)
		delivery := s.Deliveries()[0]
		if len(delivery.Attempts) != 3 {
			t.Fatalf("%d attempts, want 3", len(delivery.Attempts))
		}
		ids := map[string]bool{}
		for _, a := range delivery.Attempts {
			ids[a.ID] = true
			if !bytes.Equal(a.Body, delivery.Attempts[0].Body) || a.Header.Get("X-Plane-Signature") != sign("secret", a.Body) {
				t.Errorf("attempt differs: %s", a.Body)
			}
		}
		if len(ids) != 3 || !bytes.Contains(delivery.Attempts[0].Body, []byte(`\u00dcbung \"\u00e9\" \ud83e\uddfe`)) {
			t.Errorf("ids %v, body %s", ids, delivery.Attempts[0].Body)
		}
		if waited := time.Since(begun); waited <= 0 || waited > 20*time.Minute {
			t.Errorf("two retries took %s", waited)
		}
		if n := len(to.all()); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
	})
}

func wait(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Quiesce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestCommunityDoesNotRepeatAfterAnAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 503, 404} {
		s, client, to := hooked(t, V1, Options{RetryBase: time.Millisecond}, status)
		createOverAPI(t, client, `{"name":"a"}`)
		quiesce(t, s)
		if n := len(to.all()); n != 1 {
			t.Errorf("%d attempts after a %d, want 1", n, status)
		}
	}
}

func TestReceiverThatStaysAwayIsSwitchedOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version Version
		status  int
	}{"Community, no answer": {V1, 0}, "commercial, server errors": {V2, 502}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, client, to := hooked(t, c.version, Options{}, c.status)
				createOverAPI(t, client, `{"name":"a"}`)
				wait(t, s)
				if n := len(to.all()); n != 1+maxRetries {
					t.Errorf("%d attempts, want %d", n, 1+maxRetries)
				}
				if s.Webhooks()[0].Active {
					t.Error("still active")
				}
				createOverAPI(t, client, `{"name":"b"}`)
				wait(t, s)
				if n := len(to.all()); n != 1+maxRetries {
					t.Errorf("%d attempts after it was switched off", n)
				}
				if err := s.ActivateWebhook(s.Webhooks()[0].ID); err != nil || !s.Webhooks()[0].Active {
					t.Errorf("not switched on again: %v", err)
				}
			})
		})
	}
}

func TestRedeliveryIsTheSameEventUnderAnotherID(t *testing.T) {
	t.Parallel()
	for _, version := range []Version{V1, V2} {
		s, client, to := hooked(t, version, Options{})
		createOverAPI(t, client, `{"name":"a"}`)
		quiesce(t, s)
		if err := s.Redeliver(s.Deliveries()[0].Attempts[0].ID); err != nil {
			t.Fatal(err)
		}
		quiesce(t, s)
		got := to.all()
		if len(got) != 2 || got[0].header.Get("X-Plane-Delivery") == got[1].header.Get("X-Plane-Delivery") {
			t.Fatalf("v%d: %d deliveries, or one id", version, len(got))
		}
		if version == V1 && !bytes.Equal(got[0].body, got[1].body) {
			t.Error("v1: the bodies differ")
		}
		if version == V2 && (got[0].text(t, "event_id") != got[1].text(t, "event_id") || got[1].text(t, "delivery_id") != got[1].header.Get("X-Plane-Delivery")) {
			t.Errorf("v2: %s\n%s", got[0].body, got[1].body)
		}
		if err := s.Redeliver("unknown"); err == nil {
			t.Error("an unknown id was redelivered")
		}
	}
}

func TestV2TellsOneChangeOnceWithWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V2, Options{})
	id := createOverAPI(t, client, `{"name":"a"}`)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"state":"`+recordedDone+`","priority":"high"}`)
	callAPI(t, client, "DELETE", "work-items/"+id+"/", "")
	quiesce(t, s)
	s.MuteWebhooks(true)
	createOverAPI(t, client, `{"name":"unreported"}`)
	quiesce(t, s)
	got := to.all()
	var events []string
	for _, g := range got {
		events = append(events, g.header.Get("X-Plane-Event"))
	}
	// The item was deleted before its created and updated webhooks were sent,
	// unless the sender was quicker; the delete is told in any case.
	last := got[len(got)-1]
	if last.text(t, "event") != "workitem.deleted" || last.text(t, "data") != "{}" || last.text(t, "previous_attributes", "name") != "a" {
		t.Errorf("events %v, last %s", events, last.body)
	}
}

func TestV2UpdateNamesIDsAndQuirksWhenAsked(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V2, Options{V2NoneStrings: true, V2EnumNames: true})
	id := createOverAPI(t, client, `{"name":"a"}`)
	quiesce(t, s)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"state":"`+recordedDone+`","target_date":"2026-10-20"}`)
	quiesce(t, s)
	got := to.all()
	if len(got) != 2 {
		t.Fatalf("%d webhooks, want 2", len(got))
	}
	for path, want := range map[string]string{
		"event": "WebhookScope.ScopeChoices.WORK_ITEM_UPDATED", "version": "v2", "entity_type": "workitem", "entity_id": id,
	} {
		if got[1].text(t, path) != want {
			t.Errorf("%s is %q, want %q", path, got[1].text(t, path), want)
		}
	}
	if got[1].text(t, "data", "state_id") != recordedDone || got[1].text(t, "data", "start_date") != "None" || got[1].text(t, "previous_attributes", "target_date") != "None" {
		t.Errorf("body %s", got[1].body)
	}
}

func TestHeldWebhooksCanBeShuffled(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	s.HoldWebhooks(true)
	for range 20 {
		createOverAPI(t, client, `{"name":"a"}`)
	}
	s.ShuffleWebhooks(7)
	s.HoldWebhooks(false)
	quiesce(t, s)
	var inOrder, sent []string
	for _, d := range s.Deliveries() {
		inOrder = append(inOrder, d.EntityID)
	}
	for _, g := range to.all() {
		sent = append(sent, g.text(t, "data", "id"))
	}
	same := len(inOrder) == len(sent)
	for i := range sent {
		same = same && inOrder[i] == sent[i]
	}
	if len(sent) != 20 || same {
		t.Errorf("%d sent, in the order of events: %v", len(sent), same)
	}
}

func TestRequestIsComparedNotItsResult(t *testing.T) {
	t.Parallel()
	s, client, to := hooked(t, V1, Options{})
	id := createOverAPI(t, client, `{"name":"a","description_html":"<h2>A</h2><p>B</p>"}`)
	quiesce(t, s)
	callAPI(t, client, "PATCH", "work-items/"+id+"/", `{"description_html":"<h2>A</h2><p>B</p>"}`)
	quiesce(t, s)
	got := to.all()
	if len(got) != 2 || got[1].text(t, "activity", "field") != "description_html" {
		t.Errorf("%d webhooks; a description that the server wraps differs from what is sent again", len(got))
	}
}

func TestSlowReceiverDoesNotHoldUpOtherWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var to receiver
		slow := make(chan struct{})
		first := true
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			to.ServeHTTP(w, r)
			if first {
				first = false
				<-slow
			}
		})
		s, client := start(t, Options{WebhookWorkers: 2, WebhookTransport: HandlerTransport{Handler: handler}})
		s.AddWebhook("http://bridge/hook", "secret", V1)
		createOverAPI(t, client, `{"name":"a"}`)
		synctest.Wait()
		createOverAPI(t, client, `{"name":"b"}`)
		synctest.Wait()
		if n := len(to.all()); n != 2 {
			t.Errorf("%d webhooks while the first is not answered, want 2", n)
		}
		close(slow)
		wait(t, s)
	})
}

func TestReceiverThatDoesNotAnswerTimesOutAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
		s, client := start(t, Options{WebhookTransport: HandlerTransport{Handler: handler}})
		s.AddWebhook("http://bridge/hook", "secret", V1)
		createOverAPI(t, client, `{"name":"a"}`)
		time.Sleep(29 * time.Second)
		if n := len(s.Deliveries()[0].Attempts); n != 0 {
			t.Errorf("%d attempts ended within 29 s", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if a := s.Deliveries()[0].Attempts; len(a) != 1 || a[0].Err == "" {
			t.Errorf("attempts after 31 s: %+v", a)
		}
		close(release)
		wait(t, s)
		if n := len(s.Deliveries()[0].Attempts); n != 2 {
			t.Errorf("%d attempts in all, want 2", n)
		}
	})
}
