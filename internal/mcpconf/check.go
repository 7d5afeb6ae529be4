package mcpconf

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// Check probes what a mode needs: that the hosted endpoint answers as an MCP server that wants credentials (or
// accepts those of v), or that uvx is installed. It returns what was found, in a sentence.
func Check(ctx context.Context, client *http.Client, mode Mode, v Values) (string, error) {
	if err := checkHosted(mode, v.BaseURL); err != nil {
		return "", err
	}
	switch mode {
	case RemoteOAuth:
		return probe(ctx, client, oauthEndpoint, Values{})
	case RemoteAPIKey:
		return probe(ctx, client, apiKeyEndpoint, v)
	case Stdio:
		path, err := exec.LookPath("uvx")
		if err != nil {
			return "", errors.New("uvx is not in PATH; install uv, which brings it (https://docs.astral.sh/uv/)")
		}
		return "uvx is installed as " + path, nil
	}
	return "", fmt.Errorf("unknown MCP mode %q: expected one of %v", mode, Modes)
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"odoo-plane-bridge","version":"1"}}}`

func probe(ctx context.Context, client *http.Client, endpoint string, v Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(initialize))
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
	res, err := withoutRedirects(client).Do(req)
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

// withoutRedirects keeps the key from following an answer to another address.
func withoutRedirects(client *http.Client) *http.Client {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
