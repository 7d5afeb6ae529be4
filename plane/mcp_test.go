package plane

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestEachClientGetsTheShapeItWants(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		mode   MCPMode
		client MCPClient
		want   string
	}{
		{MCPRemoteOAuth, MCPRaw, `{"transport":"remote-http","endpoint":"https://mcp.plane.so/http/mcp","auth":"oauth"}`},
		{MCPRemoteAPIKey, MCPRaw, `{"transport":"remote-http","endpoint":"https://mcp.plane.so/http/api-key/mcp","headers":{"Authorization":"Bearer ${PLANE_API_KEY}","X-Workspace-slug":"${PLANE_WORKSPACE_SLUG}"}}`},
		{MCPStdio, MCPRaw, `{"transport":"stdio","command":"uvx","args":["plane-mcp-server","stdio"],"env":{"PLANE_API_KEY":"${PLANE_API_KEY}","PLANE_WORKSPACE_SLUG":"${PLANE_WORKSPACE_SLUG}","PLANE_BASE_URL":"${PLANE_BASE_URL}"}}`},
		{MCPRemoteOAuth, MCPClaude, `{"mcpServers":{"plane":{"type":"http","url":"https://mcp.plane.so/http/mcp"}}}`},
		{MCPRemoteOAuth, MCPCursor, `{"mcpServers":{"plane":{"url":"https://mcp.plane.so/http/mcp"}}}`},
		{MCPRemoteOAuth, MCPVSCode, `{"servers":{"plane":{"type":"http","url":"https://mcp.plane.so/http/mcp"}}}`},
		{MCPRemoteOAuth, MCPWindsurf, `{"mcpServers":{"plane":{"serverUrl":"https://mcp.plane.so/http/mcp"}}}`},
		{MCPRemoteAPIKey, MCPVSCode, `{"servers":{"plane":{"type":"http","url":"https://mcp.plane.so/http/api-key/mcp","headers":{"Authorization":"Bearer ${env:PLANE_API_KEY}","X-Workspace-slug":"${env:PLANE_WORKSPACE_SLUG}"}}}}`},
		{MCPStdio, MCPCursor, `{"mcpServers":{"plane":{"command":"uvx","args":["plane-mcp-server","stdio"],"env":{"PLANE_API_KEY":"${env:PLANE_API_KEY}","PLANE_WORKSPACE_SLUG":"${env:PLANE_WORKSPACE_SLUG}","PLANE_BASE_URL":"${env:PLANE_BASE_URL}"}}}}`},
	} {
		got, err := MCPConfig(tc.mode, tc.client, MCPValues{BaseURL: "https://api.plane.so/"})
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
	got, err := MCPConfig(MCPStdio, MCPClaude, MCPValues{BaseURL: "https://plane.example.com", ShowBaseURL: true, Workspace: "acme", APIKey: "plane_api_x"})
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
		for _, mode := range []MCPMode{MCPRemoteOAuth, MCPRemoteAPIKey} {
			_, err := MCPConfig(mode, MCPClaude, MCPValues{BaseURL: base})
			var hosted *HostedOnlyError
			if !errors.As(err, &hosted) || !strings.Contains(err.Error(), "stdio") {
				t.Errorf("%s with %s: error %v", mode, base, err)
			}
		}
		if _, err := MCPConfig(MCPStdio, MCPClaude, MCPValues{BaseURL: base}); err != nil {
			t.Errorf("stdio with %s: %v", base, err)
		}
	}
}

func TestUnknownModesAndClientsAreNamed(t *testing.T) {
	t.Parallel()
	if _, err := MCPConfig("carrier-pigeon", MCPRaw, MCPValues{BaseURL: "https://api.plane.so"}); err == nil || !strings.Contains(err.Error(), "carrier-pigeon") {
		t.Errorf("error %v", err)
	}
	if _, err := MCPConfig(MCPStdio, "emacs", MCPValues{}); err == nil || !strings.Contains(err.Error(), "emacs") {
		t.Errorf("error %v", err)
	}
}

func TestCheckingAHostedModeReadsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mode   MCPMode
		key    APIKey
		status int
		ok     bool
	}{
		"asks for consent":        {MCPRemoteOAuth, "", 401, true},
		"takes the key":           {MCPRemoteAPIKey, "plane_api_x", 200, true},
		"refuses the key":         {MCPRemoteAPIKey, "plane_api_x", 401, false},
		"is not there":            {MCPRemoteOAuth, "", 404, false},
		"OAuth mode sends no key": {MCPRemoteOAuth, "plane_api_x", 401, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if got := r.Header.Get("Authorization"); (got != "") != (tc.mode == MCPRemoteAPIKey) {
					t.Errorf("Authorization set: %v", got != "")
				}
				return answer(r, tc.status, `{}`), nil
			})}
			found, err := CheckMCP(t.Context(), client, tc.mode, MCPValues{BaseURL: "https://api.plane.so", APIKey: tc.key, Workspace: "w"})
			if (err == nil) != tc.ok || strings.Contains(found, "plane_api_x") {
				t.Errorf("found %q, error %v", found, err)
			}
		})
	}
}
