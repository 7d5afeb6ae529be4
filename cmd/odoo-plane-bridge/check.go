package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

type checkCommand struct {
	JSON               bool `help:"Print JSON."`
	AcceptPlaneAddress bool `help:"Accept that secrets go to the address of Plane that Odoo's parameters name."`
}

// Run looks at everything the bridge depends on and changes nothing.
func (c *checkCommand) Run(p *process) error {
	s, live, err := p.settings(c.needs)
	if err != nil {
		return err
	}
	a, err := wire(s, live, p.logger(s))
	if err != nil {
		return err
	}
	defer a.pool.Close()
	findings := a.check(p.ctx, c.AcceptPlaneAddress)
	if c.JSON {
		err = printJSON(p.stdout, findings)
	} else {
		err = printFindings(p.stdout, findings)
	}
	if err != nil {
		return err
	}
	if failed := count(findings, plane.GradeFail); failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(findings))
	}
	return nil
}

// needs are all settings where there is nothing to look at without them. With a
// database, what else is missing becomes a finding among the others.
func (c *checkCommand) needs(s settings.Settings) []error {
	if s.DatabaseURL == "" {
		return settings.Everything(s)
	}
	return append(settings.OdooIfAny(s), settings.TaskIfAny(s)...)
}

func (a *app) check(ctx context.Context, accept bool) []plane.Finding {
	findings := a.checkDatabase(ctx)
	if !usable(findings) {
		// The shared budget would refuse every request. A handful that the replicas
		// do not hear of does no harm: the next answer tells them what remains.
		if err := a.wirePlane(plane.NewBudget()); err != nil {
			return append(findings, failed("plane", err, "Check PLANE_BASE_URL and PLANE_WORKSPACE_SLUG."))
		}
	}
	findings = append(findings, a.checkSecrets()...)
	findings = append(findings, a.checkOrigins()...)
	findings = append(findings, a.checkFiles()...)
	findings = append(findings, a.checkAddress(ctx, accept)...)
	findings = append(findings, a.checkOdooSide(ctx)...)
	return append(findings, a.checkPlaneSide(ctx)...)
}

// usable reports whether the database is there as serving needs it.
func usable(findings []plane.Finding) bool {
	return !slices.ContainsFunc(findings, func(f plane.Finding) bool {
		return (f.Name == "database" || f.Name == "migrations") && f.Grade != plane.GradeOK
	})
}

func (a *app) checkDatabase(ctx context.Context) []plane.Finding {
	var fault settings.Fault
	switch err := checkPooler(ctx, a.pool, a.settings); {
	case errors.As(err, &fault):
		return []plane.Finding{failed("database", fault, "See docs/runbooks/supabase.md about poolers.")}
	case err != nil:
		return []plane.Finding{failed("database", err, "Is the server up, and is DATABASE_URL right?")}
	}
	switch err := migrations.Access(ctx, a.pool); {
	case errors.Is(err, migrations.ErrAccess):
		return []plane.Finding{failed("database", err, "See docs/runbooks/supabase.md about the rights of the bridge's role.")}
	case err != nil:
		return []plane.Finding{failed("database", err, "Is the server up, and is DATABASE_URL right?")}
	}
	findings := []plane.Finding{ok("database", "can be read and written"), a.checkClock(ctx)}
	switch err := migrations.Check(ctx, a.pool); {
	case errors.Is(err, migrations.ErrNewer):
		return append(findings, failed("migrations", err, "Run the version of the program that migrated it, or a newer one."))
	case errors.Is(err, migrations.ErrPending):
		return append(findings, plane.Finding{Name: "migrations", Grade: plane.GradeNote, Found: "some are pending", Do: "Run `odoo-plane-bridge migrate`, or start `serve`, which runs them."})
	case err != nil:
		return append(findings, failed("migrations", err, "May the role read schema ops?"))
	default:
		return append(findings, ok("migrations", "all have run"), a.checkLinks(ctx), a.checkPanics(ctx), a.checkBrake(ctx), a.checkWebhook(ctx))
	}
}

func (a *app) checkSecrets() []plane.Finding {
	if len(a.settings.WebhookSecrets()) == 0 {
		return []plane.Finding{{
			Name: "webhook secret", Grade: plane.GradeFail, Found: "PLANE_WEBHOOK_SECRET is not set",
			Do: "Set it to the secret that Plane showed when the webhook was made (ssot/secrets/registry.yaml#plane_webhook_secret).",
		}}
	}
	if a.settings.PlaneWebhookSecretPrevious != "" {
		return []plane.Finding{{
			Name: "webhook secret", Grade: plane.GradeNote, Found: "a previous secret is accepted as well",
			Do: "Unset PLANE_WEBHOOK_SECRET_PREVIOUS when the rotation is over.",
		}}
	}
	return []plane.Finding{ok("webhook secret", "set")}
}

func adviceForOdoo(err error) string {
	switch {
	case errors.Is(err, odoo.ErrDenied):
		return "Check ODOO_LOGIN and ODOO_PASSWORD; an API key of an ordinary user ends after 90 days at most."
	case errors.Is(err, odoo.ErrAccess):
		return "Give the bridge's user the right to read " + bir.Model + " (Accounting / Administrator)."
	case errors.Is(err, odoo.ErrUnknownModel):
		return "Install the module that defines " + bir.Model + " in this database."
	case errors.Is(err, odoo.ErrProtocol):
		return "Is what answers at ODOO_URL an Odoo, and is ODOO_URL its address without a page behind it?"
	case errors.Is(err, odoo.ErrDatabase):
		return "Check ODOO_DB, and whether Odoo can reach its database."
	default:
		return "Is Odoo up, and is ODOO_URL right?"
	}
}

func (a *app) checkPlaneSide(ctx context.Context) []plane.Finding {
	if a.settings.PlaneAPIKey == "" && a.settings.PlaneAuth == "api_key" {
		return []plane.Finding{failed("plane", errors.New("PLANE_API_KEY is not set"), "Set it (ssot/secrets/registry.yaml#plane_api_key).")}
	}
	project := a.settings.PlaneBIRProjectID
	if project == "" {
		project = a.settings.PlaneTaskProjectID
	}
	report, err := a.plane.Probe(plane.WithLane(ctx, plane.LaneInteractive), string(project))
	if err != nil {
		return []plane.Finding{failed("plane", err, "Is Plane up, and is PLANE_BASE_URL right?")}
	}
	findings := report.Findings
	if len(a.bridge.Flows()) == 0 && a.settings.PlaneBIRProjectID == "" {
		findings = append(findings, failed("project", errors.New("PLANE_BIR_PROJECT_ID is not set"), "Set it to the id of the project that deadlines are mirrored into."))
	}
	return append(findings, a.checkTaskProject(ctx)...)
}

func ok(name, found string) plane.Finding {
	return plane.Finding{Name: name, Grade: plane.GradeOK, Found: found}
}

func failed(name string, err error, do string) plane.Finding {
	return plane.Finding{Name: name, Grade: plane.GradeFail, Found: err.Error(), Do: do}
}

func count(findings []plane.Finding, grade plane.Grade) int {
	n := 0
	for _, finding := range findings {
		if finding.Grade == grade {
			n++
		}
	}
	return n
}

func printFindings(w io.Writer, findings []plane.Finding) error {
	var rows [][]any
	for _, finding := range findings {
		rows = append(rows, []any{finding.Grade, finding.Name, finding.Found})
		if finding.Do != "" {
			rows = append(rows, []any{"", "", "-> " + finding.Do})
		}
	}
	return printTable(w, rows)
}
