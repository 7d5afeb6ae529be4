package plane

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// MCPMode is how an MCP client reaches Plane's MCP server.
type MCPMode string

// The three transports. The first two are Plane's hosted server, which reaches Plane Cloud only.
const (
	MCPRemoteOAuth MCPMode = "remote-oauth" // the person consents in the browser
	// #nosec G101 -- a mode, no key
	MCPRemoteAPIKey MCPMode = "remote-api-key" // automation
	MCPStdio        MCPMode = "stdio"          // a local process; the one for self-hosted servers
)

// MCPClient is the program whose configuration file is written.
type MCPClient string

// The clients with a shape of their own. MCPRaw names transport and endpoint and belongs to no program.
const (
	MCPClaude   MCPClient = "claude"
	MCPCursor   MCPClient = "cursor"
	MCPVSCode   MCPClient = "vscode"
	MCPWindsurf MCPClient = "windsurf"
	MCPRaw      MCPClient = "raw"
)

// MCPModes and MCPClients list what MCPConfig knows.
var (
	MCPModes   = []MCPMode{MCPRemoteOAuth, MCPRemoteAPIKey, MCPStdio}
	MCPClients = []MCPClient{MCPClaude, MCPCursor, MCPVSCode, MCPWindsurf, MCPRaw}
)

// The endpoints of Plane's hosted MCP server (Plane's developer documentation).
const (
	mcpOAuthEndpoint  = "https://mcp.plane.so/http/mcp"
	mcpAPIKeyEndpoint = "https://mcp.plane.so/http/api-key/mcp" // #nosec G101 -- an address
)

// MCPValues fills the configuration. BaseURL decides whether the hosted modes are possible at all. An empty APIKey or
// Workspace is written as a placeholder that the client resolves; BaseURL is written as a placeholder unless
// ShowBaseURL is set.
type MCPValues struct {
	BaseURL     string
	Workspace   string
	APIKey      APIKey
	ShowBaseURL bool
}

// HostedOnlyError refuses a hosted mode for a server that Plane's hosted MCP server cannot reach.
type HostedOnlyError struct {
	Mode MCPMode
	Host string
}

func (e *HostedOnlyError) Error() string {
	return fmt.Sprintf("MCP mode %s uses Plane's hosted server at mcp.plane.so, which serves Plane Cloud (*.plane.so) only and would send the key of %s to it; use mode %s, which runs beside you",
		e.Mode, e.Host, MCPStdio)
}

// MCPConfig returns the configuration for client, as indented JSON. It refuses the hosted modes for a private server
// with *HostedOnlyError.
func MCPConfig(mode MCPMode, client MCPClient, v MCPValues) ([]byte, error) {
	if err := checkHosted(mode, v.BaseURL); err != nil {
		return nil, err
	}
	server, err := mcpServer(mode, client, v)
	if err != nil {
		return nil, err
	}
	var config any = server
	switch client {
	case MCPRaw:
	case MCPVSCode:
		config = orderedObject{{"servers", orderedObject{{"plane", server}}}}
	default:
		config = orderedObject{{"mcpServers", orderedObject{{"plane", server}}}}
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

func checkHosted(mode MCPMode, baseURL string) error {
	if mode == MCPStdio {
		return nil
	}
	root, err := rootURL(baseURL)
	if err != nil {
		return fmt.Errorf("choosing MCP mode: %w", err)
	}
	if host := root.Hostname(); host != "plane.so" && !strings.HasSuffix(host, ".plane.so") {
		return &HostedOnlyError{Mode: mode, Host: host}
	}
	return nil
}

// mcpServer builds the entry for one server in the client's own dialect.
func mcpServer(mode MCPMode, client MCPClient, v MCPValues) (orderedObject, error) {
	fill, ok := placeholders[client]
	if !ok {
		return nil, fmt.Errorf("unknown MCP client %q: expected one of %v", client, MCPClients)
	}
	key := orPlaceholder(string(v.APIKey), fill("PLANE_API_KEY"))
	slug := orPlaceholder(v.Workspace, fill("PLANE_WORKSPACE_SLUG"))
	base := fill("PLANE_BASE_URL")
	if v.ShowBaseURL {
		base = v.BaseURL
	}
	switch mode {
	case MCPRemoteOAuth:
		return remoteServer(client, mcpOAuthEndpoint, nil), nil
	case MCPRemoteAPIKey:
		return remoteServer(client, mcpAPIKeyEndpoint, orderedObject{{"Authorization", "Bearer " + key}, {"X-Workspace-slug", slug}}), nil
	case MCPStdio:
		env := orderedObject{{"PLANE_API_KEY", key}, {"PLANE_WORKSPACE_SLUG", slug}, {"PLANE_BASE_URL", base}}
		return stdioServer(client, env), nil
	}
	return nil, fmt.Errorf("unknown MCP mode %q: expected one of %v", mode, MCPModes)
}

func remoteServer(client MCPClient, endpoint string, headers orderedObject) orderedObject {
	var server orderedObject
	switch client {
	case MCPRaw:
		server = orderedObject{{"transport", "remote-http"}, {"endpoint", endpoint}}
		if headers == nil {
			return append(server, field{"auth", "oauth"})
		}
	case MCPClaude, MCPVSCode:
		server = orderedObject{{"type", "http"}, {"url", endpoint}}
	case MCPWindsurf:
		server = orderedObject{{"serverUrl", endpoint}} // it ignores an entry with url
	default:
		server = orderedObject{{"url", endpoint}}
	}
	if headers != nil {
		server = append(server, field{"headers", headers})
	}
	return server
}

func stdioServer(client MCPClient, env orderedObject) orderedObject {
	server := orderedObject{{"command", "uvx"}, {"args", []string{"plane-mcp-server", "stdio"}}, {"env", env}}
	switch client {
	case MCPRaw:
		return append(orderedObject{{"transport", "stdio"}}, server...)
	case MCPVSCode, MCPClaude:
		return append(orderedObject{{"type", "stdio"}}, server...)
	default:
		return server
	}
}

// placeholders is how each client takes a value from the environment.
var placeholders = map[MCPClient]func(name string) string{
	MCPRaw:      func(name string) string { return "${" + name + "}" },
	MCPClaude:   func(name string) string { return "${" + name + "}" },
	MCPCursor:   func(name string) string { return "${env:" + name + "}" },
	MCPVSCode:   func(name string) string { return "${env:" + name + "}" },
	MCPWindsurf: func(name string) string { return "${env:" + name + "}" },
}

func orPlaceholder(value, placeholder string) string {
	if value == "" {
		return placeholder
	}
	return value
}

// orderedObject is a JSON object that keeps its order, because people read these files.
type orderedObject []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes the fields in order.
func (o orderedObject) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// CheckMCP probes what a mode needs: that the hosted endpoint answers as an MCP server that wants credentials (or
// accepts those of v), or that uvx is installed. It returns what was found, in a sentence.
func CheckMCP(ctx context.Context, client *http.Client, mode MCPMode, v MCPValues) (string, error) {
	if err := checkHosted(mode, v.BaseURL); err != nil {
		return "", err
	}
	switch mode {
	case MCPRemoteOAuth:
		return probeMCP(ctx, client, mcpOAuthEndpoint, MCPValues{})
	case MCPRemoteAPIKey:
		return probeMCP(ctx, client, mcpAPIKeyEndpoint, v)
	case MCPStdio:
		path, err := exec.LookPath("uvx")
		if err != nil {
			return "", errors.New("uvx is not in PATH; install uv, which brings it (https://docs.astral.sh/uv/)")
		}
		return "uvx is installed as " + path, nil
	}
	return "", fmt.Errorf("unknown MCP mode %q: expected one of %v", mode, MCPModes)
}

const mcpInitialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"odoo-plane-bridge","version":"1"}}}`

func probeMCP(ctx context.Context, client *http.Client, endpoint string, v MCPValues) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(mcpInitialize))
	if err != nil {
		return "", fmt.Errorf("probing %s: %w", endpoint, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if v.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+string(v.APIKey))
		req.Header.Set("X-Workspace-slug", v.Workspace)
	}
	start := time.Now()
	res, err := withoutRedirects(client, 0).Do(req)
	if err != nil {
		var inURL *url.Error
		if errors.As(err, &inURL) {
			err = inURL.Err
		}
		return "", fmt.Errorf("probing %s: %w", endpoint, err)
	}
	defer res.Body.Close()
	took := time.Since(start).Round(time.Millisecond)
	switch {
	case res.StatusCode < 300:
		return fmt.Sprintf("%s answers in %s", endpoint, took), nil
	case res.StatusCode == http.StatusUnauthorized && v.APIKey == "":
		return fmt.Sprintf("%s answers in %s and asks for credentials", endpoint, took), nil
	default:
		return "", fmt.Errorf("probing %s: status %d", endpoint, res.StatusCode)
	}
}
