package planetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	timePattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z|"epoch":\d+\.0`)
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

// A session is a run of recordings that were made one after another against one
// server. Its prepare steps do, each before the recording of that number, what was
// not recorded; keys says by whom a recording was asked, where not by the bridge.
type session struct {
	server  *Server
	ids     *translation
	prepare map[int]func()
	keys    map[int]string
	without map[int]string // not replayed here, and why
}

func (x *session) client() *http.Client { return &http.Client{Transport: x.server.RoundTripper()} }

// replay asks what was recorded from one number to another.
func (x *session) replay(t *testing.T, from, to int) {
	t.Helper()
	for _, name := range recordings(t, "") {
		n := numberOf(t, name)
		if n < from || n > to {
			continue
		}
		if prepare := x.prepare[n]; prepare != nil {
			prepare()
		}
		if x.without[n] != "" {
			continue
		}
		recorded := read[replayed](t, "", name)
		if key := x.keys[n]; key != "" {
			recorded.Request.Headers["X-API-Key"] = key
		}
		t.Run(name, func(t *testing.T) {
			x.spendUnrecorded(t, recorded)
			x.ask(t, recorded)
		})
	}
}

// spendUnrecorded takes from the key's budget what the requests took that were
// made between the recordings. More than a real server's count is a fault.
func (x *session) spendUnrecorded(t *testing.T, recorded replayed) {
	remaining, err := strconv.Atoi(recorded.Response.Headers["X-RateLimit-Remaining"])
	if err != nil {
		return // Neither counted nor told.
	}
	key := recorded.Request.Headers["X-API-Key"]
	x.server.mu.Lock()
	used, limit := 0, x.server.limitOf(key)
	if log := x.server.limits[key]; log != nil {
		used = len(log.times)
	}
	x.server.mu.Unlock()
	missing := limit - remaining - 1 - used
	if missing < 0 {
		t.Errorf("%d requests counted that a real server did not count", -missing)
	}
	x.server.Spend(key, missing)
}

func (x *session) ask(t *testing.T, recorded replayed) {
	response, simulated, err := send(x.client(), recorded.request(t, x.ids))
	if err != nil {
		t.Fatal(err)
	}
	x.compare(t, recorded, response, simulated)
}

func send(client *http.Client, request *http.Request) (*http.Response, []byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

// compare wants the simulation's answer to be the recorded one.
func (x *session) compare(t *testing.T, recorded replayed, response *http.Response, simulated []byte) {
	if response.StatusCode != recorded.Response.Status {
		t.Errorf("status %d, want %d", response.StatusCode, recorded.Response.Status)
	}
	compareHeaders(t, response.Header, recorded.Response.Headers)
	if string(recorded.Response.Body) == "null" {
		if len(simulated) > 0 && recorded.Response.Headers["Content-Length"] != strconv.Itoa(len(simulated)) {
			t.Errorf("a body of %d bytes, want none", len(simulated))
		}
		return // Bodies of several megabytes were left out: only their length is known.
	}
	want := compact(t, recorded.Response.Body)
	x.ids.compare(t, want, compact(t, shortened(want, simulated)))
}

// request is what was asked, with the simulation's ids in place of the recorded ones.
func (r *replayed) request(t *testing.T, ids *translation) *http.Request {
	var body io.Reader
	var raw string
	switch {
	case string(r.Request.Body) == "null":
	case json.Unmarshal(r.Request.Body, &raw) == nil:
		body = strings.NewReader(raw)
	default:
		body = strings.NewReader(lengthened(t, ids.request(string(r.Request.Body))))
	}
	request, err := http.NewRequest(r.Request.Method, "http://plane"+ids.request(r.Request.Path), body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.Request.Headers {
		request.Header.Set(name, value)
	}
	return request
}

// Long descriptions are kept in the recordings by their beginning and their length.
var shortenedText = regexp.MustCompile(`<p>(x+)… \(shortened here: (\d+) bytes of UTF-8 in all\)`)

// lengthened makes a description as long as it was.
func lengthened(t *testing.T, body string) string {
	found := shortenedText.FindStringSubmatch(body)
	if found == nil {
		return body
	}
	length, err := strconv.Atoi(found[2])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(body, found[0], "<p>"+strings.Repeat("x", length-len("<p></p>"))+"</p>", 1)
}

// shortened cuts the simulated description where the recorded one was cut.
func shortened(recorded string, simulated []byte) []byte {
	cut := regexp.MustCompile(`<p>x+…`).FindString(recorded)
	begin, end := bytes.Index(simulated, []byte(`<p>x`)), bytes.Index(simulated, []byte(`</p>`))
	if cut == "" || begin < 0 || end < begin {
		return simulated
	}
	return slices.Concat(simulated[:begin], []byte(cut), simulated[end+len(`</p>`):])
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

// recordings are the names of those of a folder, in the order in which they were made.
func recordings(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "wire", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	slices.SortFunc(names, func(a, b string) int { return numberOf(t, a) - numberOf(t, b) })
	return names
}

func numberOf(t *testing.T, name string) int {
	t.Helper()
	number, _, _ := strings.Cut(name, "-")
	n, err := strconv.Atoi(number)
	if err != nil {
		t.Fatalf("recording %s has no number: %v", name, err)
	}
	return n
}

func read[T any](t *testing.T, folder, name string) T {
	t.Helper()
	var v T
	data, err := os.ReadFile(filepath.Join("..", "testdata", "wire", folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// tickingClock moves by 7.123 ms whenever it is read. It begins on the day of the
// later recordings, whose archived items carry that date.
func tickingClock() func() time.Time {
	now := time.Date(2026, 11, 26, 16, 3, 11, 972_001_000, time.UTC)
	var lock chanLock = make(chan struct{}, 1)
	return func() time.Time {
		defer lock.take()()
		now = now.Add(7_123 * time.Microsecond)
		return now
	}
}
