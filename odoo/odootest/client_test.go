package odootest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// rpcError is the error object of an answer.
type rpcError struct {
	Data struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"data"`
}

func (e *rpcError) Error() string { return e.Data.Name + ": " + e.Data.Message }

// tryRPC calls a method over JSON-RPC through the transport.
func tryRPC(transport http.RoundTripper, as Credentials, model, method string, args []any, kwargs map[string]any) (any, error) {
	return tryRPCOn("odoo", transport, as, model, method, args, kwargs)
}

// tryRPCOn is tryRPC on a database of its own choice.
func tryRPCOn(database string, transport http.RoundTripper, as Credentials, model, method string, args []any, kwargs map[string]any) (any, error) {
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "call", "id": 1, "params": map[string]any{
		"service": "object", "method": "execute_kw",
		"args": []any{database, as.UID, as.Password, model, method, args, kwargs},
	}})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, "http://odoo.test/jsonrpc", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	if answer.Result == nil {
		return nil, nil
	}
	return sim.DecodeJSON(answer.Result)
}

// rpc calls a method as the administrator and fails the test on an error.
func rpc(t *testing.T, s *Server, model, method string, args ...any) any {
	t.Helper()
	result, err := tryRPC(s.RoundTripper(), s.Admin(), model, method, args, nil)
	if err != nil {
		t.Fatalf("%s.%s: %v", model, method, err)
	}
	return result
}

func wantClass(t *testing.T, err error, class string) {
	t.Helper()
	var refused *rpcError
	if !errors.As(err, &refused) || refused.Data.Name != class {
		t.Errorf("error %v, want %s", err, class)
	}
}
