// Package check looks at everything the bridge depends on, and says what to do about
// what is wrong. It changes nothing.
package check

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Options say how to look.
type Options struct {
	// AcceptPlaneAddress accepts that secrets go to the address of Plane that Odoo's
	// parameters name.
	AcceptPlaneAddress bool
}

// checks look at everything that an app depends on.
type checks struct {
	app     *app.App
	options Options
}

// Needs are all settings where there is nothing to look at without them. With a
// database, what else is missing becomes a finding among the others.
func Needs(s settings.Settings) []error {
	if s.DatabaseURL == "" {
		return settings.Everything(s)
	}
	return append(settings.OdooIfAny(s), settings.FlowsIfAny(s)...)
}

// All looks at everything the bridge depends on and changes nothing.
func All(ctx context.Context, a *app.App, options Options) []bridge.Finding {
	c := checks{a, options}
	findings := c.checkDatabase(ctx)
	if !usable(findings) {
		// The shared budget would refuse every request. A handful that the replicas
		// do not hear of does no harm: the next answer tells them what remains.
		if err := a.KeepOwnBudget(); err != nil {
			return append(findings, bridge.Failed("plane", err, "Check PLANE_BASE_URL and PLANE_WORKSPACE_SLUG."))
		}
	}
	findings = append(findings, c.checkSecrets()...)
	findings = append(findings, c.checkOrigins()...)
	findings = append(findings, c.checkFiles()...)
	findings = append(findings, c.checkAddress(ctx)...)
	findings = append(findings, c.checkOdooSide(ctx)...)
	return append(findings, c.checkPlaneSide(ctx)...)
}

// usable reports whether the database is there as serving needs it.
func usable(findings []bridge.Finding) bool {
	return !slices.ContainsFunc(findings, func(f bridge.Finding) bool {
		return (f.Name == "database" || f.Name == "migrations") && f.Grade != bridge.GradeOK
	})
}

func (c checks) checkDatabase(ctx context.Context) []bridge.Finding {
	var fault settings.Fault
	switch err := database.CheckPooler(ctx, c.app.Pool, c.app.Settings); {
	case errors.As(err, &fault):
		return []bridge.Finding{bridge.Failed("database", fault, "See docs/runbooks/supabase.md about poolers.")}
	case err != nil:
		return []bridge.Finding{bridge.Failed("database", err, "Is the server up, and is DATABASE_URL right?")}
	}
	switch err := migrations.Access(ctx, c.app.Pool); {
	case errors.Is(err, migrations.ErrAccess):
		return []bridge.Finding{bridge.Failed("database", err, "See docs/runbooks/supabase.md about the rights of the bridge's role.")}
	case err != nil:
		return []bridge.Finding{bridge.Failed("database", err, "Is the server up, and is DATABASE_URL right?")}
	}
	findings := []bridge.Finding{bridge.Fine("database", "can be read and written"), c.checkClock(ctx)}
	switch err := migrations.Check(ctx, c.app.Pool); {
	case errors.Is(err, migrations.ErrNewer):
		return append(findings, bridge.Failed("migrations", err, "Run the version of the program that migrated it, or a newer one."))
	case errors.Is(err, migrations.ErrPending):
		return append(findings, bridge.Noted("migrations", "some are pending", "Run `odoo-plane-bridge migrate`, or start `serve`, which runs them."))
	case err != nil:
		return append(findings, bridge.Failed("migrations", err, "May the role read schema ops?"))
	default:
		return append(findings, bridge.Fine("migrations", "all have run"), c.checkLinks(ctx), c.checkPanics(ctx), c.checkBrake(ctx), c.checkWebhook(ctx))
	}
}

func (c checks) checkSecrets() []bridge.Finding {
	if len(c.app.Settings.WebhookSecrets()) == 0 {
		return []bridge.Finding{{
			Name: "webhook secret", Grade: bridge.GradeFail, Found: "PLANE_WEBHOOK_SECRET is not set",
			Do: "Set it to the secret that Plane showed when the webhook was made (ssot/secrets/registry.yaml#plane_webhook_secret).",
		}}
	}
	if c.app.Settings.PlaneWebhookSecretPrevious != "" {
		return []bridge.Finding{{
			Name: "webhook secret", Grade: bridge.GradeNote, Found: "a previous secret is accepted as well",
			Do: "Unset PLANE_WEBHOOK_SECRET_PREVIOUS when the rotation is over.",
		}}
	}
	return []bridge.Finding{bridge.Fine("webhook secret", "set")}
}

func (c checks) checkPlaneSide(ctx context.Context) []bridge.Finding {
	if c.app.Settings.PlaneAPIKey == "" && c.app.Settings.PlaneAuth == "api_key" {
		return []bridge.Finding{bridge.Failed("plane", errors.New("PLANE_API_KEY is not set"), "Set it (ssot/secrets/registry.yaml#plane_api_key).")}
	}
	var project string
	kinds := c.app.Settings.FlowsOn()
	if len(kinds) > 0 {
		project = c.app.Settings.Flow(kinds[0].Project().Name)
	}
	report, err := c.app.Plane.Probe(plane.WithLane(ctx, plane.LaneInteractive), project)
	if err != nil {
		return []bridge.Finding{bridge.Failed("plane", err, "Is Plane up, and is PLANE_BASE_URL right?")}
	}
	findings := ofPlane(report)
	if len(kinds) == 0 {
		return append(findings, noProject(app.Kinds(c.app.Settings)[0].Project()))
	}
	for _, kind := range kinds[1:] {
		findings = append(findings, c.checkProject(ctx, kind))
	}
	return findings
}

// noProject is the finding where no flow is on.
func noProject(setting bridge.Setting) bridge.Finding {
	todo := strings.ToUpper(setting.Todo[:1]) + setting.Todo[1:] + "."
	return bridge.Failed("project", errors.New(setting.Name+" is not set"), todo)
}

// checkProject looks at the project in Plane that a flow mirrors into.
func (c checks) checkProject(ctx context.Context, kind bridge.Kind) bridge.Finding {
	name, setting := kind.Name+" project", kind.Project().Name
	project, err := c.app.Plane.Project(plane.WithLane(ctx, plane.LaneInteractive), c.app.Settings.Flow(setting))
	if err != nil {
		return bridge.Failed(name, err, "Check "+setting+", and add the key's user to the project as a member.")
	}
	return bridge.Fine(name, project.Name)
}
