package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
)

// keyEndsSoon is how long before its end an API key is worth a word. A user
// without Settings rights gets keys of at most 90 days.
const keyEndsSoon = 14 * 24 * time.Hour

// checkOdooSide looks at Odoo as the bridge's own user sees it.
func (c checks) checkOdooSide(ctx context.Context) []bridge.Finding {
	if c.app.Odoo == nil {
		return []bridge.Finding{bridge.Failed("odoo", errors.New("not configured"), "Set ODOO_URL, ODOO_DB, ODOO_LOGIN and ODOO_PASSWORD.")}
	}
	session, err := c.app.Odoo.Connect(ctx)
	if err != nil {
		return []bridge.Finding{bridge.Failed("odoo", err, odooflow.Advice(err, "res.users", "Role / User"))}
	}
	findings := []bridge.Finding{
		bridge.Fine("odoo", fmt.Sprintf("version %s over %s: %s", session.Version.Series, session.Protocol, session.Why)),
		c.checkKey(ctx), c.checkParameters(),
	}
	for i, kind := range app.Kinds(c.app.Settings) {
		findings = append(findings, c.checkFlow(ctx, kind, i == 0)...)
	}
	return findings
}

// checkFlow looks at what a flow depends on in Odoo. What is found of the first flow
// goes by the names that were there before there were others.
func (c checks) checkFlow(ctx context.Context, kind bridge.Kind, first bool) []bridge.Finding {
	side := kind.Name
	if first {
		side = "odoo"
	}
	flow := c.app.FlowOf(kind)
	var findings []bridge.Finding
	if checker, checks := flow.(bridge.Checker); checks {
		findings = checker.Check(ctx)
	}
	if len(kind.Triggers) > 0 {
		findings = append(findings, c.checkPush(ctx, side+" push", kind))
	}
	if reader, has := flow.(bridge.StatusFieldsReader); has {
		findings = append(findings, checkStatusFields(ctx, side+" fields", kind, reader))
	}
	return findings
}

// checkKey says when the API key ends. Odoo does not tell which key a call was
// made with, so the first end among the user's keys counts.
func (c checks) checkKey(ctx context.Context) bridge.Finding {
	ends, limited, err := c.app.Odoo.APIKeyExpiry(ctx)
	if err != nil {
		return bridge.Failed("odoo key", err, "May the bridge's user read its own API keys?")
	}
	if !limited {
		return bridge.Fine("odoo key", "has no end that Odoo tells of")
	}
	return gradeKey(ends, time.Now())
}

func gradeKey(ends, now time.Time) bridge.Finding {
	const rotate = "Make a new key, put it into ODOO_PASSWORD, and delete the old one in Odoo (docs/odoo-setup.md)."
	day, left := ends.UTC().Format(time.DateOnly), ends.Sub(now)
	switch {
	case left <= 0:
		return bridge.Finding{Name: "odoo key", Grade: bridge.GradeFail, Found: "an API key of the bridge's user ended on " + day, Do: rotate}
	case left < keyEndsSoon:
		return bridge.Noted("odoo key", fmt.Sprintf("an API key of the bridge's user ends on %s, in %d days", day, int(left.Hours()/24)), rotate)
	default:
		return bridge.Fine("odoo key", "ends on "+day)
	}
}

// checkParameters says whether settings may stand in Odoo.
func (c checks) checkParameters() bridge.Finding {
	const name = "odoo parameters"
	switch state := c.app.Parameters().State(); state.Kind {
	case app.ParametersRead:
		return bridge.Fine(name, "settings that are set nowhere else are taken from ir.config_parameter")
	case app.ParametersRefused:
		return bridge.Noted(name, "the bridge's user may not read ir.config_parameter, as is right for a user of least privilege", "Keep settings in the environment, in files or in Vault.")
	case app.ParametersAway:
		return bridge.Noted(name, "could not be read: "+state.Err.Error(), "They are asked for again every minute while the bridge runs.")
	default:
		return bridge.Fine(name, "not asked for: every setting that could stand there is set")
	}
}

// checkPush says whether Odoo reports changes at once.
func (c checks) checkPush(ctx context.Context, name string, kind bridge.Kind) bridge.Finding {
	installed, err := c.app.Odoo.PushInstalled(ctx, kind.Model)
	switch {
	case err != nil:
		return bridge.Finding{Name: name, Grade: bridge.GradeNote, Found: "cannot be seen: " + err.Error()}
	case !installed:
		return bridge.Noted(name, "no automation rules of the bridge; changes in Odoo wait for SYNC_SCHEDULE", "Run `odoo-plane-bridge odoo setup-push` once as an administrator (docs/odoo-setup.md).")
	case c.app.Live.Current().OdooWebhookToken == "":
		return bridge.Finding{
			Name: name, Grade: bridge.GradeFail, Found: "Odoo has automation rules of the bridge, but ODOO_WEBHOOK_TOKEN is not set, so what they send is refused",
			Do: "Set it to the token that the rules were made with, or make them again.",
		}
	default:
		return bridge.Fine(name, "automation rules report changed and deleted "+kind.Records)
	}
}

// checkStatusFields says which fields show the state in Odoo.
func checkStatusFields(ctx context.Context, name string, kind bridge.Kind, reader bridge.StatusFieldsReader) bridge.Finding {
	fields, err := reader.StatusFields(ctx)
	switch {
	case err != nil:
		return bridge.Failed(name, err, odooflow.Advice(err, kind.Model, "see docs/odoo-setup.md"))
	case len(fields.Present) == 0:
		return bridge.Fine(name, kind.Records+" have no fields for the state; `odoo setup-fields` would add them")
	default:
		return bridge.Fine(name, "kept up to date: "+strings.Join(fields.Present, ", "))
	}
}
