package app

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/web"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// anyMethod are the methods that a route for every method is registered under.
var anyMethod = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace,
}

// bareApp is an app as serve wires it, with secrets, and with nothing that it
// could reach: every route has to answer all the same.
func bareApp(t *testing.T) *App {
	t.Helper()
	values := map[string]string{
		"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none?connect_timeout=1", "PLANE_BASE_URL": "http://127.0.0.1:1",
		"PLANE_WEBHOOK_SECRET": "for-tests", "ODOO_WEBHOOK_TOKEN": "for-tests", "ADMIN_TOKEN": "for-tests",
	}
	s, live, err := surroundings(values).Settings(t.Context(), settings.Database, settings.OdooIfAny)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(s, live, Config{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func TestEveryRequestIsAnsweredInJSON(t *testing.T) {
	t.Parallel()
	a := bareApp(t)
	for _, route := range a.Receiver.Routes() {
		if !slices.Contains(anyMethod, route.Method) {
			continue // the framework's own name for a path without a route
		}
		for _, method := range []string{route.Method, http.MethodDelete, http.MethodGet, http.MethodPost} {
			assertJSON(t, a.Receiver, method, strings.TrimSuffix(route.Path, "*"))
		}
	}
	for _, path := range []string{"/", "/nothing-here", "/api/webhooks/", "/api/webhooks/plane/", "//healthz", "/console/nothing/here"} {
		for _, method := range anyMethod {
			assertJSON(t, a.Receiver, method, path)
		}
	}
}

// assertJSON asks as a stranger does, with no credentials: what the console
// shows to those who are let in is for people.
func assertJSON(t *testing.T, handler http.Handler, method, path string) {
	t.Helper()
	for name, body := range map[string]string{"empty": "", "object": "{}", "garbage": "\x00<", "too large": strings.Repeat(" ", 1<<20+1)} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
		media, _, err := mime.ParseMediaType(recorder.Header().Get("Content-Type"))
		if err != nil || media != "application/json" {
			t.Errorf("%s %s with %s body: %d with Content-Type %q", method, path, name, recorder.Code, recorder.Header().Get("Content-Type"))
		}
		if recorder.Code == http.StatusNoContent || !json.Valid(recorder.Body.Bytes()) {
			t.Errorf("%s %s with %s body: %d with body %q, which is not JSON", method, path, name, recorder.Code, recorder.Body)
		}
	}
}

// described is the part of docs/openapi.yaml that is compared. A path that
// answers to every method alike says so once, with x-any-method.
type described struct {
	Paths map[string]struct {
		Any     bool `yaml:"x-any-method"`
		Metrics bool `yaml:"x-metrics-listener"`
		Get     *any `yaml:"get"`
		Post    *any `yaml:"post"`
		Delete  *any `yaml:"delete"`
		Put     *any `yaml:"put"`
		Patch   *any `yaml:"patch"`
	} `yaml:"paths"`
}

func (d described) methods() map[string][]string {
	all := make(map[string][]string)
	for path, operations := range d.Paths {
		switch {
		case operations.Metrics:
		case operations.Any:
			all[path] = []string{"any"}
		default:
			for method, operation := range map[string]*any{
				http.MethodGet: operations.Get, http.MethodPost: operations.Post, http.MethodDelete: operations.Delete,
				http.MethodPut: operations.Put, http.MethodPatch: operations.Patch,
			} {
				if operation != nil {
					all[path] = append(all[path], method)
				}
			}
			slices.Sort(all[path])
		}
	}
	return all
}

// registered is the same of the program.
func registered(routes []web.Route) map[string][]string {
	all := make(map[string][]string)
	for _, route := range routes {
		path := strings.Replace(route.Path, "*", "{page}", 1)
		all[path] = append(all[path], route.Method)
	}
	for path, methods := range all {
		if len(methods) >= len(anyMethod) {
			all[path] = []string{"any"}
		}
	}
	return all
}

func TestTheInterfaceIsDescribedAsItIs(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document described
	if err := yaml.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(registered(bareApp(t).Receiver.Routes()), document.methods()); diff != "" {
		t.Errorf("routes (-program +docs/openapi.yaml):\n%s", diff)
	}
}

// The forwarder of the seeds may still call the Odoo module that the bridge took the
// place of.
func TestACallOfTheDeadlinesOwnModuleIsTakenForAWebhook(t *testing.T) {
	t.Parallel()
	const call = `{"jsonrpc": "2.0", "id": 1, "params": {"service": "object", "method": "execute_kw", "args":
		["odoo", 2, "x", "bir.filing.deadline", "handle_plane_webhook", [{}, {"_raw_body": "{}", "X-Plane-Signature": "none"}]]}}`
	recorder := httptest.NewRecorder()
	bareApp(t).Receiver.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/jsonrpc", strings.NewReader(call)))
	if answer := recorder.Body.String(); !strings.Contains(answer, "invalid signature") {
		t.Errorf("the answer is %s, want one that has looked at the signature", answer)
	}
}
