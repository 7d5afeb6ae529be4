package odootest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// FuzzCallsAreAnswered sends any model, method and arguments: the answer may be a refusal, never a
// crash.
func FuzzCallsAreAnswered(f *testing.F) {
	f.Add(deadlineModel, "search", `[["|", ["name", "ilike", "%a%"], "!", ["company_id.name", "in", [1, null]]]]`)
	f.Add(deadlineModel, "load", `[["id", "company_id/id", "period_month"], [["a.b", "base.main_company", "x"], [1, 2, 3]]]`)
	f.Add("base.automation", "create", `[{"name": "x", "model_id": 555, "trigger": "on_write", "trigger_field_ids": [[6, 0, [1]], [4]], "action_server_ids": [[0, 0, {}]]}]`)
	f.Add("ir.model.fields", "create", `[{"name": "x_a", "model_id": 555, "ttype": "one2many", "relation": "res.users"}]`)
	f.Add("mail.activity", "action_feedback", `[[1], 7]`)
	f.Add("res.users.identitycheck", "run_check", `[[1]]`)
	f.Fuzz(func(t *testing.T, model, method, args string) {
		s := recordedServer()
		value, err := sim.DecodeJSON([]byte(args))
		positional, ok := value.([]any)
		if err != nil || !ok {
			return
		}
		if _, err := tryRPC(s.RoundTripper(), s.Admin(), model, method, positional, nil); err != nil {
			return
		}
		s.Deadlines()
	})
}

// FuzzXMLBodiesAreAnswered sends any bytes as a method call.
func FuzzXMLBodiesAreAnswered(f *testing.F) {
	f.Add("<methodCall><methodName>version</methodName><params/></methodCall>")
	f.Add("<methodCall><methodName>authenticate</methodName><params><param><value><array><data><value><nil/></value></data></array></value></param></params></methodCall>")
	f.Add("<nope")
	s := New(Options{Now: func() time.Time { return recordedAt }})
	f.Fuzz(func(t *testing.T, body string) {
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/xmlrpc/2/common", strings.NewReader(body)))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "methodResponse") {
			t.Errorf("answer %d %s", answer.Code, answer.Body)
		}
	})
}
