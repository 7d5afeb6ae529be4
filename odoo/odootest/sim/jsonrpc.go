package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

const (
	protocolJSONRPC = "jsonrpc"
	protocolXMLRPC  = "xmlrpc"
	protocolJSON2   = "json2"
)

// maxBody is Odoo's own limit for a request body.
const maxBody = 128 << 20

func (s *Server) serveJSONRPC(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !isJSON(r) {
		unsupportedType(w, "/jsonrpc", "jsonrpc")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answerJSON(w, http.StatusOK, envelope(nil, nil, raise("werkzeug.exceptions.RequestEntityTooLarge",
			"413 Request Entity Too Large: The data value transmitted exceeds the capacity limit.")))
		return
	}
	decoded, err := DecodeJSON(body)
	if err != nil {
		plainText(w, http.StatusBadRequest, "Invalid JSON data")
		return
	}
	object, ok := decoded.(map[string]any)
	if !ok {
		plainText(w, http.StatusBadRequest, "Invalid JSON-RPC data")
		return
	}
	params, ok := object["params"].(map[string]any)
	if !ok {
		params = map[string]any{}
	}
	service, _ := params["service"].(string) // An absent service is refused like an unknown one.
	name, _ := params["method"].(string)     // Likewise.
	args, _ := params["args"].([]any)        // No arguments.
	result, err := s.dispatch(r.Context(), protocolJSONRPC, service, name, args)
	if answered(w, err) {
		return
	}
	answerJSON(w, http.StatusOK, envelope(object["id"], result, err))
}

// dispatch serves the three services of the classic protocols.
func (s *Server) dispatch(ctx context.Context, protocol, service, name string, args []any) (any, error) {
	switch service {
	case "common":
		fault := s.takeFault(serviceWithoutSession, name)
		if err := fault.before(ctx, protocol, serviceWithoutSession); err != nil {
			return nil, err
		}
		if fault.is(WrongResult) {
			return fault.Result, nil
		}
		result, err := s.serviceCommon(name, args)
		if err != nil {
			return nil, err
		}
		return result, fault.after()
	case "db":
		return s.serviceDB(name, args)
	case "object":
		return s.serviceObject(ctx, protocol, name, args)
	}
	return nil, raise("builtins.KeyError", "%s", service)
}

func (s *Server) serviceCommon(name string, args []any) (any, error) {
	switch name {
	case "version":
		return s.versionInfo(), nil
	case "authenticate", "login":
		if len(args) < 3 {
			return nil, typeError("exp_%s() missing required positional arguments", name)
		}
		if _, err := s.database(cellText(args[0])); err != nil {
			return nil, err
		}
		s.count("common." + name)
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.authenticate(cellText(args[1]), cellText(args[2])), nil
	}
	return nil, attributeError("Method not found: %s", name)
}

func (s *Server) serviceDB(name string, args []any) (any, error) {
	switch name {
	case "list":
		return s.databaseNames(), nil
	case "db_exist":
		if len(args) != 1 {
			return nil, typeError("exp_db_exist() takes 1 positional argument")
		}
		_, err := s.database(cellText(args[0]))
		return err == nil, nil
	case "server_version":
		return s.serie(), nil
	}
	return nil, accessDenied()
}

// serviceObject runs execute_kw(database, uid, secret, model, method, args, kwargs) or execute(...).
func (s *Server) serviceObject(ctx context.Context, protocol, name string, args []any) (any, error) {
	if name != "execute_kw" && name != "execute" {
		return nil, raise("builtins.NameError", "Method not available %s", name)
	}
	if len(args) < 5 {
		return nil, typeError("%s() missing required positional arguments", name)
	}
	db, err := s.database(cellText(args[0]))
	if err != nil {
		return nil, err
	}
	user, err := s.signIn(args[1], args[2])
	if err != nil {
		return nil, err
	}
	want := request{
		database: db, user: user, protocol: protocol, model: cellText(args[3]), method: cellText(args[4]),
		split: true, named: map[string]any{},
	}
	if name == "execute" {
		want.positional = args[5:]
		return s.do(ctx, want)
	}
	if len(args) > 5 {
		want.positional, _ = args[5].([]any) // Not a list: no arguments.
	}
	if len(args) > 6 {
		if named, ok := args[6].(map[string]any); ok {
			want.named = named
		}
	}
	return s.do(ctx, want)
}

func (s *Server) signIn(uid, secret any) (*account, error) {
	id, ok := uid.(int64)
	if !ok {
		return nil, accessDenied()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byUID(id, cellText(secret))
}

// envelope answers every outcome with HTTP 200. A method that returned nothing leaves both result
// and error out.
func envelope(id, result any, err error) map[string]any {
	answer := map[string]any{"jsonrpc": "2.0", "id": id}
	var raised *pythonError
	switch {
	case errors.As(err, &raised):
		answer["error"] = map[string]any{"code": 0, "message": "Odoo Server Error", "data": raised.data()}
	case err != nil:
		answer["error"] = map[string]any{
			"code": 0, "message": "Odoo Server Error", "data": raise("builtins.Exception", "%s", err.Error()).data(),
		}
	case result != nil:
		answer["result"] = result
	}
	return answer
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// DecodeJSON reads a whole document; numbers become int64 or float64.
func DecodeJSON(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err // Only whether it failed matters.
	}
	if decoder.More() {
		return nil, errors.New("extra data after the document")
	}
	return plainJSON(value), nil
}

func plainJSON(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = plainJSON(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plainJSON(v[key])
		}
	}
	return value
}
