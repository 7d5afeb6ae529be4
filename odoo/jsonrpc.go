package odoo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sync/atomic"
)

// jsonRPC speaks POST /jsonrpc: every answer is HTTP 200, errors too, and a method that returns nothing is answered
// without result and without error.
type jsonRPC struct {
	classic
	http   *exchange
	lastID atomic.Int64
}

func newJSONRPC(http *exchange, config Config) *jsonRPC {
	t := &jsonRPC{http: http}
	t.classic = classic{config: config, send: t.post}
	return t
}

type envelope struct {
	Version string         `json:"jsonrpc"`
	Method  string         `json:"method"`
	Params  envelopeParams `json:"params"`
	ID      int64          `json:"id"`
}

type envelopeParams struct {
	Service string `json:"service"`
	Method  string `json:"method"`
	Args    []any  `json:"args"`
}

// reply is the envelope of an answer. Result stays nil when it is missing.
type reply struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      *int64          `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Message string      `json:"message"`
		Data    remoteError `json:"data"`
	} `json:"error"`
}

// answers reports whether the reply is Odoo's to the call with this id. An error may come without one: Odoo refuses a
// body that is too large before it has read the id. Nothing else but the id ties an answer to its question.
func (r reply) answers(id int64) bool {
	if r.JSONRPC != "2.0" || r.Error != nil && (r.Result != nil || !r.Error.Data.isException()) {
		return false
	}
	return r.ID != nil && *r.ID == id || r.ID == nil && r.Error != nil
}

// remoteError is an exception as the server describes it. Its `debug` member, a traceback, is not even read.
type remoteError struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

var pythonClass = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$`)

// isException reports whether the name is one that Odoo gives, a Python class with its module. A gateway that says
// {"name":"NotFound"} is not Odoo.
func (r remoteError) isException() bool { return pythonClass.MatchString(r.Name) }

func (t *jsonRPC) post(ctx context.Context, call invocation, service, method string, args []any) ([]byte, error) {
	id := t.lastID.Add(1)
	body, err := json.Marshal(envelope{
		Version: "2.0", Method: "call", ID: id,
		Params: envelopeParams{Service: service, Method: method, Args: args},
	})
	if err != nil {
		return nil, call.fault(Permanent, ErrValue, err.Error())
	}
	got, err := t.http.send(ctx, request{
		method: http.MethodPost, path: "jsonrpc", contentType: "application/json", body: body,
	})
	if err != nil {
		return nil, t.http.unanswered(call, got, err)
	}
	return t.read(call, id, got)
}

func (t *jsonRPC) read(call invocation, id int64, got answer) ([]byte, error) {
	if got.status != http.StatusOK || got.isPage() {
		return nil, t.http.refused(call, got)
	}
	var read reply
	if err := json.Unmarshal(got.body, &read); err != nil {
		return nil, call.broken(got)
	}
	if !read.answers(id) {
		return nil, call.foreign("JSON that is not Odoo's answer to this call")
	}
	if read.Error != nil {
		return nil, t.http.raised(call, got.status, read.Error.Data, read.Error.Message)
	}
	if string(read.Result) == "null" {
		return nil, nil
	}
	return read.Result, nil
}

// executeKW lays a call out as both old protocols want it: database, user, secret, model, method, positional
// arguments (the record set first), keyword arguments.
func (call invocation) executeKW(config Config, userID int64) ([]any, error) {
	positional := make([]any, 0, len(call.args)+1)
	if call.ids != nil {
		positional = append(positional, call.ids)
	}
	for _, arg := range call.args {
		positional = append(positional, arg.value)
	}
	args := []any{config.Database, userID, config.Secret, call.model, call.method}
	for _, part := range []any{positional, map[string]any(call.named)} {
		sendable, err := plain(part)
		if err != nil {
			return nil, call.fault(Permanent, ErrValue, err.Error())
		}
		args = append(args, sendable)
	}
	return args, nil
}

// readVersion reads the answer of common.version and of GET /json/version.
func readVersion(call invocation, raw []byte) (Version, error) {
	var read struct {
		Series  string `json:"server_serie"`
		Version string `json:"version"`
		Server  string `json:"server_version"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return Version{}, call.foreign("the version is not readable")
	}
	for _, series := range []string{read.Series, read.Version, read.Server} {
		if major, ok := majorOf(series); ok {
			return Version{Series: clip(series, 40), Major: major}, nil
		}
	}
	return Version{}, call.foreign("the answer holds no version")
}

// majorOf finds the first number: 19 in "19.0", 18 in "saas~18.2+e".
func majorOf(series string) (int, bool) {
	for i := range len(series) {
		var major int
		if n, _ := fmt.Sscanf(series[i:], "%d", &major); n == 1 && series[i] >= '0' && series[i] <= '9' {
			return major, true
		}
	}
	return 0, false
}

// readUserID reads the answer of authenticate: false means refused, without any error. Nothing else does.
func readUserID(call invocation, raw []byte) (int64, error) {
	if string(bytes.TrimSpace(raw)) == "false" {
		return 0, call.fault(Permanent, ErrDenied, "login, password or API key refused")
	}
	id, err := readID(raw)
	if err != nil {
		return 0, call.foreign("authenticate answered no user id")
	}
	return id, nil
}
