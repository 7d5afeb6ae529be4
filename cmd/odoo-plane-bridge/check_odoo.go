package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// keyEndsSoon is how long before its end an API key is worth a word. A user
// without Settings rights gets keys of at most 90 days.
const keyEndsSoon = 14 * 24 * time.Hour

// checkOdooSide looks at Odoo as the bridge's own user sees it.
func (a *app) checkOdooSide(ctx context.Context) []plane.Finding {
	if a.odoo == nil {
		return []plane.Finding{failed("odoo", errors.New("not configured"), "Set ODOO_URL, ODOO_DB, ODOO_LOGIN and ODOO_PASSWORD.")}
	}
	session, err := a.odoo.Connect(ctx)
	if err != nil {
		return []plane.Finding{failed("odoo", err, adviceForOdoo(err))}
	}
	findings := []plane.Finding{
		ok("odoo", fmt.Sprintf("version %s over %s: %s", session.Version.Series, session.Protocol, session.Why)),
		a.checkKey(ctx), a.checkParameters(),
	}
	// Whoever mirrors only tasks needs no deadlines in Odoo.
	if settings.BIR(a.settings) == nil || settings.Task(a.settings) != nil {
		findings = append(findings, a.checkDeadlines(ctx), a.checkPush(ctx), a.checkStatusFields(ctx))
		findings = append(findings, a.checkReminders(ctx)...)
	}
	return append(findings, a.checkTasks(ctx)...)
}

func (a *app) checkDeadlines(ctx context.Context) plane.Finding {
	n, err := a.odoo.SearchCount(ctx, bir.Model, nil)
	if err != nil {
		return failed("deadlines", err, adviceForOdoo(err))
	}
	return ok("deadlines", fmt.Sprintf("%d in Odoo", n))
}

// checkKey says when the API key ends. Odoo does not tell which key a call was
// made with, so the first end among the user's keys counts.
func (a *app) checkKey(ctx context.Context) plane.Finding {
	ends, limited, err := a.odoo.APIKeyExpiry(ctx)
	if err != nil {
		return failed("odoo key", err, "May the bridge's user read its own API keys?")
	}
	if !limited {
		return ok("odoo key", "has no end that Odoo tells of")
	}
	return gradeKey(ends, time.Now())
}

func gradeKey(ends, now time.Time) plane.Finding {
	const rotate = "Make a new key, put it into ODOO_PASSWORD, and delete the old one in Odoo (docs/odoo-setup.md)."
	day, left := ends.UTC().Format(time.DateOnly), ends.Sub(now)
	switch {
	case left <= 0:
		return plane.Finding{Name: "odoo key", Grade: plane.GradeFail, Found: "an API key of the bridge's user ended on " + day, Do: rotate}
	case left < keyEndsSoon:
		return plane.Finding{Name: "odoo key", Grade: plane.GradeNote, Found: fmt.Sprintf("an API key of the bridge's user ends on %s, in %d days", day, int(left.Hours()/24)), Do: rotate}
	default:
		return ok("odoo key", "ends on "+day)
	}
}

// checkParameters says whether settings may stand in Odoo.
func (a *app) checkParameters() plane.Finding {
	const name = "odoo parameters"
	switch state := a.parameters.State(); state.kind {
	case parametersRead:
		return ok(name, "settings that are set nowhere else are taken from ir.config_parameter")
	case parametersRefused:
		return plane.Finding{
			Name: name, Grade: plane.GradeNote, Found: "the bridge's user may not read ir.config_parameter, as is right for a user of least privilege",
			Do: "Keep settings in the environment, in files or in Vault.",
		}
	case parametersAway:
		return plane.Finding{Name: name, Grade: plane.GradeNote, Found: "could not be read: " + state.err.Error(), Do: "They are asked for again every minute while the bridge runs."}
	default:
		return ok(name, "not asked for: every setting that could stand there is set")
	}
}

// checkPush says whether Odoo reports changes at once.
func (a *app) checkPush(ctx context.Context) plane.Finding {
	const name = "odoo push"
	installed, err := a.odoo.PushInstalled(ctx, bir.Model)
	switch {
	case err != nil:
		return plane.Finding{Name: name, Grade: plane.GradeNote, Found: "cannot be seen: " + err.Error()}
	case !installed:
		return plane.Finding{
			Name: name, Grade: plane.GradeNote, Found: "no automation rules of the bridge; changes in Odoo wait for SYNC_SCHEDULE",
			Do: "Run `odoo-plane-bridge odoo setup-push` once as an administrator (docs/odoo-setup.md).",
		}
	case a.live.Current().OdooWebhookToken == "":
		return plane.Finding{
			Name: name, Grade: plane.GradeFail, Found: "Odoo has automation rules of the bridge, but ODOO_WEBHOOK_TOKEN is not set, so what they send is refused",
			Do: "Set it to the token that the rules were made with, or make them again.",
		}
	default:
		return ok(name, "automation rules report changed and deleted deadlines")
	}
}

// checkStatusFields says which fields show the state in Odoo.
func (a *app) checkStatusFields(ctx context.Context) plane.Finding {
	columns, err := bir.ReadStatusColumns(ctx, a.odoo)
	switch {
	case err != nil:
		return failed("odoo fields", err, adviceForOdoo(err))
	case len(columns) == 0:
		return ok("odoo fields", "deadlines have no fields for the state; `odoo setup-fields` would add them")
	default:
		return ok("odoo fields", "kept up to date: "+strings.Join(columns.Names(), ", "))
	}
}

// showStatus brings the fields in Odoo up to date. A failure is none of the sync's:
// what is not shown stays due.
func (a *app) showStatus(ctx context.Context) {
	for _, flow := range a.bridge.Flows() {
		if err := a.bridge.ShowStatus(ctx, flow); err != nil {
			a.logger.WarnContext(ctx, "Odoo does not show the new states yet; the next write-back does", slog.Any("error", err))
		}
	}
}
