package sim

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// serveXMLRPC answers /xmlrpc/2/<service> (numeric fault codes) and the old /xmlrpc/<service>
// (text fault codes).
func (s *Server) serveXMLRPC(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		htmlPage(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	name, args, err := DecodeMethodCall(body)
	var result any
	if err != nil {
		err = raise("xml.parsers.expat.ExpatError", "%s", err.Error())
	} else {
		result, err = s.dispatch(r.Context(), protocolXMLRPC, r.PathValue("service"), name, args)
	}
	if answered(w, err) {
		return
	}
	if err == nil && hasNone(result) {
		// The work is committed by now, yet the caller is told of a fault.
		err = typeError("cannot marshal None unless allow_none is enabled")
	}
	old := !strings.HasPrefix(r.URL.Path, "/xmlrpc/2/")
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	send(w, http.StatusOK, methodResponse(result, err, old))
}

func methodResponse(result any, err error, old bool) []byte {
	var out strings.Builder
	out.WriteString("<?xml version=\"1.0\"?>\n<methodResponse>\n")
	if err == nil {
		out.WriteString("<params>\n<param>\n")
		encodeValue(&out, result)
		out.WriteString("</param>\n</params>\n")
	} else {
		out.WriteString("<fault>\n")
		encodeValue(&out, faultStruct(err, old))
		out.WriteString("</fault>\n")
	}
	out.WriteString("\n</methodResponse>\n")
	return []byte(out.String())
}

func faultStruct(err error, old bool) map[string]any {
	var raised *pythonError
	if !errors.As(err, &raised) {
		raised = raise("builtins.Exception", "%s", err.Error())
	}
	if !old {
		return map[string]any{"faultCode": raised.faultCode(), "faultString": raised.faultString()}
	}
	switch raised.faultCode() {
	case 2:
		class := raised.name[strings.LastIndexByte(raised.name, '.')+1:]
		return map[string]any{"faultCode": "warning -- " + class + "\n\n" + raised.message, "faultString": ""}
	case 3:
		return map[string]any{"faultCode": "AccessDenied", "faultString": raised.message}
	}
	return map[string]any{"faultCode": raised.lastLine(), "faultString": raised.traceback()}
}

func hasNone(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		for _, item := range v {
			if hasNone(item) {
				return true
			}
		}
	case map[string]any:
		for _, item := range v {
			if hasNone(item) {
				return true
			}
		}
	case []map[string]any:
		for _, item := range v {
			if hasNone(item) {
				return true
			}
		}
	}
	return false
}
