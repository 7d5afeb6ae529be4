package odoo

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// recording is one exchange with a real Odoo 19, or one post that it made.
type recording struct {
	name    string
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int             `json:"status"`
		Headers json.RawMessage `json:"headers"` // A list of pairs; {} where there was no response.
		Body    json.RawMessage `json:"body"`
	} `json:"response"`
}

func loadRecordings(t *testing.T) map[string]recording {
	t.Helper()
	files, err := filepath.Glob("testdata/wire/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	recordings := map[string]recording{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		read := recording{name: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(raw, &read); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		recordings[read.name] = read
	}
	return recordings
}

// A recording keeps of a traceback only its last line. What a server really sends is restored in its place, so that the
// tests see that none of it gets through.
var (
	removedTraceback = regexp.MustCompile(`(?s)\[traceback removed by recorder(?:: \d+ lines(?:, \d+ chars)?; last line: (.*?))?\]$`)
	tracebackHead    = "Traceback (most recent call last):\n" +
		"  File \"/usr/lib/python3/dist-packages/odoo/http.py\", line 2164, in _transactioning\n" +
		"    return service_model.retrying(func, env=self.env)\n" +
		"           ~~~~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^\n"
)

func withTraceback(text string) string {
	return removedTraceback.ReplaceAllString(text, tracebackHead+"${1}\n")
}

// restore puts tracebacks back into every text of a JSON value.
func restore(value any) any {
	switch value := value.(type) {
	case string:
		return withTraceback(value)
	case []any:
		for i := range value {
			value[i] = restore(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = restore(value[name])
		}
	}
	return value
}

func (r recording) responseBody(t *testing.T) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(r.Response.Body, &value); err != nil {
		t.Fatal(err)
	}
	if text, ok := value.(string); ok && !strings.HasPrefix(r.header("Content-Type"), "application/json") {
		return faultText.ReplaceAllStringFunc(text, func(fault string) string {
			inner := faultText.FindStringSubmatch(fault)[1]
			if strings.Contains(text, "<int>4</int>") {
				return "<string>You are not allowed to access this.\n\nContact your administrator.</string>"
			}
			return "<string>" + strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(withTraceback(inner)) + "</string>"
		})
	}
	body, err := json.Marshal(restore(value))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var faultText = regexp.MustCompile(`(?s)<string>(\[traceback removed.*?\])</string>`)

func (r recording) header(name string) string {
	var headers [][2]string
	if json.Unmarshal(r.Response.Headers, &headers) != nil {
		return ""
	}
	for _, header := range headers {
		if strings.EqualFold(header[0], name) {
			return header[1]
		}
	}
	return ""
}

// carrier answers requests as a function says; it stands where the network would.
type carrier func(*http.Request) (*http.Response, error)

func (c carrier) RoundTrip(request *http.Request) (*http.Response, error) { return c(request) }

func respond(request *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Request: request, ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// play gives the recorded response. Status 0 stands for no response at all.
func (r recording) play(t *testing.T, request *http.Request) (*http.Response, error) {
	t.Helper()
	if r.Response.Status != 0 {
		return respond(request, r.Response.Status, r.header("Content-Type"), r.responseBody(t)), nil
	}
	if strings.Contains(string(r.Response.Body), "ConnectionRefused") {
		refused := &os.SyscallError{Syscall: "connect", Err: syscall.ECONNREFUSED}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: refused}
	}
	if strings.Contains(string(r.Response.Body), "RemoteDisconnected") {
		return nil, io.EOF
	}
	return nil, errors.New("the recording tells no outcome")
}
