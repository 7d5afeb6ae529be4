package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// pythonError is an exception as Odoo's three protocols show it: a Python class name and a text.
type pythonError struct {
	name    string
	message string
	// status is the HTTP status over JSON-2, for werkzeug's classes; the others have theirs by class.
	status int
}

func (e *pythonError) Error() string { return e.name + ": " + e.message }

func raise(name, format string, args ...any) *pythonError {
	return &pythonError{name: name, message: fmt.Sprintf(format, args...)}
}

// UserError is what a method raises for its caller to read.
func UserError(format string, args ...any) error {
	return raise("odoo.exceptions.UserError", format, args...)
}

// ValidationError is what a constraint in Python raises.
func ValidationError(format string, args ...any) error {
	return raise("odoo.exceptions.ValidationError", format, args...)
}

func validationError(format string, args ...any) *pythonError {
	return raise("odoo.exceptions.ValidationError", "The operation cannot be completed: "+format, args...)
}

func accessDenied() *pythonError {
	return raise("odoo.exceptions.AccessDenied", "Access Denied")
}

func missingError(model string, id, uid int64) *pythonError {
	return raise("odoo.exceptions.MissingError",
		"Record does not exist or has been deleted.\n(Record: %s(%d,), User: %d)", model, id, uid)
}

func privateMethod(model, method string) *pythonError {
	return raise("odoo.exceptions.AccessError",
		"Private methods (such as '%s.%s') cannot be called remotely.", model, method)
}

func valueError(format string, args ...any) *pythonError {
	return raise("builtins.ValueError", format, args...)
}

func typeError(format string, args ...any) *pythonError {
	return raise("builtins.TypeError", format, args...)
}

func attributeError(format string, args ...any) *pythonError {
	return raise("builtins.AttributeError", format, args...)
}

func serializationFailure() *pythonError {
	return raise("psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update\n")
}

func poolFull() *pythonError {
	return raise("psycopg2.pool.PoolError", "The Connection Pool Is Full")
}

func databaseMissing(name string) *pythonError {
	return raise("psycopg2.OperationalError",
		"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database %q does not exist\n", name)
}

// httpError is one of werkzeug's exceptions, which only JSON-2 shows.
func httpError(status int, format string, args ...any) *pythonError {
	class := strings.ReplaceAll(http.StatusText(status), " ", "")
	if status == http.StatusUnprocessableEntity {
		class = "UnprocessableEntity"
	}
	return &pythonError{name: "werkzeug.exceptions." + class, message: fmt.Sprintf(format, args...), status: status}
}

// traceback is what a real server puts into "debug": file paths and source lines that a client must
// never log or forward. Tests can search for its text.
func (e *pythonError) traceback() string {
	return "Traceback (most recent call last):\n" +
		"  File \"/usr/lib/python3/dist-packages/odoo/http.py\", line 2128, in _transactioning\n" +
		"    return service_model.retrying(func, env=self.env)\n" +
		e.lastLine() + "\n"
}

func (e *pythonError) lastLine() string {
	return strings.TrimPrefix(e.name, "builtins.") + ": " + e.message
}

func (e *pythonError) arguments() []any {
	if e.status != 0 {
		return []any{e.message, e.status}
	}
	return []any{e.message}
}

// data is the object that JSON-RPC nests under error.data and JSON-2 sends as its whole body.
func (e *pythonError) data() map[string]any {
	return map[string]any{
		"name": e.name, "message": e.message, "arguments": e.arguments(),
		"context": map[string]any{}, "debug": e.traceback(),
	}
}

// json2Status is the status that Odoo 19 gives a class of error over JSON-2.
func (e *pythonError) json2Status() int {
	switch e.name {
	case "odoo.exceptions.UserError", "odoo.exceptions.ValidationError":
		return http.StatusUnprocessableEntity
	case "odoo.exceptions.AccessError":
		return http.StatusForbidden
	case "odoo.exceptions.AccessDenied":
		return http.StatusUnauthorized
	case "odoo.exceptions.MissingError":
		return http.StatusNotFound
	}
	if e.status != 0 {
		return e.status
	}
	return http.StatusInternalServerError
}

// faultCode is the code over /xmlrpc/2; three classes share code 2, so they cannot be told apart.
func (e *pythonError) faultCode() int64 {
	switch e.name {
	case "odoo.exceptions.UserError", "odoo.exceptions.ValidationError", "odoo.exceptions.MissingError":
		return 2
	case "odoo.exceptions.AccessDenied":
		return 3
	case "odoo.exceptions.AccessError":
		return 4
	}
	return 1
}

func (e *pythonError) faultString() string {
	if code := e.faultCode(); code == 2 || code == 3 {
		return e.message
	}
	return e.traceback()
}

// pythonRepr writes a value as Python's repr does, because several messages quote one.
func pythonRepr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return "'" + strings.ReplaceAll(v, "'", `\'`) + "'"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = pythonRepr(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return "{...}"
		}
		return string(text)
	}
	return fmt.Sprint(v)
}
