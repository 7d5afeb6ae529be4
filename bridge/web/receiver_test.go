package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	testSecret   = "test-webhook-secret"
	testPrevious = "test-previous-secret"
	testToken    = "test-odoo-token"
)

var quiet = slog.New(slog.DiscardHandler)

// house is a receiver over a database of its own.
type house struct {
	pool     *pgxpool.Pool
	queue    *queue.Queue
	receiver *Receiver
}

func newHouse(t *testing.T, secrets Secrets) house {
	t.Helper()
	return newHouseWith(t, secrets, queue.Config{})
}

func newHouseWith(t *testing.T, secrets Secrets, config queue.Config) house {
	t.Helper()
	pool := pgtest.Pool(t)
	config.InstanceID, config.Workers, config.Logger = t.Name(), 4, quiet
	jobs, err := queue.New(pool, config)
	if err != nil {
		t.Fatal(err)
	}
	receiver := New(ledger.NewInbox(pool, jobs), jobs, secrets, engine.NewHealth(pool, nil), engine.NewMetrics(pool), quiet)
	receiver.TakeCallsOf(testHook)
	receiver.changeWithin = time.Minute // A loaded machine is no fault; one test is about the time.
	return house{pool, jobs, receiver}
}

// testHook is the method of a module that took webhooks once.
var testHook = Hook{"x.record", "take_webhook"}

func knownSecrets() Secrets {
	return Secrets{
		Webhook:   func() []string { return []string{testSecret, testPrevious} },
		OdooToken: func() string { return testToken },
		Admin:     func() string { return "" },
	}
}

func noSecrets() Secrets {
	none := func() string { return "" }
	return Secrets{Webhook: func() []string { return nil }, OdooToken: none, Admin: none}
}

func webhook(body, secret, delivery string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/api/webhooks/plane", strings.NewReader(body))
	request.Header.Set(plane.HeaderSignature, plane.Sign(secret, []byte(body)))
	request.Header.Set(plane.HeaderDelivery, delivery)
	request.Header.Set(plane.HeaderEvent, "issue")
	return request
}

// ask sends a request and returns status and body; every answer has to be JSON.
func ask(t *testing.T, handler http.Handler, request *http.Request) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	response := recorder.Result()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("Content-Type = %q, want application/json", kind)
	}
	if !json.Valid(body) {
		t.Errorf("the body is not JSON: %q", body)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

const createdBody = `{"event": "issue", "action": "created", "data": {"id": "d0a3640b-5125-4741-be29-9d0090a40065", "name": "caf\u00e9", "updated_at": "2026-11-21T20:44:30Z", "state": {"id": "a9213c44-c29a-4b65-9213-01f3e436a0ea", "name": "Todo", "group": "unstarted"}}}`

const otherBody = `{"event": "issue", "action": "updated", "data": {"id": "d0a3640b-5125-4741-be29-9d0090a40065", "name": "tea", "updated_at": "2026-11-21T20:44:31Z"}}`

// The rows follow each other on one receiver: a duplicate needs what it
// duplicates.
func TestTheAnswersToAWebhookAreTheContracts(t *testing.T) {
	t.Parallel()
	h, delivery := newHouse(t, knownSecrets()), uuid.NewString()
	unsigned := webhook(createdBody, testSecret, uuid.NewString())
	unsigned.Header.Del(plane.HeaderSignature)
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
		body    string
	}{
		{"accepted", webhook(createdBody, testSecret, delivery), 200, `{"ok":true}`},
		{"signed with the previous secret", webhook(otherBody, testPrevious, uuid.NewString()), 200, `{"ok":true}`},
		{"the same delivery again", webhook(createdBody, testSecret, delivery), 200, `{"ok":true,"duplicate":true}`},
		{"the same event under another delivery id", webhook(createdBody, testSecret, uuid.NewString()), 200, `{"ok":true,"duplicate":true}`},
		{"signature wrong", webhook(createdBody, "another-secret", uuid.NewString()), 403, `{"ok":false,"error":"invalid signature"}`},
		{"signature missing", unsigned, 403, `{"ok":false,"error":"invalid signature"}`},
		{"delivery id missing", webhook(createdBody, testSecret, ""), 400, `{"ok":false,"error":"X-Plane-Delivery has to be a UUID"}`},
		{"delivery id no UUID", webhook(createdBody, testSecret, "17"), 400, `{"ok":false,"error":"X-Plane-Delivery has to be a UUID"}`},
		{"body no JSON", webhook("hello", testSecret, uuid.NewString()), 400, `{"ok":false,"error":"the body has to be a JSON object"}`},
		{"body no object", webhook("[1]", testSecret, uuid.NewString()), 400, `{"ok":false,"error":"the body has to be a JSON object"}`},
		{"body too large", webhook(strings.Repeat(" ", maxBody)+createdBody, testSecret, uuid.NewString()), 413, `{"ok":false,"error":"the body is larger than 1 MiB"}`},
		{"unknown path", httptest.NewRequest(http.MethodGet, "/nowhere", nil), 404, `{"ok":false,"error":"not found"}`},
		{"wrong method", httptest.NewRequest(http.MethodGet, "/api/webhooks/plane", nil), 405, `{"ok":false,"error":"method not allowed"}`},
	} {
		status, body := ask(t, h.receiver, row.request)
		if status != row.status || body != row.body {
			t.Errorf("%s: answer = %d %s, want %d %s", row.name, status, body, row.status, row.body)
		}
	}
}

func TestWithoutASecretEveryDoorIsShut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noSecrets())
	owed := 0
	h.receiver.OnRefused(func() { owed++ })
	for path, ref := range map[string]string{
		"/api/webhooks/plane":        "plane_webhook_secret",
		"/api/webhooks/odoo?token=x": "odoo_webhook_token",
		"/console/":                  "admin_token",
	} {
		status, body := ask(t, h.receiver, httptest.NewRequest(http.MethodPost, path, strings.NewReader(createdBody)))
		want := `{"ok":false,"error":"KEY_MISSING","ssot_ref":"ssot/secrets/registry.yaml#` + ref + `"}`
		if status != http.StatusServiceUnavailable || body != want {
			t.Errorf("%s: answer = %d %s, want 503 %s", path, status, body, want)
		}
	}
	if owed != 1 {
		t.Errorf("%d sweeps are owed, want one for the webhook, which Plane may not send again", owed)
	}
}

// closedInbox cannot keep anything, as when the database is away.
type closedInbox struct{}

func (closedInbox) Accept(context.Context, ledger.Delivery) (bool, error) {
	return false, errors.New("the database is away")
}

func TestWhatCannotBeKeptIsAnswered500AndLookedForBySweep(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	h.receiver.inbox = closedInbox{}
	owed := false
	h.receiver.OnRefused(func() { owed = true })
	status, body := ask(t, h.receiver, webhook(createdBody, testSecret, uuid.NewString()))
	if status != 500 || body != `{"ok":false,"error":"the delivery could not be stored; send it again"}` {
		t.Errorf("answer = %d %s", status, body)
	}
	if !owed {
		t.Error("no sweep is owed, and Plane's Community edition does not send again what was answered")
	}
}

// panickingInbox has a defect.
type panickingInbox struct{}

func (panickingInbox) Accept(context.Context, ledger.Delivery) (bool, error) { panic("a defect") }

func TestAPanicIsAnsweredAsJSON(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	h.receiver.inbox = panickingInbox{}
	status, body := ask(t, h.receiver, webhook(createdBody, testSecret, uuid.NewString()))
	if status != 500 || body != `{"ok":false,"error":"internal error"}` {
		t.Errorf("answer = %d %s", status, body)
	}
}

func TestAnAcceptedDeliveryHasItsRowAndItsJob(t *testing.T) {
	t.Parallel()
	h, id := newHouse(t, knownSecrets()), uuid.NewString()
	if status, body := ask(t, h.receiver, webhook(createdBody, testSecret, id)); status != 200 {
		t.Fatalf("answer = %d %s", status, body)
	}
	var status, event, action, entity, source string
	var body []byte
	err := h.pool.QueryRow(context.Background(), `SELECT d.status, d.event, d.action, d.entity_id, d.raw_body, q.source
		FROM ops.plane_webhook_deliveries d JOIN ops.work_queue q USING (delivery_id) WHERE delivery_id = $1`, id).
		Scan(&status, &event, &action, &entity, &body, &source)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{status, event, action, entity, source, string(body)}
	want := []string{"received", "issue", "created", "d0a3640b-5125-4741-be29-9d0090a40065", "plane", createdBody}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was kept (-want +got):\n%s", diff)
	}
}

func TestAChangeInOdooIsQueuedForWhoeverHasTheToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	const change = `{"_action": "bridge(#1)", "_id": 7, "_model": "bir.filing.deadline", "name": "x"}`
	for _, row := range []struct {
		name, token, body string
		status            int
	}{
		{"right", testToken, change, 200},
		{"wrong token", "guess", change, 403},
		{"no token", "", change, 403},
		{"no record", testToken, `{}`, 400},
	} {
		request := httptest.NewRequest(http.MethodPost, "/api/webhooks/odoo?token="+row.token, strings.NewReader(row.body))
		if status, body := ask(t, h.receiver, request); status != row.status {
			t.Errorf("%s: answer = %d %s, want %d", row.name, status, body, row.status)
		}
	}
	var queued int
	if err := h.pool.QueryRow(context.Background(), "SELECT count(*) FROM ops.work_queue WHERE source = 'odoo'").Scan(&queued); err != nil {
		t.Fatal(err)
	}
	if queued != 1 {
		t.Errorf("%d changes queued, want 1", queued)
	}
}

func TestAWebhookAsAJSONRPCCallMeetsTheSameChecks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	signed := func(extra ...string) map[string]string {
		headers := map[string]string{plane.HeaderSignature: plane.Sign(testSecret, []byte(createdBody)), plane.HeaderDelivery: uuid.NewString(), plane.HeaderEvent: "issue"}
		for i := 0; i < len(extra); i += 2 {
			headers[extra[i]] = extra[i+1]
		}
		return headers
	}
	executeKw := func(model string) map[string]any {
		return map[string]any{"service": "object", "method": "execute_kw", "args": []any{
			"odoo", 2, "ignored", model, testHook.Method, []any{map[string]any{}, signed("_raw_body", createdBody)}, map[string]any{},
		}}
	}
	for _, row := range []struct {
		name   string
		params any
		want   string
	}{
		{"the body as base64", map[string]any{"body": base64.StdEncoding.EncodeToString([]byte(createdBody)), "headers": signed()}, `{"jsonrpc":"2.0","id":7,"result":{"ok":true}}`},
		{"the body as text", map[string]any{"body": createdBody, "headers": signed()}, `{"jsonrpc":"2.0","id":7,"result":{"ok":true,"duplicate":true}}`},
		{"execute_kw", executeKw(testHook.Model), `{"jsonrpc":"2.0","id":7,"result":{"ok":true,"duplicate":true}}`},
		{"execute_kw of another model", executeKw("res.users"), `{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"only execute_kw of x.record.take_webhook is served here"}}`},
		{"a wrong signature", map[string]any{"body": createdBody, "headers": signed(plane.HeaderSignature, "00")}, `{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"invalid signature","data":{"error":"invalid signature","ok":false,"ssot_ref":"","status":403}}}`},
		{"no body", map[string]any{"headers": signed()}, `{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"params.body is missing: the raw bytes of the webhook, as text or base64"}}`},
	} {
		call, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "call", "id": 7, "params": row.params})
		if err != nil {
			t.Fatal(err)
		}
		status, body := ask(t, h.receiver, httptest.NewRequest(http.MethodPost, "/jsonrpc", bytes.NewReader(call)))
		if status != 200 || body != row.want {
			t.Errorf("%s: answer = %d %s, want 200 %s", row.name, status, body, row.want)
		}
	}
}

func FuzzACallFromOutsideNeverPanics(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"call","params":{"body":"e30=","headers":{"X-Plane-Event":"issue"}}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","params":{"service":"object","method":"execute_kw","args":["d",1,"p","bir.filing.deadline","handle_plane_webhook",[{},{"_raw_body":"{}"}]]}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		call, err := readCall(body, []Hook{testHook})
		response := answeredCall(call.id, reply{200, answer{OK: true}})
		if err != nil {
			response = failedCall(call.id, err)
		}
		if (response.Result == nil) == (response.Error == nil) {
			t.Errorf("a response has either a result or an error; got %+v", response)
		}
	})
}

// What was too large is missed by nobody but the sweep, which has to know that Plane did
// send it.
func TestAWebhookThatIsTooLargeIsNoted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	status, answered := ask(t, h.receiver, webhook(strings.Repeat(" ", maxBody)+createdBody, testSecret, uuid.NewString()))
	var noted int
	err := h.pool.QueryRow(t.Context(), "SELECT count(*) FROM ops.refused_webhooks WHERE reason = 'too large'").Scan(&noted)
	if status != http.StatusRequestEntityTooLarge || noted != 1 || err != nil {
		t.Errorf("answer = %d %s, noted %d times, %v; want 413 and a note", status, answered, noted, err)
	}
}
