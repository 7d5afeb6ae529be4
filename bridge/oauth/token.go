package oauth

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/oauth2"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

// open decrypts the token of a row, and seals it anew when the previous key did:
// reading ends a rotation for tokens in use. It must not be called while the row
// is locked, because it writes through the pool.
func (k *Keeper) open(ctx context.Context, box *sealed.Box, g grants.Grant) (grants.Held, error) {
	h, stale, err := grants.Unseal(box, g)
	if err != nil || !stale {
		return h, err
	}
	if err := h.Seal(box); err != nil {
		return grants.Held{}, err
	}
	if err := grants.In(k.pool).Resealed(ctx, g.Key, g.Sealed, h.Sealed); err != nil {
		return grants.Held{}, err
	}
	k.logger.InfoContext(ctx, "OAuth token sealed with the new key", slog.String("kind", string(g.Kind)), slog.String("subject", g.Subject))
	return h, nil
}

// fill puts a token that Plane issued into a row. A refresh token that the answer
// left out stays the one before (RFC 6749, section 6).
func (k *Keeper) fill(box *sealed.Box, g grants.Grant, token *oauth2.Token, refresh string) (grants.Held, error) {
	h := grants.Held{Grant: g, Token: grants.Token{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, TokenType: token.TokenType}}
	if h.RefreshToken == "" {
		h.RefreshToken = refresh
	}
	h.State, h.ObtainedAt, h.ExpiresAt, h.RenewAt = grants.StateActive, k.now(), nil, nil
	h.LastError, h.LastErrorAt = nil, nil
	if !token.Expiry.IsZero() {
		// The life is reckoned from the answer, on the keeper's own clock.
		life := time.Until(token.Expiry).Round(time.Second)
		expires, renew := h.ObtainedAt.Add(life), h.ObtainedAt.Add(renewAfter(life))
		h.ExpiresAt, h.RenewAt = &expires, &renew
	}
	return h, h.Seal(box)
}

// renewAfter is how long a token is used before it is renewed: four fifths of its
// life, or all but five minutes if that is sooner. A day's token then has almost
// five hours left in which Plane may be away without anybody noticing, and in
// which a lost refresh token can be noticed.
func renewAfter(life time.Duration) time.Duration {
	return max(min(life*4/5, life-5*time.Minute), life/2)
}
