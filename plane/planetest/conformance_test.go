package planetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The records of the workspace in which the recordings were made.
const (
	recordedWorkspace = "cf5d05b2-97db-4ea3-8541-d3c6ff0eff51"
	recordedProject   = "7d035a41-3dcc-40c1-8843-146228e0e174"
	recordedBot       = "9bd2cb9b-7a8a-427a-bdf9-0b8dd59e2d2f"
	recordedMaria     = "cdec0c5f-d922-4145-b08c-2a75e7aac8fa"
	recordedStarted   = "298c2607-8f80-449e-a852-40015ec15313"
	recordedDone      = "85927a43-d130-41b0-a2f2-68cd42b5ca2f"
)

func recordedSeed() Seed {
	return Seed{
		WorkspaceSlug: "insightpulseai",
		WorkspaceID:   recordedWorkspace,
		Projects: []SeedProject{{
			ID: recordedProject, Name: "bir-compliance-automation", Identifier: "BIR",
			States: []SeedState{
				{ID: "a9213c44-c29a-4b65-9213-01f3e436a0ea", Name: "Backlog", Group: "backlog", Default: true},
				{ID: "2f6e6c64-3a27-4c34-806e-7c14090be937", Name: "Todo", Group: "unstarted"},
				{ID: recordedStarted, Name: "In Progress", Group: "started"},
				{ID: recordedDone, Name: "Done", Group: "completed"},
				{ID: "d3211e0d-4da1-4d40-a7c1-a63ea98989d6", Name: "Cancelled", Group: "cancelled"},
			},
		}},
		People: []Person{
			{ID: recordedMaria, FirstName: "Maria", Email: "maria@example.com", DisplayName: "maria"},
			{ID: recordedBot, FirstName: "Bridge", LastName: "Bot", Email: "bridge@example.com", DisplayName: "bridge"},
		},
		Keys: []Key{{Key: "plane_api_EXAMPLE", User: "bridge"}},
	}
}

// A replayed is one recorded request with its answer.
type replayed struct {
	Title   string
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
}

// A translation pairs the ids of a recording with those of the simulation.
type translation struct{ toSimulated, toRecorded map[string]string }

func newTranslation() *translation {
	return &translation{map[string]string{}, map[string]string{}}
}

var (
	uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timePattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`)
)

// request puts the simulation's ids where the recording has its own.
func (tr *translation) request(text string) string {
	return uuidPattern.ReplaceAllStringFunc(text, func(id string) string {
		return orDefault(tr.toSimulated[id], id)
	})
}

// learn pairs the ids of two texts by their order.
func (tr *translation) learn(recorded, simulated string) {
	want, got := uuidPattern.FindAllString(recorded, -1), uuidPattern.FindAllString(simulated, -1)
	if len(want) != len(got) {
		return // The comparison that follows tells more.
	}
	for i := range want {
		if tr.toSimulated[want[i]] == "" && tr.toRecorded[got[i]] == "" {
			tr.toSimulated[want[i]], tr.toRecorded[got[i]] = got[i], want[i]
		}
	}
}

// compare wants two texts equal to the byte, but for times and paired ids.
func (tr *translation) compare(t *testing.T, recorded, simulated string) {
	t.Helper()
	tr.learn(recorded, simulated)
	same := uuidPattern.ReplaceAllStringFunc(simulated, func(id string) string { return orDefault(tr.toRecorded[id], id) })
	want, got := timePattern.ReplaceAllString(recorded, "TIME"), timePattern.ReplaceAllString(same, "TIME")
	if got != want {
		t.Errorf("body differs\n got %s\nwant %s", got, want)
	}
}

// TestAnswersAreThoseOfARealServer replays what a real server was asked, in
// order, and wants the same answers: status, headers, and bodies to the byte.
func TestAnswersAreThoseOfARealServer(t *testing.T) {
	t.Parallel()
	s := New(Options{Limit: 6000, Seed: recordedSeed(), Now: tickingClock()})
	client := &http.Client{Transport: s.RoundTripper()}
	ids := newTranslation()
	unrecorded := map[string]func(){
		"15-work-item-create.json": func() {
			if _, err := s.CreateItem("maria", NewItem{Name: "[1601C] Sept 2026", StateGroup: "started"}); err != nil {
				t.Fatal(err)
			}
		},
		"34-work-items-page-1.json": func() {
			for i := range 5 {
				createOverAPI(t, client, fmt.Sprintf(`{"name":"bulk %d"}`, i))
			}
		},
		"43-work-item-delete.json": func() {
			made := createOverAPI(t, client, `{"name":"again","external_source":"odoo","external_id":"bir.filing.deadline,80"}`)
			ids.learn("cd546a51-f3de-4498-b7e0-540c3edf5f78", made)
		},
	}
	for _, name := range recordings(t, "rest") {
		if strings.HasPrefix(name, "50-") || strings.HasPrefix(name, "51-") {
			continue // The rate limit has a test of its own.
		}
		if prepare := unrecorded[name]; prepare != nil {
			prepare()
		}
		t.Run(name, func(t *testing.T) { replay(t, client, ids, read[replayed](t, "rest", name)) })
	}
}

func replay(t *testing.T, client *http.Client, ids *translation, recorded replayed) {
	var body io.Reader
	var raw string
	switch {
	case string(recorded.Request.Body) == "null":
	case json.Unmarshal(recorded.Request.Body, &raw) == nil:
		body = strings.NewReader(raw)
	default:
		body = strings.NewReader(ids.request(string(recorded.Request.Body)))
	}
	request, err := http.NewRequest(recorded.Request.Method, "http://plane"+ids.request(recorded.Request.Path), body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range recorded.Request.Headers {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	simulated, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != recorded.Response.Status {
		t.Errorf("status %d, want %d", response.StatusCode, recorded.Response.Status)
	}
	compareHeaders(t, response.Header, recorded.Response.Headers)
	if string(recorded.Response.Body) == "null" {
		if len(simulated) > 0 {
			t.Errorf("body %s, want none", simulated)
		}
		return
	}
	ids.compare(t, compact(t, recorded.Response.Body), compact(t, simulated))
}

// compact writes JSON without spaces, its keys in their order. (That the spaces
// are right too is seen by the Content-Length.)
func compact(t *testing.T, text []byte) string {
	t.Helper()
	value, err := parseJSON(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(restStyle.encode(value))
}

func compareHeaders(t *testing.T, got http.Header, want map[string]string) {
	t.Helper()
	for _, name := range []string{"Content-Type", "Allow", "Retry-After", "X-RateLimit-Remaining", "Content-Length"} {
		if got.Get(name) != want[name] {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want[name])
		}
	}
	if (got.Get("X-RateLimit-Reset") == "") != (want["X-RateLimit-Reset"] == "") {
		t.Errorf("X-RateLimit-Reset: %q, want %q", got.Get("X-RateLimit-Reset"), want["X-RateLimit-Reset"])
	}
}

// TestWebhooksAreThoseOfARealServer does what was done when the webhooks were
// recorded, and wants the same bodies to the byte, and signatures that the
// recorded secret makes.
func TestWebhooksAreThoseOfARealServer(t *testing.T) {
	t.Parallel()
	receiver := &receiver{}
	s := New(Options{Limit: 6000, Seed: recordedSeed(), Now: tickingClock(), WebhookTransport: HandlerTransport{Handler: receiver}})
	client := &http.Client{Transport: s.RoundTripper()}
	label := createOverAPI(t, client, `{"name":"area:compliance","color":"#0ea5e9"}`, "labels/")
	fillUpToNumber12(t, s)
	s.AddWebhook("http://bridge/hook", "plane_wh_evalsecret", V1)

	item := createOverAPI(t, client, `{"name":"[2550Q] Q3/2026","target_date":"2026-10-25","external_source":"odoo","external_id":"bir.filing.deadline,90"}`)
	quiesce(t, s)
	patch := func(path, body string) string {
		defer quiesce(t, s)
		return callAPI(t, client, "PATCH", path, body)
	}
	patch("work-items/"+item+"/", `{"assignees":["`+recordedMaria+`"]}`)
	patch("work-items/"+item+"/", `{"labels":["`+label+`"]}`)
	patch("work-items/"+item+"/", `{"state":"`+recordedDone+`","target_date":"2026-10-26"}`)
	comment := createOverAPI(t, client, `{"comment_html":"<p>Filed</p>"}`, "work-items/"+item+"/comments/")
	quiesce(t, s)
	patch("work-items/"+item+"/comments/"+comment+"/", `{"comment_html":"<p>Filed!</p>"}`)
	patch("", `{"description":"x"}`)

	names := recordings(t, "webhooks")
	got := receiver.all()
	if len(got) != 8 {
		t.Fatalf("%d webhooks, want 8", len(got))
	}
	ids := newTranslation()
	for i, name := range names[:8] {
		t.Run(name, func(t *testing.T) { compareWebhook(t, ids, name, got[i]) })
	}
}

func compareWebhook(t *testing.T, ids *translation, name string, got received) {
	recorded := read[struct {
		Secret  string
		Headers map[string]string
		RawBody string `json:"raw_body"`
	}](t, "webhooks", name)
	ids.compare(t, recorded.RawBody, string(got.body))
	if sign(recorded.Secret, []byte(recorded.RawBody)) != recorded.Headers["X-Plane-Signature"] {
		t.Error("the recorded signature is not what the secret makes of the recorded body")
	}
	if got.header.Get("X-Plane-Signature") != sign(recorded.Secret, got.body) {
		t.Error("the signature is not what the secret makes of the body")
	}
	for _, header := range []string{"User-Agent", "Content-Type", "X-Plane-Event"} {
		if got.header.Get(header) != recorded.Headers[header] {
			t.Errorf("%s: %q, want %q", header, got.header.Get(header), recorded.Headers[header])
		}
	}
	if !uuidPattern.MatchString(got.header.Get("X-Plane-Delivery")) {
		t.Errorf("X-Plane-Delivery: %q is no UUID", got.header.Get("X-Plane-Delivery"))
	}
}

// fillUpToNumber12 leaves the project as it was when the webhooks were
// recorded: number 9 deleted, number 1 out of the backlog.
func fillUpToNumber12(t *testing.T, s *Server) {
	for n := 1; n <= 12; n++ {
		group := "backlog"
		if n == 1 {
			group = "started"
		}
		id, err := s.CreateItem("maria", NewItem{Name: fmt.Sprint("filler ", n), StateGroup: group})
		if err != nil {
			t.Fatal(err)
		}
		if n == 9 {
			if err := s.Delete("maria", id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func recordings(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("testdata", folder))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func read[T any](t *testing.T, folder, name string) T {
	t.Helper()
	var v T
	data, err := os.ReadFile(filepath.Join("testdata", folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// tickingClock moves by 7.123 ms whenever it is read.
func tickingClock() func() time.Time {
	now := time.Date(2026, 11, 21, 20, 43, 32, 972_001_000, time.UTC)
	var lock chanLock = make(chan struct{}, 1)
	return func() time.Time {
		defer lock.take()()
		now = now.Add(7_123 * time.Microsecond)
		return now
	}
}
