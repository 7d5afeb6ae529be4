package oauth

import (
	"context"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

// SealedWith says which key a stored token needs.
type SealedWith string

// The keys that a stored token may need. SealedPrevious means that a rotation is
// not over, and SealedUnknown that the token cannot be opened.
const (
	SealedCurrent  SealedWith = "current"
	SealedPrevious SealedWith = "previous"
	SealedUnknown  SealedWith = "unknown"
)

// Status is one grant as an operator sees it. It holds no token.
type Status struct {
	Kind           grants.Kind  `json:"kind"`
	InstallationID string       `json:"app_installation_id,omitempty"`
	Workspace      string       `json:"workspace"`
	ActorID        string       `json:"actor_id"`
	ActorName      string       `json:"actor_name,omitempty"`
	State          grants.State `json:"state"`
	Ended          bool         `json:"ended"`
	ExpiresAt      *time.Time   `json:"expires_at"`
	RenewAt        *time.Time   `json:"renew_at"`
	ObtainedAt     time.Time    `json:"obtained_at"`
	Renewals       int          `json:"renewals"`
	Key            SealedWith   `json:"encryption_key"`
	LastError      *string      `json:"last_error"`
	LastErrorAt    *time.Time   `json:"last_error_at"`
}

// Usable reports whether requests can be made with the grant, now and later.
func (s Status) Usable() bool {
	return s.State == grants.StateActive && !s.Ended && s.Key != SealedUnknown
}

// NeedsConsent reports whether a person has to act before the grant ends.
func (s Status) NeedsConsent() bool { return s.State == grants.StateConsentNeeded }

// Status returns every grant of the server that is set. It decrypts nothing; the
// mark on a sealed token tells its key.
func (k *Keeper) Status(ctx context.Context) ([]Status, error) {
	app := k.app()
	box, err := app.box()
	if err != nil {
		return nil, err
	}
	all, err := grants.In(k.pool).All(ctx, app.server())
	if err != nil {
		return nil, err
	}
	list := make([]Status, 0, len(all))
	for _, g := range all {
		list = append(list, Status{
			Kind: g.Kind, InstallationID: g.InstallationID, Workspace: g.Workspace, ActorID: g.ActorID, ActorName: g.ActorName,
			State: g.State, Ended: !g.Alive(k.now()), ExpiresAt: g.ExpiresAt, RenewAt: g.RenewAt, ObtainedAt: g.ObtainedAt,
			Renewals: g.Renewals, Key: sealedWith(box, g.Sealed), LastError: g.LastError, LastErrorAt: g.LastErrorAt,
		})
	}
	return list, nil
}

func sealedWith(box *sealed.Box, value []byte) SealedWith {
	switch {
	case box.Current(value):
		return SealedCurrent
	case box.Known(value):
		return SealedPrevious
	default:
		return SealedUnknown
	}
}
