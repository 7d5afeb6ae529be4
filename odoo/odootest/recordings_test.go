package odootest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// recording is one exchange with a real Odoo 19.
type recording struct {
	name    string
	number  int
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		Body    any               `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int `json:"status"`
		Headers any `json:"headers"`
		Body    any `json:"body"`
	} `json:"response"`
}

// recordings reads the exchanges in the order in which they were recorded: later ones build on what
// earlier ones created.
func recordings(t *testing.T) []recording {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	all := make([]recording, 0, len(paths))
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var one recording
		if err := json.Unmarshal(raw, &one); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		one.name = strings.TrimSuffix(filepath.Base(path), ".json")
		number, _, _ := strings.Cut(one.name, "-")
		if one.number, err = strconv.Atoi(number); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, one)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].number < all[j].number })
	return all
}

// recordedAt is when the recorded server generated its deadlines.
var recordedAt = time.Date(2026, 11, 21, 20, 47, 38, 500_000_000, time.UTC)

// recordedServer holds what the recorded server held before the first recording.
func recordedServer(databases ...string) *Server {
	s := New(Options{Now: func() time.Time { return recordedAt }, Databases: databases})
	s.GenerateDeadlines(1, 2026)
	for _, other := range databases[min(1, len(databases)):] {
		if _, err := tryRPCOn(other, s.RoundTripper(), s.Admin(), "ir.cron", "method_direct_trigger", []any{[]int64{23}}, nil); err != nil {
			panic(err)
		}
	}
	s.AddReturn(1, "2550M")
	s.AddReturn(1, "2550Q")
	return s
}

// send replays the request with this server's own secrets in the places of the redacted ones.
func (r recording) send(t *testing.T, s *Server) (*http.Response, []byte) {
	t.Helper()
	body, plain := r.Request.Body.(string)
	if !plain && r.Request.Body != nil {
		raw, err := json.Marshal(r.Request.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(raw)
	}
	swap := strings.NewReplacer("API_KEY_40_HEX_REDACTED_READER", s.Outsider().APIKey,
		"API_KEY_40_HEX_REDACTED", s.Admin().APIKey, "lab-reader-pass", s.Outsider().Password)
	request, err := http.NewRequestWithContext(t.Context(), r.Request.Method, "http://odoo.test"+r.Request.Path,
		strings.NewReader(swap.Replace(body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.Request.Headers {
		request.Header.Set(name, swap.Replace(value))
	}
	response, err := s.RoundTripper().RoundTrip(request)
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, raw
}

// compare holds the answer against the recorded one: status, content type, and the body with what
// may differ between two servers taken out.
func (r recording) compare(t *testing.T, response *http.Response, raw []byte) {
	t.Helper()
	if response.StatusCode != r.Response.Status {
		t.Errorf("status %d, recorded %d: %s", response.StatusCode, r.Response.Status, raw)
		return
	}
	if text, ok := r.Response.Body.(string); ok && !json.Valid(raw) {
		if !strings.Contains(text, "removed by recorder") && normalText(text) != normalText(string(raw)) {
			t.Errorf("body differs:\n%s", cmp.Diff(normalText(text), normalText(string(raw))))
		}
		return
	}
	var got any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatalf("body is not JSON: %s", raw)
	}
	if diff := cmp.Diff(normal(r.Response.Body, ""), normal(got, "")); diff != "" {
		t.Errorf("answer differs (- recorded, + simulated):\n%s", diff)
	}
}

// normalText takes out the list of types that a 415 page names, and the address of PostgreSQL.
func normalText(text string) string {
	before, after, found := strings.Cut(text, "compatible with [")
	if found {
		_, rest, _ := strings.Cut(after, "]")
		return before + rest
	}
	return text
}

// normal replaces what differs from server to server by its type: ids of new records, times,
// tracebacks, secrets. Names, texts of errors and states stay.
func normal(value any, key string) any {
	switch key {
	case "debug", "write_date", "create_date", "default_key", "value":
		return "?"
	case "create_uid", "write_uid":
		return "user"
	case "id", "ids", "res_id":
		if list, ok := value.([]any); ok {
			return len(list)
		}
		if _, ok := value.(float64); ok {
			return "number"
		}
	}
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range v {
			out[name] = normal(item, name)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = normal(item, "")
		}
		return out
	case string:
		if strings.HasPrefix(v, "connection to server at") {
			return "connection to server"
		}
	}
	return value
}

// newIDs are the recordings whose whole result is the id of a record just made.
var newIDs = []int{21, 22, 65, 66, 74, 75, 77, 78, 90, 134, 135, 139, 241, 260}

// countsOf are the recordings that count what the recorded server happened to hold by then.
var countsOf = []int{120, 132, 153, 197, 206}

func (r recording) looseResult() bool {
	return slices.Contains(newIDs, r.number) || slices.Contains(countsOf, r.number)
}

// loosen keeps only the kind of a result that is a new id or a count.
func loosen(body any) any {
	if object, ok := body.(map[string]any); ok {
		if result, ok := object["result"]; ok {
			object["result"] = kindOf(result)
		}
		return object
	}
	return kindOf(body)
}

func kindOf(value any) any {
	switch v := value.(type) {
	case float64, int64:
		return "number"
	case []any:
		kinds := make([]any, len(v))
		for i, item := range v {
			kinds[i] = kindOf(item)
		}
		return kinds
	}
	return value
}

// faulty plants what the recorded server suffered at that moment.
func (r recording) faulty(s *Server) {
	kinds := map[int]FaultKind{
		220: SerializationFailure, 221: SerializationFailure, 225: DatabaseGone, 226: DatabaseGone,
		230: GatewayTimeout, 236: BadGateway, 270: LoadConflict, 273: PoolExhausted, 274: PoolExhausted,
	}
	if kind, ok := kinds[r.number]; ok {
		s.Fail(Fault{Kind: kind})
	}
}

// arrange does what happened to the recorded server beside the recorded calls.
func (r *recording) arrange(s *Server) {
	switch r.number {
	case 140: // An administrator's web login had rewritten the address.
		s.SetParameter("web.base.url", "http://127.0.0.1:8069")
	case 230: // The slow call was a server action made for the recording; any call will do.
		r.Request.Path, r.Request.Headers["X-Odoo-Database"] = "/json/2/res.company/search_count", "odoo"
		r.Request.Headers["Authorization"] = "Bearer API_KEY_40_HEX_REDACTED"
		r.Request.Body = `{"domain": []}`
	}
}

func TestAnswersAreTheRecordedOnes(t *testing.T) {
	t.Parallel()
	alone, several := recordedServer("odoo"), recordedServer("odoo", "odoo_bench")
	for _, r := range recordings(t) {
		if r.number == 105 || r.number == 210 || 242 <= r.number && r.number <= 244 {
			continue // A web page's design, a list of names, and Odoo's own calls (see push_test.go).
		}
		s := alone
		if r.number >= 205 {
			s = several
		}
		r.arrange(s)
		t.Run(r.name, func(t *testing.T) {
			r.faulty(s)
			response, raw := r.send(t, s)
			if r.isXML() {
				compareXML(t, r, raw)
				return
			}
			if r.looseResult() {
				var got any
				if err := json.Unmarshal(raw, &got); err != nil {
					t.Fatal(err)
				}
				r.Response.Body = loosen(r.Response.Body)
				loosened, err := json.Marshal(loosen(got))
				if err != nil {
					t.Fatal(err)
				}
				raw = loosened
			}
			r.compare(t, response, raw)
		})
	}
}

func (r recording) isXML() bool { return strings.HasPrefix(r.Request.Path, "/xmlrpc") }

// compareXML compares decoded answers, because members of a struct have no order.
func compareXML(t *testing.T, r recording, raw []byte) {
	t.Helper()
	text, ok := r.Response.Body.(string)
	if !ok {
		t.Fatalf("recorded body of %s is no text", r.name)
	}
	recorded, simulated := decodeAnswer(t, []byte(text)), decodeAnswer(t, raw)
	if slices.Contains(countsOf, r.number) {
		recorded, simulated = kindOf(recorded), kindOf(simulated)
	}
	if diff := cmp.Diff(normalXML(recorded), normalXML(simulated)); diff != "" {
		t.Errorf("answer differs (- recorded, + simulated):\n%s", diff)
	}
}

func decodeAnswer(t *testing.T, raw []byte) any {
	t.Helper()
	// The decoder of calls reads answers too, once the outer element has the name it looks for.
	raw = bytes.ReplaceAll(raw, []byte("methodResponse>"), []byte("methodCall>"))
	raw = bytes.ReplaceAll(raw, []byte("<fault>"), []byte("<params><param>"))
	raw = bytes.ReplaceAll(raw, []byte("</fault>"), []byte("</param></params>"))
	_, values, err := sim.DecodeMethodCall(raw)
	if err != nil || len(values) != 1 {
		t.Fatalf("decoding %s: %v", raw, err)
	}
	return values[0]
}

// normalXML reduces a traceback to its last line, which is all that the recorder kept.
func normalXML(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, item := range v {
			v[name] = normalXML(item)
			if name == "write_date" {
				v[name] = "?"
			}
		}
	case []any:
		for i := range v {
			v[i] = normalXML(v[i])
		}
	case string:
		if _, last, found := strings.Cut(v, "last line: "); found {
			return strings.TrimSuffix(last, "]")
		}
		if strings.HasPrefix(v, "[traceback removed") || strings.HasPrefix(v, "Traceback") && strings.Contains(v, "Expat") {
			return "traceback"
		}
		if strings.HasPrefix(v, "Traceback") {
			lines := strings.Split(strings.TrimSpace(v), "\n")
			return strings.TrimPrefix(lines[len(lines)-1], "odoo.exceptions.AccessError: ")
		}
	}
	return value
}
