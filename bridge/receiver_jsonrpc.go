package bridge

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
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

// The model and method that the execute_kw shape has to name.
const (
	rpcModel  = "bir.filing.deadline"
	rpcMethod = "handle_plane_webhook"
)

// webhookCall is a webhook taken out of a call.
type webhookCall struct {
	body    []byte
	headers http.Header
}

type rpcRequest struct {
	Version string          `json:"jsonrpc"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	ID      json.RawMessage `json:"id"`
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

// answerCall answers one call; receive is what the plain endpoint does with the
// webhook in it.
func answerCall(body []byte, receive func(webhookCall) reply) rpcResponse {
	var request rpcRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return failedCall(nil, &rpcError{Code: rpcParseError, Message: "the call is not a JSON object"})
	}
	call, err := readCall(request)
	if err != nil {
		return failedCall(request.ID, err)
	}
	reply := receive(call)
	if !reply.answer.OK {
		return failedCall(request.ID, &rpcError{
			Code: rpcRefused, Message: reply.answer.Error,
			Data: map[string]any{"status": reply.status, "ok": false, "error": reply.answer.Error, "ssot_ref": reply.answer.SSOTRef},
		})
	}
	return rpcResponse{Version: "2.0", ID: orNull(request.ID), Result: &reply.answer}
}

func failedCall(id json.RawMessage, err error) rpcResponse {
	var known *rpcError
	if !errors.As(err, &known) {
		known = &rpcError{Code: rpcInvalidParams, Message: err.Error()}
	}
	return rpcResponse{Version: "2.0", ID: orNull(id), Error: known}
}

func orNull(id json.RawMessage) json.RawMessage {
	if len(id) == 0 {
		return json.RawMessage("null")
	}
	return id
}

func readCall(request rpcRequest) (webhookCall, error) {
	if request.Version != "2.0" {
		return webhookCall{}, &rpcError{Code: rpcInvalidRequest, Message: `"jsonrpc" has to be "2.0"`}
	}
	var params struct {
		Body    *string           `json:"body"`
		Headers map[string]string `json:"headers"`
		Service string            `json:"service"`
		Method  string            `json:"method"`
		Args    []json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(request.Params, &params); err != nil {
		return webhookCall{}, errors.New("params has to be an object with body and headers, or an execute_kw call")
	}
	if params.Service != "" || params.Args != nil {
		return readExecuteKw(params.Service, params.Method, params.Args)
	}
	if params.Body == nil {
		return webhookCall{}, errors.New("params.body is missing: the raw bytes of the webhook, as text or base64")
	}
	return newCall(*params.Body, params.Headers), nil
}

// readExecuteKw reads args = [database, uid, password, model, method, [payload,
// headers]]. The first three are not looked at: the webhook's signature is the
// credential here.
func readExecuteKw(service, method string, args []json.RawMessage) (webhookCall, error) {
	var model, called string
	if service != "object" || method != "execute_kw" || len(args) < 6 ||
		json.Unmarshal(args[3], &model) != nil || json.Unmarshal(args[4], &called) != nil ||
		model != rpcModel || called != rpcMethod {
		return webhookCall{}, &rpcError{Code: rpcMethodNotFound, Message: "only execute_kw of " + rpcModel + "." + rpcMethod + " is served here"}
	}
	var arguments []json.RawMessage
	var headers map[string]string
	if json.Unmarshal(args[5], &arguments) != nil || len(arguments) < 2 || json.Unmarshal(arguments[1], &headers) != nil {
		return webhookCall{}, errors.New("the arguments have to be [payload, headers]")
	}
	raw, found := headers["_raw_body"]
	if !found {
		return webhookCall{}, errors.New(`headers["_raw_body"] is missing: the signature holds over the raw bytes only`)
	}
	return newCall(raw, headers), nil
}

func newCall(body string, named map[string]string) webhookCall {
	headers := make(http.Header, len(named))
	for name, value := range named {
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
