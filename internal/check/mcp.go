package check

import (
	"context"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/mcpconf"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// mcpWithin bounds the probe of an endpoint.
const mcpWithin = 15 * time.Second

// MCP probes what a mode of MCP needs, and tries the key.
func MCP(ctx context.Context, within app.Surroundings, s settings.Settings, mode mcpconf.Mode) []bridge.Finding {
	ctx, cancel := context.WithTimeout(ctx, mcpWithin)
	defer cancel()
	name := "mcp " + string(mode)
	found, err := mcpconf.Check(ctx, nil, mode, MCPValues(s))
	finding := bridge.Fine(name, found)
	if err != nil {
		finding = bridge.Failed(name, err, adviceForMCP(mode))
	}
	findings := []bridge.Finding{finding}
	if mode != mcpconf.RemoteOAuth && s.PlaneAPIKey != "" {
		findings = append(findings, tryKey(ctx, within, s))
	}
	return findings
}

// MCPValues are what MCP's configuration takes from the settings.
func MCPValues(s settings.Settings) mcpconf.Values {
	return mcpconf.Values{BaseURL: s.PlaneBaseURL.String(), Workspace: string(s.PlaneWorkspaceSlug), APIKey: plane.APIKey(s.PlaneAPIKey.Reveal())}
}

// tryKey calls Plane as the MCP server will. Beginning a session with that server
// says nothing about the key: it is first used when a tool is called.
func tryKey(ctx context.Context, within app.Surroundings, s settings.Settings) bridge.Finding {
	const name, advice = "plane key", "Check PLANE_API_KEY and PLANE_BASE_URL; without the right key the MCP server starts, and every tool in it fails."
	if err := app.PermitKey(ctx, s); err != nil {
		return bridge.Failed(name, err, "Look at the address in Odoo's system parameters; if it is right, accept it, or set PLANE_BASE_URL here.")
	}
	client, err := plane.New(plane.Config{
		BaseURL: s.PlaneBaseURL.String(), Workspace: string(s.PlaneWorkspaceSlug),
		Auth: plane.APIKey(s.PlaneAPIKey.Reveal()), UserAgent: "odoo-plane-bridge/" + within.Version,
	})
	if err != nil {
		return bridge.Failed(name, err, advice)
	}
	me, err := client.Me(plane.WithLane(ctx, plane.LaneInteractive))
	if err != nil {
		return bridge.Failed(name, err, advice)
	}
	return bridge.Fine(name, "Plane takes it, as the key of "+me.DisplayName)
}

func adviceForMCP(mode mcpconf.Mode) string {
	switch mode {
	case mcpconf.Stdio:
		return "Install uv on the machine that the MCP client runs on."
	case mcpconf.RemoteAPIKey:
		return "Check PLANE_API_KEY and PLANE_WORKSPACE_SLUG, and that mcp.plane.so can be reached from here."
	case mcpconf.RemoteOAuth:
	}
	return "Check that mcp.plane.so can be reached from here."
}
