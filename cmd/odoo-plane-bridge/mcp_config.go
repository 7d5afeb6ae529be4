package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/mcpconf"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// mcpAuto chooses the mode by where Plane is.
const mcpAuto = "auto"

// mcpCheckTime bounds the probe of an endpoint.
const mcpCheckTime = 15 * time.Second

type mcpConfigCommand struct {
	Mode   string `help:"Transport: remote-oauth, remote-api-key or stdio; PLANE_MCP_MODE when left away. Auto is stdio for a private server and remote-oauth for Plane Cloud, going by PLANE_BASE_URL." enum:",auto,remote-oauth,remote-api-key,stdio" default:""`
	Client string `help:"Whose configuration: claude, cursor, vscode, windsurf, or raw for transport and endpoint alone." enum:"claude,cursor,vscode,windsurf,raw" default:"raw"`
	Values bool   `help:"Write the settings' values, the API key included, in place of placeholders."`
	Check  bool   `help:"Probe what the mode needs, call Plane with the key, and report, in place of printing the configuration."`
	JSON   bool   `help:"With --check, print JSON; the configuration is JSON anyway."`
}

// Run prints the configuration of an MCP client, or probes what it needs.
func (c *mcpConfigCommand) Run(p *process) error {
	s, _, err := p.settings(c.needs)
	if err != nil {
		return err
	}
	mode, values := c.mode(s), c.values(s)
	config, err := mcpconf.Config(mode, mcpconf.Client(c.Client), values)
	var hosted *mcpconf.HostedOnlyError
	if errors.As(err, &hosted) {
		return fmt.Errorf("%w:\n%w", errUsage, err)
	}
	if err != nil {
		return fmt.Errorf("writing the MCP configuration: %w", err)
	}
	if c.Check {
		return c.check(p, s, mode)
	}
	if s.PlaneAPIKey != "" && strings.Contains(string(config), s.PlaneAPIKey.Reveal()) {
		// The client sends the key to the address that stands beside it.
		if err := p.permitKey(s); err != nil {
			return err
		}
		printf(p.stderr, "what follows holds your API key; do not commit it\n")
	}
	_, err = p.stdout.Write(config)
	return err
}

// needs asks for the key only where its value is to be written.
func (c *mcpConfigCommand) needs(s settings.Settings) []error {
	return []error{missingIf(c.Values && s.PlaneAPIKey == "" && c.mode(s) != mcpconf.RemoteOAuth, "PLANE_API_KEY",
		"set it, or leave --values away (ssot/secrets/registry.yaml#plane_api_key)")}
}

func (c *mcpConfigCommand) mode(s settings.Settings) mcpconf.Mode {
	mode := cmp.Or(c.Mode, string(s.PlaneMCPMode))
	if mode != mcpAuto {
		return mcpconf.Mode(mode)
	}
	if base, err := url.Parse(s.PlaneBaseURL.String()); err == nil && strings.HasSuffix("."+base.Hostname(), ".plane.so") {
		return mcpconf.RemoteOAuth
	}
	return mcpconf.Stdio
}

func (c *mcpConfigCommand) values(s settings.Settings) mcpconf.Values {
	if !c.Values {
		return mcpconf.Values{BaseURL: s.PlaneBaseURL.String()}
	}
	values := checkValues(s)
	values.ShowBaseURL = true
	return values
}

func checkValues(s settings.Settings) mcpconf.Values {
	return mcpconf.Values{BaseURL: s.PlaneBaseURL.String(), Workspace: string(s.PlaneWorkspaceSlug), APIKey: plane.APIKey(s.PlaneAPIKey.Reveal())}
}

func (c *mcpConfigCommand) check(p *process, s settings.Settings, mode mcpconf.Mode) error {
	ctx, cancel := context.WithTimeout(p.ctx, mcpCheckTime)
	defer cancel()
	finding := plane.Finding{Name: "mcp " + string(mode), Grade: plane.GradeOK}
	found, err := mcpconf.Check(ctx, nil, mode, checkValues(s))
	if finding.Found = found; err != nil {
		finding = failed(finding.Name, err, adviceForMCP(mode))
	}
	findings := []plane.Finding{finding}
	if mode != mcpconf.RemoteOAuth && s.PlaneAPIKey != "" {
		findings = append(findings, tryKey(ctx, p, s))
	}
	if c.JSON {
		err = printJSON(p.stdout, findings)
	} else {
		err = printFindings(p.stdout, findings)
	}
	if err != nil {
		return err
	}
	if count(findings, plane.GradeFail) > 0 {
		return fmt.Errorf("MCP mode %s cannot be used as it is", mode)
	}
	return nil
}

// tryKey calls Plane as the MCP server will. Beginning a session with that server
// says nothing about the key: it is first used when a tool is called.
func tryKey(ctx context.Context, p *process, s settings.Settings) plane.Finding {
	const name, advice = "plane key", "Check PLANE_API_KEY and PLANE_BASE_URL; without the right key the MCP server starts, and every tool in it fails."
	if err := p.permitKey(s); err != nil {
		return failed(name, err, "Look at the address in Odoo's system parameters; if it is right, accept it, or set PLANE_BASE_URL here.")
	}
	client, err := plane.New(plane.Config{
		BaseURL: s.PlaneBaseURL.String(), Workspace: string(s.PlaneWorkspaceSlug),
		Auth: plane.APIKey(s.PlaneAPIKey.Reveal()), UserAgent: "odoo-plane-bridge/" + version,
	})
	if err != nil {
		return failed(name, err, advice)
	}
	me, err := client.Me(plane.WithLane(ctx, plane.LaneInteractive))
	if err != nil {
		return failed(name, err, advice)
	}
	return ok(name, "Plane takes it, as the key of "+me.DisplayName)
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
