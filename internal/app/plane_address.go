package app

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
	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// PlaneAddress guards secrets against an address that somebody else wrote. An
// address from Odoo's parameters is used; but a secret that the operator keeps in
// the environment, a file or the Vault goes there only when the operator has
// accepted it, once. Otherwise whoever may write the parameter gets the secret.
type PlaneAddress struct {
	// Pool is the database that knows what was accepted; without one nothing was.
	Pool *pgxpool.Pool

	mu       sync.Mutex
	accepted string
	readAt   time.Time
}

// acceptedFor is how long an acceptance is taken as read. A refusal is looked at
// again each time: whoever accepts the address is waiting.
const acceptedFor = time.Minute

// PlanesSetting is the setting that names where Plane is.
const PlanesSetting = "PLANE_BASE_URL"

// Permit returns nil when a secret may go to the Plane that the settings name. current
// are the settings that the secret is taken from, which may be newer: a secret may move
// to a stronger source while the program runs.
func (g *PlaneAddress) Permit(ctx context.Context, s, current settings.Settings, secret string) error {
	if !needsAcceptance(s, current, secret) {
		return nil
	}
	wanted := Origin(s.PlaneBaseURL.String())
	accepted, err := g.last(ctx, wanted)
	if err != nil {
		return fmt.Errorf("%w: %s comes from %s, and whether %s may be sent there is not known: %w", bridge.ErrKeyMissing, PlanesSetting, s.Origin(PlanesSetting), secret, err)
	}
	if accepted == wanted {
		return nil
	}
	before := "none was accepted before"
	if accepted != "" {
		before = "accepted is " + accepted
	}
	return fmt.Errorf("%w: %s: %s names %s and %s; %s is not sent there until you run `odoo-plane-bridge check --accept-plane-address`",
		bridge.ErrKeyMissing, PlanesSetting, s.Origin(PlanesSetting), wanted, before, secret)
}

// PermitKey is Permit for the API key, for what needs no database otherwise.
func PermitKey(ctx context.Context, s settings.Settings) error {
	const secret = "PLANE_API_KEY"
	var guard PlaneAddress
	if s.DatabaseURL != "" && needsAcceptance(s, s, secret) {
		pool, err := database.Open(s)
		if err != nil {
			return err
		}
		defer pool.Close()
		guard.Pool = pool
	}
	return guard.Permit(ctx, s, s, secret)
}

// needsAcceptance is true of a secret from a stronger source than the address.
func needsAcceptance(s, current settings.Settings, secret string) bool {
	from := s.Origin(PlanesSetting)
	if from != FromOdooParameters || current.Origin(secret) == from {
		return false
	}
	return Origin(s.PlaneBaseURL.String()) != Origin(settings.DefaultOf(PlanesSetting))
}

// Origin is what an address leads to: scheme, host and port.
func Origin(address string) string {
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
func (g *PlaneAddress) last(ctx context.Context, wanted string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Pool == nil {
		return "", nil // Without a database nothing can have been accepted.
	}
	if g.accepted == wanted && time.Since(g.readAt) < acceptedFor {
		return g.accepted, nil
	}
	err := g.Pool.QueryRow(ctx, "SELECT address FROM ops.accepted_addresses WHERE setting = $1", PlanesSetting).Scan(&g.accepted)
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

// Accept notes the address that the settings name.
func (g *PlaneAddress) Accept(ctx context.Context, s settings.Settings) error {
	_, err := g.Pool.Exec(ctx, `INSERT INTO ops.accepted_addresses (setting, address) VALUES ($1, $2)
		ON CONFLICT (setting) DO UPDATE SET address = excluded.address, accepted_at = now()`, PlanesSetting, Origin(s.PlaneBaseURL.String()))
	if err != nil {
		return fmt.Errorf("accepting the address of Plane: %w", err)
	}
	return nil
}
