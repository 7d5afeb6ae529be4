package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/check"
	"github.com/insightpulseai/odoo-plane-bridge/internal/mcpconf"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

// mcpAuto chooses the mode by where Plane is.
const mcpAuto = "auto"

type mcpConfigCommand struct {
	Mode   string `help:"Transport: remote-oauth, remote-api-key or stdio; PLANE_MCP_MODE when left away. Auto is stdio for a private server and remote-oauth for Plane Cloud, going by PLANE_BASE_URL." enum:",auto,remote-oauth,remote-api-key,stdio" default:""`
	Client string `help:"Whose configuration: claude, cursor, vscode, windsurf, or raw for transport and endpoint alone." enum:"claude,cursor,vscode,windsurf,raw" default:"raw"`
	Values bool   `help:"Write the settings' values, the API key included, in place of placeholders."`
	Check  bool   `help:"Probe what the mode needs, call Plane with the key, and report, in place of printing the configuration."`
	JSON   bool   `help:"With --check, print JSON; the configuration is JSON anyway."`
}

// Run prints the configuration of an MCP client, or probes what it needs.
func (c *mcpConfigCommand) Run(p *process) error {
	s, _, err := p.around().Settings(p.ctx, c.needs)
	if err != nil {
		return err
	}
	mode, values := c.mode(s), c.values(s)
	config, err := mcpconf.Config(mode, mcpconf.Client(c.Client), values)
	var hosted *mcpconf.HostedOnlyError
	if errors.As(err, &hosted) {
		return fmt.Errorf("%w:\n%w", settings.ErrUsage, err)
	}
	if err != nil {
		return fmt.Errorf("writing the MCP configuration: %w", err)
	}
	if c.Check {
		return c.check(p, s, mode)
	}
	if s.PlaneAPIKey != "" && strings.Contains(string(config), s.PlaneAPIKey.Reveal()) {
		// The client sends the key to the address that stands beside it.
		if err := app.PermitKey(p.ctx, s); err != nil {
			return err
		}
		terminal.Printf(p.stderr, "what follows holds your API key; do not commit it\n")
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
	values := check.MCPValues(s)
	values.ShowBaseURL = true
	return values
}

func (c *mcpConfigCommand) check(p *process, s settings.Settings, mode mcpconf.Mode) error {
	findings := check.MCP(p.ctx, p.around(), s, mode)
	var err error
	if c.JSON {
		err = printJSON(p.stdout, findings)
	} else {
		err = printFindings(p.stdout, findings)
	}
	if err != nil {
		return err
	}
	if bridge.CountGrade(findings, bridge.GradeFail) > 0 {
		return fmt.Errorf("MCP mode %s cannot be used as it is", mode)
	}
	return nil
}
