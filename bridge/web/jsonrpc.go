package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// The forwarder may deliver a webhook as a JSON-RPC 2.0 call instead. It comes
// in one of two shapes: params with body and headers, or the execute_kw that
// called the Odoo module before the bridge took its place. Both carry the raw
// bytes, because the signature holds over nothing else.

// JSON-RPC 2.0's own error codes, and one for a webhook that was refused.
const (
	rpcParseError     = -32700
	rpcInvalidRequest = -32600
	rpcMethodNotFound = -32601
	rpcInvalidParams  = -32602
	rpcRefused        = -32000
)

// Hook is a method of a model of Odoo by which a module took Plane's webhooks before
// the bridge did. The execute_kw shape has to name one.
type Hook struct{ Model, Method string }

func (h Hook) String() string { return h.Model + "." + h.Method }

// TakeCallsOf takes webhooks that come as calls of these methods.
func (r *Receiver) TakeCallsOf(hooks ...Hook) { r.hooks = append(r.hooks, hooks...) }

// webhookCall is a webhook as it came, whether plain or in a call.
type webhookCall struct {
	body    []byte
	headers http.Header
	// release gives back the room of what was read; see bodyRoom.
	release func()
}

// rpcCall is a call that was understood: the webhook in it, and what the answer has
// to repeat.
type rpcCall struct {
	id      json.RawMessage
	webhook webhookCall
}

// rpcRequest is a call, as far as it is looked at. Whoever sends it is not known yet:
// what is read has a fixed number of fields, so that no call takes much more memory
// than it has bytes.
type rpcRequest struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Params  struct {
		Body    *string    `json:"body"`
		Headers rpcHeaders `json:"headers"`
		Service string     `json:"service"`
		Method  string     `json:"method"`
		Args    *rpcKwargs `json:"args"`
	} `json:"params"`
}

// rpcHeaders are the headers that a call may carry; encoding/json finds them in
// whatever case they are written.
type rpcHeaders struct {
	Signature   string `json:"X-Plane-Signature"`
	Delivery    string `json:"X-Plane-Delivery"`
	Event       string `json:"X-Plane-Event"`
	UserAgent   string `json:"User-Agent"`
	ContentType string `json:"Content-Type"`
	// RawBody is where the older shape has the body.
	RawBody *string `json:"_raw_body"`
}

// rpcKwargs are the arguments of execute_kw: database, uid, password, model, method,
// [payload, headers]. Nothing but the last three is looked at: the webhook's
// signature is the credential here.
type rpcKwargs struct {
	model, method string
	headers       rpcHeaders
	given         bool // whether headers were
}

// skipped is a part of a call that nobody looks at.
type skipped struct{}

// UnmarshalJSON takes anything.
func (*skipped) UnmarshalJSON([]byte) error { return nil }

// UnmarshalJSON reads the arguments by their places.
func (k *rpcKwargs) UnmarshalJSON(text []byte) error {
	var headers *rpcHeaders
	arguments := [2]any{&skipped{}, &headers}
	places := [6]any{&skipped{}, &skipped{}, &skipped{}, &k.model, &k.method, &arguments}
	if err := json.Unmarshal(text, &places); err != nil {
		return err
	}
	if headers != nil {
		k.headers, k.given = *headers, true
	}
	return nil
}

type rpcResponse struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  *answer         `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *rpcError) Error() string { return e.Message }

func answeredCall(id json.RawMessage, reply reply) rpcResponse {
	if reply.answer.OK {
		return rpcResponse{Version: "2.0", ID: orNull(id), Result: &reply.answer}
	}
	return failedCall(id, &rpcError{
		Code: rpcRefused, Message: reply.answer.Error,
		Data: map[string]any{"status": reply.status, "ok": false, "error": reply.answer.Error, "ssot_ref": reply.answer.SSOTRef},
	})
}

func failedCall(id json.RawMessage, err error) rpcResponse {
	var known *rpcError
	if !errors.As(err, &known) {
		known = &rpcError{Code: rpcInvalidParams, Message: err.Error()}
	}
	return rpcResponse{Version: "2.0", ID: orNull(id), Error: known}
}

// longestCallID is the longest id that is repeated in an answer.
const longestCallID = 256

func orNull(id json.RawMessage) json.RawMessage {
	if len(id) == 0 || len(id) > longestCallID {
		return json.RawMessage("null")
	}
	return id
}

// readCall finds the webhook in a call, in either shape.
func readCall(body []byte, hooks []Hook) (rpcCall, error) {
	var request rpcRequest
	if err := json.Unmarshal(body, &request); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && strings.HasPrefix(wrong.Field, "params") {
			return rpcCall{id: request.ID}, errors.New("params has to be an object with body and headers, or an execute_kw call")
		}
		return rpcCall{}, &rpcError{Code: rpcParseError, Message: "the call is not a JSON object"}
	}
	call := rpcCall{id: request.ID}
	if request.Version != "2.0" {
		return call, &rpcError{Code: rpcInvalidRequest, Message: `"jsonrpc" has to be "2.0"`}
	}
	params := request.Params
	if params.Service != "" || params.Args != nil {
		return request.executeKw(hooks)
	}
	if params.Body == nil {
		return call, errors.New("params.body is missing: the raw bytes of the webhook, as text or base64")
	}
	call.webhook = newCall(*params.Body, params.Headers)
	return call, nil
}

// executeKw finds the webhook in a call of the Odoo module that the bridge took the
// place of.
func (r rpcRequest) executeKw(hooks []Hook) (rpcCall, error) {
	call, args := rpcCall{id: r.ID}, r.Params.Args
	switch {
	case args == nil || r.Params.Service != "object" || r.Params.Method != "execute_kw" || !slices.Contains(hooks, Hook{args.model, args.method}):
		return call, &rpcError{Code: rpcMethodNotFound, Message: "only execute_kw of " + listed(hooks) + " is served here"}
	case !args.given:
		return call, errors.New("the arguments have to be [payload, headers]")
	case args.headers.RawBody == nil:
		return call, errors.New(`headers["_raw_body"] is missing: the signature holds over the raw bytes only`)
	}
	call.webhook = newCall(*args.headers.RawBody, args.headers)
	return call, nil
}

func listed(hooks []Hook) string {
	if len(hooks) == 0 {
		return "nothing"
	}
	names := make([]string, len(hooks))
	for i, hook := range hooks {
		names[i] = hook.String()
	}
	return strings.Join(names, " or ")
}

func newCall(body string, named rpcHeaders) webhookCall {
	headers := make(http.Header)
	for name, value := range map[string]string{
		plane.HeaderSignature: named.Signature, plane.HeaderDelivery: named.Delivery, plane.HeaderEvent: named.Event,
		"User-Agent": named.UserAgent, "Content-Type": named.ContentType,
	} {
		headers.Set(name, value)
	}
	return webhookCall{body: rawBytes(body), headers: headers}
}

// rawBytes reads a body that is text or base64. Every webhook body is a JSON
// object, and no base64 begins with a brace.
func rawBytes(body string) []byte {
	if strings.HasPrefix(strings.TrimLeft(body, " \t\r\n"), "{") {
		return []byte(body)
	}
	if decoded, err := base64.StdEncoding.DecodeString(body); err == nil {
		return decoded
	}
	return []byte(body)
}
