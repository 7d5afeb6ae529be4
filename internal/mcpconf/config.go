// Package mcpconf writes configurations for MCP clients that reach Plane's MCP server, and
// probes what they need.
package mcpconf

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Mode is how an MCP client reaches Plane's MCP server.
type Mode string

// The three transports. The first two are Plane's hosted server, which reaches Plane Cloud only.
const (
	RemoteOAuth Mode = "remote-oauth" // the person consents in the browser
	// #nosec G101 -- a mode, no key
	RemoteAPIKey Mode = "remote-api-key" // automation
	Stdio        Mode = "stdio"          // a local process; the one for self-hosted servers
)

// Client is the program whose configuration file is written.
type Client string

// The clients with a shape of their own. Raw names transport and endpoint and belongs to no program.
const (
	Claude   Client = "claude"
	Cursor   Client = "cursor"
	VSCode   Client = "vscode"
	Windsurf Client = "windsurf"
	Raw      Client = "raw"
)

// Modes and Clients list what Config knows.
var (
	Modes   = []Mode{RemoteOAuth, RemoteAPIKey, Stdio}
	Clients = []Client{Claude, Cursor, VSCode, Windsurf, Raw}
)

// The endpoints of Plane's hosted MCP server (Plane's developer documentation).
const (
	oauthEndpoint  = "https://mcp.plane.so/http/mcp"
	apiKeyEndpoint = "https://mcp.plane.so/http/api-key/mcp" // #nosec G101 -- an address
)

// Values fill the configuration. BaseURL decides whether the hosted modes are possible at all. An empty APIKey or
// Workspace is written as a placeholder that the client resolves; BaseURL is written as a placeholder unless
// ShowBaseURL is set.
type Values struct {
	BaseURL     string
	Workspace   string
	APIKey      plane.APIKey
	ShowBaseURL bool
}

// HostedOnlyError refuses a hosted mode for a server that Plane's hosted MCP server cannot reach.
type HostedOnlyError struct {
	Mode Mode
	Host string
}

func (e *HostedOnlyError) Error() string {
	return fmt.Sprintf("MCP mode %s uses Plane's hosted server at mcp.plane.so, which serves Plane Cloud (*.plane.so) only and would send the key of %s to it; use mode %s, which runs beside you",
		e.Mode, e.Host, Stdio)
}

// file is the configuration of all clients but Raw; each reads one of the two names.
type file struct {
	Servers    map[string]server `json:"servers,omitempty"`
	MCPServers map[string]server `json:"mcpServers,omitempty"`
}

// server is one entry, in the order in which people read it. Each client knows some of the names.
type server struct {
	Transport string       `json:"transport,omitempty"`
	Type      string       `json:"type,omitempty"`
	Endpoint  string       `json:"endpoint,omitempty"`
	URL       string       `json:"url,omitempty"`
	ServerURL string       `json:"serverUrl,omitempty"`
	Auth      string       `json:"auth,omitempty"`
	Headers   *headers     `json:"headers,omitempty"`
	Command   string       `json:"command,omitempty"`
	Args      []string     `json:"args,omitempty"`
	Env       *environment `json:"env,omitempty"`
}

type headers struct {
	Authorization string `json:"Authorization"`
	Workspace     string `json:"X-Workspace-slug"`
}

type environment struct {
	APIKey    string `json:"PLANE_API_KEY"`
	Workspace string `json:"PLANE_WORKSPACE_SLUG"`
	BaseURL   string `json:"PLANE_BASE_URL"`
}

// Config returns the configuration for a client, as indented JSON. It refuses the hosted modes for a private server
// with *HostedOnlyError.
func Config(mode Mode, client Client, v Values) ([]byte, error) {
	if err := checkHosted(mode, v.BaseURL); err != nil {
		return nil, err
	}
	entry, err := entryOf(mode, client, v)
	if err != nil {
		return nil, err
	}
	var config any
	switch client {
	case Raw:
		config = entry
	case VSCode:
		config = file{Servers: map[string]server{"plane": entry}}
	default:
		config = file{MCPServers: map[string]server{"plane": entry}}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(config); err != nil {
		return nil, fmt.Errorf("encoding MCP configuration: %w", err)
	}
	return out.Bytes(), nil
}

func checkHosted(mode Mode, baseURL string) error {
	if mode == Stdio {
		return nil
	}
	root, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil || root.Host == "" {
		return fmt.Errorf("choosing the MCP mode %s: the base URL has to be an address such as https://api.plane.so", mode)
	}
	if host := root.Hostname(); host != "plane.so" && !strings.HasSuffix(host, ".plane.so") {
		return &HostedOnlyError{Mode: mode, Host: host}
	}
	return nil
}

// entryOf builds the entry for one server in the client's own dialect.
func entryOf(mode Mode, client Client, v Values) (server, error) {
	placeholder, known := placeholders[client]
	if !known {
		return server{}, fmt.Errorf("unknown MCP client %q: expected one of %v", client, Clients)
	}
	fill := func(name string) string { return fmt.Sprintf(placeholder, name) }
	key, slug := cmp.Or(string(v.APIKey), fill("PLANE_API_KEY")), cmp.Or(v.Workspace, fill("PLANE_WORKSPACE_SLUG"))
	base := fill("PLANE_BASE_URL")
	if v.ShowBaseURL {
		base = v.BaseURL
	}
	switch mode {
	case RemoteOAuth:
		return remote(client, oauthEndpoint, nil), nil
	case RemoteAPIKey:
		return remote(client, apiKeyEndpoint, &headers{Authorization: "Bearer " + key, Workspace: slug}), nil
	case Stdio:
		return local(client, environment{key, slug, base}), nil
	}
	return server{}, fmt.Errorf("unknown MCP mode %q: expected one of %v", mode, Modes)
}

func remote(client Client, endpoint string, headers *headers) server {
	switch client {
	case Raw:
		entry := server{Transport: "remote-http", Endpoint: endpoint, Headers: headers}
		if headers == nil {
			entry.Auth = "oauth"
		}
		return entry
	case Claude, VSCode:
		return server{Type: "http", URL: endpoint, Headers: headers}
	case Windsurf:
		return server{ServerURL: endpoint, Headers: headers} // It ignores an entry with url.
	default:
		return server{URL: endpoint, Headers: headers}
	}
}

func local(client Client, env environment) server {
	entry := server{Command: "uvx", Args: []string{"plane-mcp-server", "stdio"}, Env: &env}
	switch client {
	case Raw:
		entry.Transport = "stdio"
	case VSCode, Claude:
		entry.Type = "stdio"
	default:
	}
	return entry
}

// placeholders is how each client takes a value from the environment.
var placeholders = map[Client]string{Raw: "${%s}", Claude: "${%s}", Cursor: "${env:%s}", VSCode: "${env:%s}", Windsurf: "${env:%s}"}
