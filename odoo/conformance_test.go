package odoo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// verdict is what the client makes of a recording.
type verdict struct {
	// notOurs says why a client never has this exchange.
	notOurs string
	class   Class
	kind    Kind
	// do makes the call when it cannot be read off the recorded request.
	do func(ctx context.Context, c *Client) (any, error)
	// want is the result as JSON, where it is not the recorded result itself.
	want string
	// otherWire marks a call that the client words differently: its request is not compared.
	otherWire bool
}

func fails(class Class, kind Kind) verdict { return verdict{class: class, kind: kind} }

func notOurs(why string) verdict { return verdict{notOurs: why} }

// TestEveryRecordingGetsItsClass replays each recorded exchange through the client. A new recording fails the test until
// it has a verdict.
func TestEveryRecordingGetsItsClass(t *testing.T) {
	t.Parallel()
	recordings := loadRecordings(t)
	for name := range verdicts {
		if _, ok := recordings[name]; !ok {
			t.Errorf("verdict for %s, but no recording", name)
		}
	}
	for name, recorded := range recordings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expected, ok := verdicts[name]
			if !ok {
				t.Fatal("this recording has no verdict")
			}
			if expected.notOurs != "" {
				t.Skip("not a client's exchange: " + expected.notOurs)
			}
			synctest.Test(t, func(t *testing.T) { replay(t, recorded, expected) })
		})
	}
}

func replay(t *testing.T, recorded recording, expected verdict) {
	player := &player{t: t, recorded: recorded}
	client, err := New(player.config())
	if err != nil {
		t.Fatal(err)
	}
	do := expected.do
	switch {
	case do != nil:
	case strings.HasPrefix(recorded.name, "24") && strings.Contains(recorded.name, "webhook"):
		do = player.readPush
	default:
		do = player.recordedCall()
	}
	got, err := do(t.Context(), client)
	checkNothingLeaks(t, client, err)
	if expected.kind != "" {
		checkError(t, err, expected)
		return
	}
	if err != nil {
		t.Fatalf("want an answer, got %v", err)
	}
	want := expected.want
	if want == "" {
		want = player.recordedResult()
	}
	if diff := cmp.Diff(fromJSON(t, want), fromJSON(t, toJSON(t, got))); diff != "" {
		t.Errorf("result (-recorded +client):\n%s", diff)
	}
	if expected.do == nil && !expected.otherWire && player.sent != nil {
		player.checkRequest()
	}
}

// readPush reads what Odoo itself posted.
func (p *player) readPush(context.Context, *Client) (any, error) {
	var push struct {
		Model  string `odoo:"_model"`
		ID     int64  `odoo:"_id"`
		Action string `odoo:"_action"`
	}
	err := Decode(p.recorded.Request.Body, &push)
	return push, err
}

func checkError(t *testing.T, err error, expected verdict) {
	t.Helper()
	var known *Error
	if !errors.As(err, &known) {
		t.Fatalf("want an *Error of kind %q, got %v", expected.kind, err)
	}
	if known.Class != expected.class || !errors.Is(err, expected.kind) {
		t.Errorf("got %s, %q; want %s, %q: %v", known.Class, known.Kind, expected.class, expected.kind, err)
	}
}

// checkNothingLeaks looks for what must not get out of an error: tracebacks, paths, PostgreSQL's address, the secret.
func checkNothingLeaks(t *testing.T, client *Client, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var known *Error
	errors.As(err, &known)
	shown := fmt.Sprintf("%v %+v", err, known)
	forbidden := []string{"Traceback", "dist-packages", "~~~", "5433", "127.0.0.1"}
	if secret := client.config.Secret; len(secret) > len("admin") {
		forbidden = append(forbidden, secret)
	}
	for _, text := range forbidden {
		if strings.Contains(shown, text) {
			t.Errorf("the error shows %q: %s", text, shown)
		}
	}
}

// player is the server of one replay: it connects any client, then gives the recorded answer.
type player struct {
	t        *testing.T
	recorded recording
	sent     []byte
}

// rpcCall is a recorded call of the old protocols.
type rpcCall struct {
	Params struct {
		Service string `json:"service"`
		Method  string `json:"method"`
		Args    []any  `json:"args"`
	} `json:"params"`
}

func (p *player) rpc() rpcCall {
	var call rpcCall
	_ = json.Unmarshal(p.recorded.Request.Body, &call) // Bodies that the recorder left out are texts.
	return call
}

func (p *player) protocol() Protocol {
	switch {
	case strings.HasPrefix(p.recorded.Request.Path, "/json/"):
		return JSON2
	case strings.HasPrefix(p.recorded.Request.Path, "/xmlrpc"):
		return XMLRPC
	default:
		return JSONRPC
	}
}

func (p *player) config() Config {
	config := Config{
		URL: "http://odoo.test/", Database: "odoo", Login: "admin", Secret: "admin", Protocol: p.protocol(),
		HTTPClient: &http.Client{Transport: carrier(p.serve)},
	}
	args := p.rpc().Params.Args
	switch {
	case p.protocol() == JSON2:
		config.Secret = strings.TrimPrefix(p.recorded.Request.Headers["Authorization"], "Bearer ")
		config.Database = p.recorded.Request.Headers["X-Odoo-Database"]
		if config.Secret == "" {
			config.Secret = "none-was-sent"
		}
	case p.rpc().Params.Service == "object":
		config.Database, config.Secret = args[0].(string), args[2].(string)
	case p.rpc().Params.Method == "authenticate":
		config.Database, config.Login, config.Secret = args[0].(string), args[1].(string), args[2].(string)
	}
	return config
}

func (p *player) serve(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if answer := p.connects(request, body); answer != "" {
		contentType := "application/json"
		if p.protocol() == XMLRPC {
			contentType = "text/xml"
		}
		return answerTo(body, respond(request, http.StatusOK, contentType, answer)), nil
	}
	p.sent = body
	response, err := p.recorded.play(p.t, request)
	return answerTo(body, response), err
}

// connects answers the calls that make a session, unless they are what was recorded.
func (p *player) connects(request *http.Request, body []byte) string {
	sent := string(body)
	recordsCommon := p.rpc().Params.Service == "common" || strings.HasPrefix(p.recorded.Request.Path, "/xmlrpc/2/common") ||
		p.recorded.Request.Path == "/json/version"
	recordsVersion := recordsCommon && (p.rpc().Params.Method == "version" || strings.Contains(p.recorded.name, "version"))
	switch {
	case strings.HasSuffix(request.URL.Path, "/json/version") && !recordsVersion:
		return `{"version": "19.0"}`
	case strings.HasSuffix(request.URL.Path, "/context_get"):
		return `{"uid": 2, "lang": "en_US"}`
	case strings.Contains(sent, `"method":"version"`) && !recordsVersion:
		return `{"jsonrpc": "2.0", "id": 1, "result": {"server_serie": "19.0"}}`
	case strings.Contains(sent, `"method":"authenticate"`) && !recordsCommon:
		return fmt.Sprintf(`{"jsonrpc": "2.0", "id": 1, "result": %v}`, p.userID())
	case strings.Contains(sent, "<methodName>version") && !recordsVersion:
		return xmlAnswer("<struct><member><name>server_serie</name><value><string>19.0</string></value></member></struct>")
	case strings.Contains(sent, "<methodName>authenticate") && !recordsCommon:
		return xmlAnswer("<int>2</int>")
	}
	return ""
}

// userID is the user of the recorded call, so that the client words it alike.
func (p *player) userID() any {
	if args := p.rpc().Params.Args; len(args) > 1 {
		return args[1]
	}
	return 2
}

func xmlAnswer(value string) string {
	return "<?xml version='1.0'?><methodResponse><params><param><value>" + value + "</value></param></params></methodResponse>"
}

// recordedResult is the result inside the recorded answer.
func (p *player) recordedResult() string {
	if p.protocol() == JSON2 {
		return string(p.recorded.Response.Body)
	}
	var read reply
	if err := json.Unmarshal(p.recorded.Response.Body, &read); err != nil {
		p.t.Fatal(err)
	}
	if read.Result == nil {
		return "null"
	}
	return string(read.Result)
}

// checkRequest compares what the client sent with what was recorded, member by member. Two differences are the client's
// will: create always sends a list, and load says that its datetimes are UTC.
func (p *player) checkRequest() {
	p.t.Helper()
	want, got := fromJSON(p.t, string(p.recorded.Request.Body)), fromJSON(p.t, string(p.sent))
	if p.protocol() == JSONRPC {
		want, got = paramsOf(want), paramsOf(got)
	}
	if diff := cmp.Diff(settleWording(want), settleWording(got)); diff != "" {
		p.t.Errorf("request (-recorded +client):\n%s", diff)
	}
}

func paramsOf(body any) any {
	args := body.(map[string]any)["params"].(map[string]any)["args"].([]any)
	if len(args) == 6 {
		args = append(args, map[string]any{})
	}
	return args
}

func settleWording(body any) any {
	switch body := body.(type) {
	case map[string]any:
		if record, one := body["vals_list"].(map[string]any); one {
			body["vals_list"] = []any{record}
		}
		if _, loads := body["data"]; loads {
			delete(body, "context")
		}
	case []any:
		if len(body) < 7 {
			return body
		}
		positional := body[5].([]any)
		if record, one := firstOf(positional).(map[string]any); one && body[4] == "create" {
			body[5] = []any{[]any{record}}
		}
		if body[4] == "load" {
			body[6] = map[string]any{}
		}
	}
	return body
}

func firstOf(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func fromJSON(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", clip(text, 100), err)
	}
	return value
}
