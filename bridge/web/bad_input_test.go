package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/inbound"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// oddWebhook is one kind of input from testdata/bad_input: what comes, how it has to
// be answered, and what becomes of the delivery after one look.
type oddWebhook struct {
	Name    string            `json:"name"`
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
	Answer  int               `json:"answer"`
	Becomes ledger.Status     `json:"becomes"`
	Cause   bridge.Cause      `json:"cause"`
	Why     string            `json:"why"`
}

func oddWebhooks(t testing.TB) []oddWebhook {
	t.Helper()
	content, err := os.ReadFile("testdata/bad_input/webhooks.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []oddWebhook
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// workshop is a receiver with the workers' part behind it, and no server to ask.
func workshop(t *testing.T) (house, *inbound.Worker) {
	t.Helper()
	h := newHouse(t, knownSecrets())
	client, err := plane.New(plane.Config{BaseURL: "http://127.0.0.1:1", Workspace: "acme", Auth: plane.APIKey("x"), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	catalog, links := plane.NewCatalog(client), mapping.NewStore(h.pool)
	return h, &inbound.Worker{
		Pool: h.pool, Queue: h.queue, Plane: client, Workspace: "acme", Logger: quiet, Links: links, Catalog: catalog,
		Presence: shown.NewPresence(client, h.pool, links), Reader: shown.Reader{Catalog: catalog, AppURL: "https://plane.example.com", Workspace: "acme"},
	}
}

func TestEveryKindOfInputIsAnsweredAndEndsAsItShould(t *testing.T) {
	t.Parallel()
	h, work := workshop(t)
	for _, odd := range oddWebhooks(t) {
		id := uuid.New()
		request := webhook(odd.Body, testSecret, id.String())
		for name, value := range odd.Headers {
			signature := plane.Sign(testSecret, []byte(odd.Body))
			value = strings.NewReplacer("@", signature, "^", strings.ToUpper(signature)).Replace(value)
			request.Header.Set(name, value)
		}
		if status, answered := ask(t, h.receiver, request); status != odd.Answer {
			t.Errorf("%s: answer = %d %s, want %d", odd.Name, status, answered, odd.Answer)
			continue
		}
		if odd.Answer == 200 {
			h.wantBecome(t, work, odd, id)
		}
	}
	var nameless int
	if err := h.pool.QueryRow(t.Context(), "SELECT count(*) FROM ops.work_items WHERE external_id !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'").Scan(&nameless); err != nil {
		t.Fatal(err)
	}
	if nameless > 0 {
		t.Errorf("%d rows of ops.work_items have no id of Plane's", nameless)
	}
}

func (h house) wantBecome(t *testing.T, work *inbound.Worker, odd oddWebhook, id uuid.UUID) {
	t.Helper()
	work.Process(t.Context(), id, false)
	d, err := ledger.DeliveriesIn(h.pool).ByID(t.Context(), id)
	if err != nil {
		t.Errorf("%s: %v", odd.Name, err)
		return
	}
	var cause bridge.Cause
	var why string
	if d.Cause != nil {
		cause, why = *d.Cause, *d.LastError
	}
	if d.Status != odd.Becomes || cause != odd.Cause || !strings.Contains(why, odd.Why) || d.Attempts != 1 {
		t.Errorf("%s: %s by %q after %d tries: %q; want %s by %q after 1: %q", odd.Name, d.Status, cause, d.Attempts, why, odd.Becomes, odd.Cause, odd.Why)
	}
	if !bytes.Equal(d.RawBody, []byte(odd.Body)) {
		t.Errorf("%s: the ledger does not hold the bytes that came", odd.Name)
	}
}

// The contract's own shape, which no server sends, carries everything that the table
// holds.
func TestTheContractsOwnShapeBecomesARow(t *testing.T) {
	t.Parallel()
	h, work := workshop(t)
	id := uuid.New()
	const body = `{"event": "issue.created", "issue": {"id": "d0a3640b-5125-4741-be29-9d0090a40065", "name": "File 2550M", "state": {"name": "Todo"},
		"assignees": [{"display_name": "maria"}], "url": "https://plane.example.com/browse/X-1", "updated_at": "2026-11-21T10:00:00Z"}, "project": {"id": "7d035a41-3dcc-40c1-8843-146228e0e174"}}`
	if status, answered := ask(t, h.receiver, webhook(body, testSecret, id.String())); status != 200 {
		t.Fatalf("answer = %d %s", status, answered)
	}
	work.Process(t.Context(), id, false)
	row, err := ledger.WorkItemsIn(h.pool).ByID(t.Context(), "d0a3640b-5125-4741-be29-9d0090a40065")
	if err != nil || row == nil {
		t.Fatalf("no row: %v", err)
	}
	if row.Assignee == nil || row.URL == nil || row.ProjectRef == nil {
		t.Fatalf("the row says %+v", row)
	}
	got := []string{row.Title, row.Status, *row.Assignee, *row.URL, *row.ProjectRef, row.UpdatedAt.UTC().Format("2006-01-02T15:04:05Z")}
	want := "File 2550M,Todo,maria,https://plane.example.com/browse/X-1,7d035a41-3dcc-40c1-8843-146228e0e174,2026-11-21T10:00:00Z"
	if strings.Join(got, ",") != want {
		t.Errorf("the row says %s, want %s", strings.Join(got, ","), want)
	}
}

// An action that nobody knows must not stand for a change that somebody has to hear.
func TestAnUnknownActionHidesNoChange(t *testing.T) {
	t.Parallel()
	h, work := workshop(t)
	known, unknown := uuid.New(), uuid.New()
	later := strings.NewReplacer("created", "archived", "20:44:30", "21:44:30").Replace(createdBody)
	for id, body := range map[uuid.UUID]string{known: createdBody, unknown: later} {
		if status, answered := ask(t, h.receiver, webhook(body, testSecret, id.String())); status != 200 {
			t.Fatalf("answer = %d %s", status, answered)
		}
	}
	work.Process(t.Context(), unknown, false)
	for id, want := range map[uuid.UUID]ledger.Status{known: ledger.StatusProcessed, unknown: ledger.StatusIgnored} {
		d, err := ledger.DeliveriesIn(h.pool).ByID(t.Context(), id)
		if err != nil || d.Status != want {
			t.Errorf("the delivery is %s, %v; want %s", d.Status, err, want)
		}
	}
}

func FuzzAHintOfOdoosIsAnsweredAndBounded(f *testing.F) {
	for _, body := range []string{`{"_model": "project.task", "_id": 7}`, `{"_model": "x\u0000", "_id": 1}`, `{"_id": -1}`, `[]`, `{"_model": 7, "_id": "7"}`, `{"_id": 1e400}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		receiver := newReceiver(nil, strictChanges{t}, knownSecrets(), observe.NewHealth(), observe.NewMetrics(nil, nil, nil), quiet)
		recorder := httptest.NewRecorder()
		receiver.ServeHTTP(recorder, pushed(testToken, body))
		if status := recorder.Code; status != 200 && status != 400 && status != 413 {
			t.Errorf("answer = %d", status)
		}
	})
}

// strictChanges takes what a queue can hold and Odoo can mean.
type strictChanges struct{ t *testing.T }

func (s strictChanges) OdooChanged(_ context.Context, model string, id int64) error {
	if model == "" || len(model) > 128 || strings.ContainsRune(model, 0) || id <= 0 {
		s.t.Errorf("a hint of record %d of %q was taken", id, model)
	}
	return nil
}
