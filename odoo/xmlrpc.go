package odoo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/kolo/xmlrpc"
)

// maxNesting bounds how deep an XML answer may nest; Odoo's answers stay below ten. The decoder recurses, and a stack
// that overflows ends the whole process.
const maxNesting = 200

// xmlRPC speaks POST /xmlrpc/2/{common,object}. kolo/xmlrpc turns values into XML and back; the HTTP is ours, so that
// timeouts and contexts hold. A method that returns nothing is answered by a fault although its work is committed.
type xmlRPC struct {
	classic
	http *exchange
}

func newXMLRPC(http *exchange, config Config) *xmlRPC {
	t := &xmlRPC{http: http}
	t.classic = classic{config: config, send: t.post}
	return t
}

func (t *xmlRPC) post(ctx context.Context, call invocation, service, method string, args []any) ([]byte, error) {
	body, err := encodeXML(method, args)
	if err != nil {
		return nil, call.fault(Permanent, ErrValue, err.Error())
	}
	got, err := t.http.send(ctx, request{
		method: http.MethodPost, path: "xmlrpc/2/" + service, contentType: "text/xml", body: body,
	})
	if err != nil {
		return nil, t.http.unanswered(call, got, err)
	}
	return t.read(call, got)
}

func (t *xmlRPC) read(call invocation, got answer) ([]byte, error) {
	if got.status != http.StatusOK || !bytes.Contains(got.body, []byte("<methodResponse>")) {
		return nil, t.http.refused(call, got)
	}
	if !isWholeResponse(got.body) {
		return nil, call.broken(got)
	}
	value, err := decodeXML(got.body)
	var fault xmlrpc.FaultError
	if errors.As(err, &fault) {
		return t.faulted(call, fault)
	}
	if err != nil {
		return nil, call.broken(got)
	}
	if value == nil {
		// An empty text: "nothing" would have come as a fault.
		return []byte(`""`), nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, call.broken(got)
	}
	return raw, nil
}

// isWholeResponse reports whether a method response is there from its beginning to its end, with a value or a fault. The
// decoder takes less: a response without a value would read as an empty text.
func isWholeResponse(body []byte) bool {
	body = bytes.TrimSpace(body)
	begins := bytes.HasPrefix(body, []byte("<?xml")) || bytes.HasPrefix(body, []byte("<methodResponse>"))
	holds := bytes.Contains(body, []byte("<param>")) || bytes.Contains(body, []byte("<fault>"))
	return begins && holds && bytes.HasSuffix(body, []byte("</methodResponse>"))
}

// faulted reads a fault. Odoo cannot write None and says so after it has committed: that is the answer "nothing".
func (t *xmlRPC) faulted(call invocation, fault xmlrpc.FaultError) ([]byte, error) {
	if fault.Code < faultUnexpected || fault.Code > faultAccess {
		return nil, call.foreign("a fault with a code that Odoo does not give")
	}
	remote := readFault(fault.Code, fault.String)
	if remote.Name == "builtins.TypeError" && strings.Contains(remote.Message, "cannot marshal None") {
		return nil, nil
	}
	return nil, t.http.raised(call, http.StatusOK, remote, "")
}

// encodeXML writes a method call. XML-RPC has no null, which Odoo reads as false wherever it matters; the encoder would
// write an empty text instead. It also leaves member names unescaped and replaces characters that XML cannot carry, so
// both are refused here.
func encodeXML(method string, args []any) ([]byte, error) {
	sendable := make([]any, len(args))
	for i, arg := range args {
		value, err := plain(arg)
		if err != nil {
			return nil, err
		}
		if sendable[i], err = forXML(value); err != nil {
			return nil, err
		}
	}
	return xmlrpc.EncodeMethodCall(method, sendable...)
}

func forXML(value any) (any, error) {
	switch value := value.(type) {
	case nil:
		return false, nil
	case string:
		return value, checkXMLText(value)
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			var err error
			if list[i], err = forXML(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		members := make(map[string]any, len(value))
		for name, member := range value {
			if strings.ContainsAny(name, "<>&") {
				return nil, fmt.Errorf("member name %q cannot be sent over XML-RPC", clip(name, 40))
			}
			var err error
			if members[name], err = forXML(member); err != nil {
				return nil, err
			}
		}
		return members, nil
	default:
		return value, nil
	}
}

func checkXMLText(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("text that is not UTF-8 cannot be sent over XML-RPC")
	}
	for _, r := range text {
		if (r < ' ' && r != '\t' && r != '\n' && r != '\r') || r == 0xFFFE || r == 0xFFFF {
			return fmt.Errorf("character %U cannot be sent over XML-RPC", r)
		}
	}
	return nil
}

// decodeXML reads a method response: its value, or its fault as an error. The decoder panics on some broken input.
func decodeXML(body []byte) (value any, err error) {
	defer func() {
		if recover() != nil {
			value, err = nil, fmt.Errorf("broken XML-RPC answer")
		}
	}()
	if nestsTooDeep(body) {
		return nil, fmt.Errorf("XML-RPC answer nests too deep")
	}
	response := xmlrpc.Response(body)
	if bytes.Contains(body, []byte("<fault>")) {
		if err := response.Err(); err != nil {
			return nil, err
		}
	}
	if err := response.Unmarshal(&value); err != nil {
		return nil, fmt.Errorf("broken XML-RPC answer: %w", err)
	}
	return withEmptyStructs(value), nil
}

// withEmptyStructs makes an empty struct an empty map again. The decoder leaves a nil map for it, and nil for an empty
// text; the latter stays, since null decodes into an empty text as well.
func withEmptyStructs(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = withEmptyStructs(value[i])
		}
	case map[string]any:
		if value == nil {
			return map[string]any{}
		}
		for name := range value {
			value[name] = withEmptyStructs(value[name])
		}
	}
	return value
}

// nestsTooDeep counts tags. One value inside another is three tags deeper in an array and three in a struct.
func nestsTooDeep(body []byte) bool {
	depth := 0
	for rest := body; ; {
		open := bytes.IndexByte(rest, '<')
		if open < 0 || open+1 >= len(rest) {
			return false
		}
		rest = rest[open+1:]
		end := bytes.IndexByte(rest, '>')
		switch {
		case rest[0] == '/':
			depth--
		case rest[0] == '?' || rest[0] == '!' || (end > 0 && rest[end-1] == '/'):
		default:
			depth++
		}
		if depth > 3*maxNesting {
			return true
		}
	}
}
