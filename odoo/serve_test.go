package odoo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// answering is a server reduced to what a test is about: it makes sessions by itself and hands the rest to a function.
type answering struct {
	mu        sync.Mutex
	version   string
	calls     []sentCall
	connected int
	// call answers the nth call of a model's method, counted from 1.
	call func(n int, call sentCall) (status int, body string, err error)
	// hold, when set, is waited for before a call is answered.
	hold func(ctx context.Context)
}

// sentCall is a JSON-RPC call as the server sees it.
type sentCall struct {
	model, method string
	positional    []any
	named         map[string]any
}

func (a *answering) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(request.URL.Path, "/json/version") {
		return respond(request, 404, "text/html", "<p>Not Found"), nil
	}
	response, err := a.answer(request, body)
	return answerTo(body, response), err
}

func (a *answering) answer(request *http.Request, body []byte) (*http.Response, error) {
	var call rpcCall
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	switch call.Params.Method {
	case "version":
		return respond(request, 200, "application/json", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"server_serie":%q}}`, a.series())), nil
	case "authenticate":
		a.mu.Lock()
		a.connected++
		a.mu.Unlock()
		return respond(request, 200, "application/json", `{"jsonrpc":"2.0","id":1,"result":7}`), nil
	}
	if a.hold != nil {
		a.hold(request.Context())
		if err := request.Context().Err(); err != nil {
			return nil, err
		}
	}
	n, sent := a.note(call.Params.Args)
	status, answer, err := a.call(n, sent)
	if err != nil {
		return nil, err
	}
	contentType := "application/json"
	if strings.HasPrefix(answer, "<") {
		contentType = "text/html"
	}
	return respond(request, status, contentType, answer), nil
}

func (a *answering) series() string {
	if a.version == "" {
		return "19.0"
	}
	return a.version
}

func (a *answering) note(args []any) (int, sentCall) {
	sent := sentCall{model: args[3].(string), method: args[4].(string), positional: args[5].([]any)}
	sent.named, _ = args[6].(map[string]any)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, sent)
	return len(a.calls), sent
}

func (a *answering) methods() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var methods []string
	for _, call := range a.calls {
		methods = append(methods, call.method)
	}
	return methods
}

func (a *answering) client(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	config := Config{
		URL: "http://odoo.test", Database: "odoo", Login: "admin", Secret: "a-password", Protocol: JSONRPC,
		HTTPClient: &http.Client{Transport: a},
	}
	for _, apply := range change {
		apply(&config)
	}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answerTo gives a JSON-RPC answer the id of its request, where it has one and the request too.
func answerTo(sent []byte, response *http.Response) *http.Response {
	var asked struct {
		ID json.RawMessage `json:"id"`
	}
	if response == nil || json.Unmarshal(sent, &asked) != nil || asked.ID == nil {
		return response
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) == nil && members["jsonrpc"] != nil && members["id"] != nil && string(members["id"]) != "null" {
		members["id"] = asked.ID
		if body, err = json.Marshal(members); err != nil {
			panic(err)
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response
}

// result is a JSON-RPC answer.
func result(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return `{"jsonrpc":"2.0","id":1,"result":` + string(raw) + `}`
}

// exception is a JSON-RPC error.
func exception(name, message string) string {
	raw, err := json.Marshal(map[string]any{"name": name, "message": message, "debug": tracebackHead})
	if err != nil {
		panic(err)
	}
	return `{"jsonrpc":"2.0","id":1,"error":{"code":0,"message":"Odoo Server Error","data":` + string(raw) + `}}`
}
