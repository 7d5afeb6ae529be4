package mcpconf

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

func TestEachClientGetsTheShapeItWants(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		mode   Mode
		client Client
		want   string
	}{
		{RemoteOAuth, Raw, `{"transport":"remote-http","endpoint":"https://mcp.plane.so/http/mcp","auth":"oauth"}`},
		{RemoteAPIKey, Raw, `{"transport":"remote-http","endpoint":"https://mcp.plane.so/http/api-key/mcp","headers":{"Authorization":"Bearer ${PLANE_API_KEY}","X-Workspace-slug":"${PLANE_WORKSPACE_SLUG}"}}`},
		{Stdio, Raw, `{"transport":"stdio","command":"uvx","args":["plane-mcp-server","stdio"],"env":{"PLANE_API_KEY":"${PLANE_API_KEY}","PLANE_WORKSPACE_SLUG":"${PLANE_WORKSPACE_SLUG}","PLANE_BASE_URL":"${PLANE_BASE_URL}"}}`},
		{RemoteOAuth, Claude, `{"mcpServers":{"plane":{"type":"http","url":"https://mcp.plane.so/http/mcp"}}}`},
		{RemoteOAuth, Cursor, `{"mcpServers":{"plane":{"url":"https://mcp.plane.so/http/mcp"}}}`},
		{RemoteOAuth, VSCode, `{"servers":{"plane":{"type":"http","url":"https://mcp.plane.so/http/mcp"}}}`},
		{RemoteOAuth, Windsurf, `{"mcpServers":{"plane":{"serverUrl":"https://mcp.plane.so/http/mcp"}}}`},
		{RemoteAPIKey, VSCode, `{"servers":{"plane":{"type":"http","url":"https://mcp.plane.so/http/api-key/mcp","headers":{"Authorization":"Bearer ${env:PLANE_API_KEY}","X-Workspace-slug":"${env:PLANE_WORKSPACE_SLUG}"}}}}`},
		{Stdio, Cursor, `{"mcpServers":{"plane":{"command":"uvx","args":["plane-mcp-server","stdio"],"env":{"PLANE_API_KEY":"${env:PLANE_API_KEY}","PLANE_WORKSPACE_SLUG":"${env:PLANE_WORKSPACE_SLUG}","PLANE_BASE_URL":"${env:PLANE_BASE_URL}"}}}}`},
	} {
		got, err := Config(tc.mode, tc.client, Values{BaseURL: "https://api.plane.so/"})
		if err != nil {
			t.Fatal(err)
		}
		var compact strings.Builder
		if err := json.NewEncoder(&compact).Encode(json.RawMessage(got)); err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(compact.String()) != tc.want {
			t.Errorf("%s for %s:\n%swant %s", tc.mode, tc.client, compact.String(), tc.want)
		}
	}
}

func TestValuesReplacePlaceholdersOnlyWhenGiven(t *testing.T) {
	t.Parallel()
	got, err := Config(Stdio, Claude, Values{BaseURL: "https://plane.example.com", ShowBaseURL: true, Workspace: "acme", APIKey: "plane_api_x"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"plane_api_x"`, `"acme"`, `"https://plane.example.com"`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
}

func TestHostedModesRefuseAPrivateServerAndSayWhy(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"https://plane.insightpulseai.com", "https://evilplane.so", "https://plane.so.example.com"} {
		for _, mode := range []Mode{RemoteOAuth, RemoteAPIKey} {
			_, err := Config(mode, Claude, Values{BaseURL: base})
			var hosted *HostedOnlyError
			if !errors.As(err, &hosted) || !strings.Contains(err.Error(), "stdio") {
				t.Errorf("%s with %s: error %v", mode, base, err)
			}
		}
		if _, err := Config(Stdio, Claude, Values{BaseURL: base}); err != nil {
			t.Errorf("stdio with %s: %v", base, err)
		}
	}
}

func TestUnknownModesAndClientsAreNamed(t *testing.T) {
	t.Parallel()
	if _, err := Config("carrier-pigeon", Raw, Values{BaseURL: "https://api.plane.so"}); err == nil || !strings.Contains(err.Error(), "carrier-pigeon") {
		t.Errorf("error %v", err)
	}
	if _, err := Config(Stdio, "emacs", Values{}); err == nil || !strings.Contains(err.Error(), "emacs") {
		t.Errorf("error %v", err)
	}
}

func TestCheckingAHostedModeReadsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mode   Mode
		key    plane.APIKey
		status int
		ok     bool
	}{
		"asks for consent":        {RemoteOAuth, "", 401, true},
		"takes the key":           {RemoteAPIKey, "plane_api_x", 200, true},
		"refuses the key":         {RemoteAPIKey, "plane_api_x", 401, false},
		"is not there":            {RemoteOAuth, "", 404, false},
		"OAuth mode sends no key": {RemoteOAuth, "plane_api_x", 401, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if got := r.Header.Get("Authorization"); (got != "") != (tc.mode == RemoteAPIKey) {
					t.Errorf("Authorization set: %v", got != "")
				}
				return &http.Response{StatusCode: tc.status, Body: io.NopCloser(strings.NewReader(`{}`)), Header: http.Header{}, Request: r}, nil
			})}
			found, err := Check(t.Context(), client, tc.mode, Values{BaseURL: "https://api.plane.so", APIKey: tc.key, Workspace: "w"})
			if (err == nil) != tc.ok || strings.Contains(found, "plane_api_x") {
				t.Errorf("found %q, error %v", found, err)
			}
		})
	}
}

// roundTripper answers in a server's place.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
