package check

import (
	"context"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// checkAddress says where Plane's address comes from, when it is not the
// operator's own, and accepts it when it is told to.
func (c checks) checkAddress(ctx context.Context) []bridge.Finding {
	const name = "plane address"
	s, secret := c.app.Settings, "PLANE_API_KEY"
	if s.PlaneAuth == "bot" {
		secret = "PLANE_OAUTH_CLIENT_SECRET"
	}
	if s.Origin(app.PlanesSetting) == "" {
		return nil
	}
	if c.options.AcceptPlaneAddress {
		if err := c.app.Address().Accept(ctx, s); err != nil {
			return []bridge.Finding{bridge.Failed(name, err, "Run `odoo-plane-bridge migrate` first.")}
		}
	}
	if err := c.app.Address().Permit(ctx, s, s, secret); err != nil {
		return []bridge.Finding{bridge.Failed(name, err, "Look at it in Odoo's system parameters; if it is right, accept it, or set PLANE_BASE_URL here.")}
	}
	return []bridge.Finding{bridge.Fine(name, app.Origin(s.PlaneBaseURL.String())+", from "+s.Origin(app.PlanesSetting))}
}

// checkOrigins names the secrets that stand in Odoo's database, where every
// administrator of Odoo and every copy of the database has them.
func (c checks) checkOrigins() []bridge.Finding {
	var names []string
	for _, spec := range settings.Specs() {
		if spec.Secret != "" && c.app.Settings.Origin(spec.Name) == app.FromOdooParameters {
			names = append(names, spec.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []bridge.Finding{{
		Name: "secrets in odoo", Grade: bridge.GradeNote, Found: strings.Join(names, ", ") + " stand in Odoo's database (ir.config_parameter), which its administrators and its backups hold",
		Do: "Move them into the environment, files or the Vault (ssot/secrets/registry.yaml).",
	}}
}

// checkFiles warns of secrets' files that others can get at.
func (c checks) checkFiles() []bridge.Finding {
	var findings []bridge.Finding
	for _, warning := range c.app.FileWarnings() {
		findings = append(findings, bridge.Noted("secret file", warning, "chmod it to 0400 or 0600, for the bridge's user alone."))
	}
	return findings
}
