package odootest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// receiver takes the webhook calls of automation rules.
type receiver struct {
	mu     sync.Mutex
	bodies []map[string]any
	agents []string
	hang   bool
}

func (r *receiver) RoundTrip(request *http.Request) (*http.Response, error) {
	if r.hang {
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	raw, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies = append(r.bodies, body)
	r.agents = append(r.agents, request.Header.Get("User-Agent"))
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// take gives what arrived since the last take.
func (r *receiver) take() []map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	bodies := r.bodies
	r.bodies = nil
	return bodies
}

// addRule makes a rule over RPC the way a sidecar does: one load per model, by external id.
func addRule(t *testing.T, s *Server, name, trigger, triggerFields, sentFields string) {
	t.Helper()
	const model = "ipai_bir_tax_compliance.model_bir_filing_deadline"
	rpc(t, s, "base.automation", "load", []string{"id", "name", "model_id/id", "trigger", "trigger_field_ids/id"},
		[]any{[]any{"planebridge." + name, name, model, trigger, triggerFields}})
	rpc(t, s, "ir.actions.server", "load",
		[]string{"id", "name", "model_id/id", "state", "usage", "webhook_url", "webhook_field_ids/id", "base_automation_id/id"},
		[]any{[]any{
			"planebridge." + name + "_action", "lab webhook", model, "webhook", "base_automation", "http://bridge.test/hook?token=lab",
			sentFields, "planebridge." + name,
		}})
}

func fieldKeys(names ...string) string {
	keys := ""
	for i, name := range names {
		if i > 0 {
			keys += ","
		}
		keys += "ipai_bir_tax_compliance.field_bir_filing_deadline__" + name
	}
	return keys
}

func TestPushHasTheRecordedShape(t *testing.T) {
	t.Parallel()
	for _, r := range recordings(t) {
		if r.number != 242 {
			continue
		}
		inbox := &receiver{}
		s := New(Options{Now: func() time.Time { return recordedAt }, PushTransport: inbox})
		s.GenerateDeadlines(1, 2026)
		addRule(t, s, "changed", "on_create_or_write", "",
			fieldKeys("company_id", "deadline_date", "form_type", "id", "name", "return_id", "state", "write_date"))
		rpc(t, s, deadlineModel, "write", []int64{1}, map[string]any{"name": "2550M - 01/2026"})
		recorded, ok := r.Request.Body.(map[string]any)
		if !ok {
			t.Fatal("the recorded payload is no object")
		}
		recorded["write_date"] = "2026-11-21 20:47:38.500000"
		recorded["_action"] = "lab webhook(#1)"
		if diff := cmp.Diff([]map[string]any{recorded}, inbox.take()); diff != "" {
			t.Errorf("payload differs (- recorded, + simulated):\n%s", diff)
		}
		if want := r.Request.Headers["User-Agent"]; !slices.Contains(inbox.agents, want) {
			t.Errorf("user agents %v, want %s", inbox.agents, want)
		}
	}
}

func TestRulesFireAsOftenAsTheyWereSeenTo(t *testing.T) {
	t.Parallel()
	draft := map[string]any{"name": "x", "form_type": "1600", "deadline_date": "2026-12-24"}
	for _, c := range []struct {
		name, trigger string
		do            func(*testing.T, *Server)
		want          int
	}{
		{"create without trigger fields", "", func(t *testing.T, s *Server) { rpc(t, s, deadlineModel, "create", draft) }, 2},
		{"create with trigger fields", "state", func(t *testing.T, s *Server) { rpc(t, s, deadlineModel, "create", draft) }, 1},
		{"same value without trigger fields", "", func(t *testing.T, s *Server) {
			rpc(t, s, deadlineModel, "write", []int64{1}, map[string]any{"name": "2550M - 01/2026"})
		}, 1},
		{"same value with trigger fields", "name", func(t *testing.T, s *Server) {
			rpc(t, s, deadlineModel, "write", []int64{1}, map[string]any{"name": "2550M - 01/2026"})
		}, 0},
		{"date without trigger fields", "", func(t *testing.T, s *Server) {
			rpc(t, s, deadlineModel, "write", []int64{1}, map[string]any{"deadline_date": "2027-02-20"})
		}, 2},
		{"filed through the return", "state", func(_ *testing.T, s *Server) { s.MarkFiled("1/2550M/2026/1") }, 1},
		{"write that is rolled back", "", func(t *testing.T, s *Server) {
			_, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "write", []any{[]int64{1}, map[string]any{"state": "none"}}, nil)
			wantClass(t, err, "builtins.ValueError")
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inbox := &receiver{}
			s := New(Options{Now: func() time.Time { return recordedAt }, PushTransport: inbox})
			s.GenerateDeadlines(1, 2026)
			triggers := ""
			if c.trigger != "" {
				triggers = fieldKeys(c.trigger)
			}
			addRule(t, s, "changed", "on_create_or_write", triggers, fieldKeys("name"))
			c.do(t, s)
			if got := inbox.take(); len(got) != c.want {
				t.Errorf("%d posts, want %d: %v", len(got), c.want, got)
			}
		})
	}
}

func TestDeletionNeedsARuleOfItsOwn(t *testing.T) {
	t.Parallel()
	inbox := &receiver{}
	s := New(Options{Now: func() time.Time { return recordedAt }, PushTransport: inbox})
	s.GenerateDeadlines(1, 2026)
	addRule(t, s, "gone", "on_unlink", "", fieldKeys("id", "form_type", "name"))
	rpc(t, s, deadlineModel, "write", []int64{7}, map[string]any{"name": "last words"})
	rpc(t, s, deadlineModel, "unlink", []int64{7})
	want := []map[string]any{{
		"_action": "lab webhook(#1)", "_id": 7.0, "_model": deadlineModel, "id": 7.0, "form_type": "1601E", "name": "last words",
	}}
	if diff := cmp.Diff(want, inbox.take()); diff != "" {
		t.Error(diff)
	}
}

func TestSlowReceiverHoldsTheWriteUpByASecondEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{PushTransport: &receiver{hang: true}})
		s.GenerateDeadlines(1, 2026)
		addRule(t, s, "changed", "on_write", "", fieldKeys("name"))
		before := time.Now()
		if rpc(t, s, deadlineModel, "write", []int64{1, 2, 3}, map[string]any{"name": "new"}) != true {
			t.Error("the write did not answer true")
		}
		if took := time.Since(before); took != 3*time.Second {
			t.Errorf("the write took %s", took)
		}
		if s.Calls()["push failed"] != 3 {
			t.Errorf("calls %v", s.Calls())
		}
	})
}

func TestLoadingARuleTwiceMakesOne(t *testing.T) {
	t.Parallel()
	s := New(Options{PushTransport: &receiver{}})
	addRule(t, s, "changed", "on_write", "", fieldKeys("name"))
	addRule(t, s, "changed", "on_write", "", fieldKeys("name"))
	counts := map[string]int{}
	for _, model := range []string{"base.automation", "ir.actions.server"} {
		counts[model] = len(s.Records(model))
	}
	if want := map[string]int{"base.automation": 1, "ir.actions.server": 1}; !maps.Equal(counts, want) {
		t.Errorf("records %v", counts)
	}
	s.Remove("base.automation", 1)
	if left := s.Records("ir.actions.server"); len(left) != 0 {
		t.Errorf("actions left: %v", left)
	}
}

func TestAutomationIsMissingUntilItsModuleIsInstalled(t *testing.T) {
	t.Parallel()
	s := New(Options{WithoutBaseAutomation: true})
	_, err := tryRPC(s.RoundTripper(), s.Admin(), "base.automation", "search_count", []any{[]any{}}, nil)
	wantClass(t, err, "odoo.exceptions.UserError")
	ids := rpc(t, s, "ir.module.module", "search", []any{[]any{"name", "=", "base_automation"}})
	rpc(t, s, "ir.module.module", "button_immediate_install", ids)
	if got := fmt.Sprint(rpc(t, s, "base.automation", "search_count", []any{})); got != "0" {
		t.Errorf("count %s", got)
	}
}
