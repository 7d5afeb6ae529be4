package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// planeAddress guards secrets against an address that somebody else wrote. An
// address from Odoo's parameters is used; but a secret that the operator keeps in
// the environment, a file or the Vault goes there only when the operator has
// accepted it, once. Otherwise whoever may write the parameter gets the secret.
type planeAddress struct {
	pool *pgxpool.Pool

	mu       sync.Mutex
	accepted string
	readAt   time.Time
}

// acceptedFor is how long an acceptance is taken as read. A refusal is looked at
// again each time: whoever accepts the address is waiting.
const acceptedFor = time.Minute

const planesSetting = "PLANE_BASE_URL"

// permit returns nil when a secret may go to the Plane that the settings name. current
// are the settings that the secret is taken from, which may be newer: a secret may move
// to a stronger source while the program runs.
func (g *planeAddress) permit(ctx context.Context, s, current settings.Settings, secret string) error {
	if !needsAcceptance(s, current, secret) {
		return nil
	}
	wanted := origin(s.PlaneBaseURL.String())
	accepted, err := g.last(ctx, wanted)
	if err != nil {
		return fmt.Errorf("%w: %s comes from %s, and whether %s may be sent there is not known: %w", bridge.ErrKeyMissing, planesSetting, s.Origin(planesSetting), secret, err)
	}
	if accepted == wanted {
		return nil
	}
	before := "none was accepted before"
	if accepted != "" {
		before = "accepted is " + accepted
	}
	return fmt.Errorf("%w: %s: %s names %s and %s; %s is not sent there until you run `odoo-plane-bridge check --accept-plane-address`",
		bridge.ErrKeyMissing, planesSetting, s.Origin(planesSetting), wanted, before, secret)
}

// permitKey is permit for a command that needs no database otherwise.
func (p *process) permitKey(s settings.Settings) error {
	const secret = "PLANE_API_KEY"
	var guard planeAddress
	if s.DatabaseURL != "" && needsAcceptance(s, s, secret) {
		pool, err := openPool(s)
		if err != nil {
			return err
		}
		defer pool.Close()
		guard.pool = pool
	}
	return guard.permit(p.ctx, s, s, secret)
}

// needsAcceptance is true of a secret from a stronger source than the address.
func needsAcceptance(s, current settings.Settings, secret string) bool {
	from := s.Origin(planesSetting)
	if from != fromOdooParameters || current.Origin(secret) == from {
		return false
	}
	return origin(s.PlaneBaseURL.String()) != origin(settings.DefaultOf(planesSetting))
}

// origin is what an address leads to: scheme, host and port.
func origin(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	host, port := strings.ToLower(strings.TrimSuffix(parsed.Hostname(), ".")), parsed.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != map[string]string{"http": "80", "https": "443"}[parsed.Scheme] {
		host += ":" + port
	}
	return strings.ToLower(parsed.Scheme) + "://" + host
}

// last is the address that was accepted last; empty when none was.
func (g *planeAddress) last(ctx context.Context, wanted string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pool == nil {
		return "", nil // Without a database nothing can have been accepted.
	}
	if g.accepted == wanted && time.Since(g.readAt) < acceptedFor {
		return g.accepted, nil
	}
	err := g.pool.QueryRow(ctx, "SELECT address FROM ops.accepted_addresses WHERE setting = $1", planesSetting).Scan(&g.accepted)
	if errors.Is(err, pgx.ErrNoRows) {
		g.accepted, err = "", nil
	}
	if err != nil {
		g.accepted = ""
		return "", fmt.Errorf("reading the accepted address: %w", err)
	}
	g.readAt = time.Now()
	return g.accepted, nil
}

// accept notes the address that the settings name.
func (g *planeAddress) accept(ctx context.Context, s settings.Settings) error {
	_, err := g.pool.Exec(ctx, `INSERT INTO ops.accepted_addresses (setting, address) VALUES ($1, $2)
		ON CONFLICT (setting) DO UPDATE SET address = excluded.address, accepted_at = now()`, planesSetting, origin(s.PlaneBaseURL.String()))
	if err != nil {
		return fmt.Errorf("accepting the address of Plane: %w", err)
	}
	return nil
}

// checkAddress says where Plane's address comes from, when it is not the
// operator's own, and accepts it when it is told to.
func (a *app) checkAddress(ctx context.Context, accept bool) []plane.Finding {
	const name = "plane address"
	s, secret := a.settings, "PLANE_API_KEY"
	if s.PlaneAuth == "bot" {
		secret = "PLANE_OAUTH_CLIENT_SECRET"
	}
	if s.Origin(planesSetting) == "" {
		return nil
	}
	if accept {
		if err := a.address.accept(ctx, s); err != nil {
			return []plane.Finding{failed(name, err, "Run `odoo-plane-bridge migrate` first.")}
		}
	}
	if err := a.address.permit(ctx, s, s, secret); err != nil {
		return []plane.Finding{failed(name, err, "Look at it in Odoo's system parameters; if it is right, accept it, or set PLANE_BASE_URL here.")}
	}
	return []plane.Finding{ok(name, origin(s.PlaneBaseURL.String())+", from "+s.Origin(planesSetting))}
}

// checkOrigins names the secrets that stand in Odoo's database, where every
// administrator of Odoo and every copy of the database has them.
func (a *app) checkOrigins() []plane.Finding {
	var names []string
	for _, spec := range settings.Specs() {
		if spec.Secret != "" && a.settings.Origin(spec.Name) == fromOdooParameters {
			names = append(names, spec.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []plane.Finding{{
		Name: "secrets in odoo", Grade: plane.GradeNote, Found: strings.Join(names, ", ") + " stand in Odoo's database (ir.config_parameter), which its administrators and its backups hold",
		Do: "Move them into the environment, files or the Vault (ssot/secrets/registry.yaml).",
	}}
}

// checkFiles warns of secrets' files that others can get at.
func (a *app) checkFiles() []plane.Finding {
	var findings []plane.Finding
	for _, warning := range a.fileWarnings() {
		findings = append(findings, plane.Finding{Name: "secret file", Grade: plane.GradeNote, Found: warning, Do: "chmod it to 0400 or 0600, for the bridge's user alone."})
	}
	return findings
}

// fileWarnings are what is wrong with the files that secrets are read from.
func (a *app) fileWarnings() []string {
	for _, source := range a.live.Sources() {
		if environment, found := source.(settings.Environment); found {
			return environment.FileWarnings()
		}
	}
	return nil
}
