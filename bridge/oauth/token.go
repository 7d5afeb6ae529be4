package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/oauth2"

	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

// secret is what is sealed of a token.
type secret struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	TokenType    string `json:"token_type,omitempty"`
}

// held is a grant with its token opened. It never leaves this package.
type held struct {
	grant
	secret
}

// unseal decrypts the token of a row. Stale says that the previous key sealed it.
func unseal(box *sealed.Box, g grant) (h held, stale bool, err error) {
	plain, stale, err := box.Open(g.Sealed, g.place()...)
	if err != nil {
		return held{}, false, fmt.Errorf("opening the token of %s %s: %w; set ENCRYPTION_KEY_PREVIOUS to the key before, or install the app again", g.Kind, g.Subject, err)
	}
	h = held{grant: g}
	if err := json.Unmarshal(plain, &h.secret); err != nil {
		return held{}, false, fmt.Errorf("reading the token of %s %s: it is not what this program stores", g.Kind, g.Subject)
	}
	return h, stale, nil
}

// seal encrypts the token of a row for that row.
func (h *held) seal(box *sealed.Box) error {
	plain, err := json.Marshal(h.secret) //nolint:gosec // It goes into the encryption and nowhere else.
	if err == nil {
		h.Sealed, err = box.Seal(plain, h.place()...)
	}
	if err != nil {
		return fmt.Errorf("sealing the token of %s %s: %w", h.Kind, h.Subject, err)
	}
	return nil
}

// open decrypts the token of a row, and seals it anew when the previous key did:
// reading ends a rotation for tokens in use. It must not be called while the row
// is locked, because it writes through the pool.
func (k *Keeper) open(ctx context.Context, box *sealed.Box, g grant) (held, error) {
	h, stale, err := unseal(box, g)
	if err != nil || !stale {
		return h, err
	}
	if err := h.seal(box); err != nil {
		return held{}, err
	}
	if err := (store{k.pool}).resealed(ctx, g.rowKey, g.Sealed, h.Sealed); err != nil {
		return held{}, err
	}
	k.logger.InfoContext(ctx, "OAuth token sealed with the new key", slog.String("kind", string(g.Kind)), slog.String("subject", g.Subject))
	return h, nil
}

// fill puts a token that Plane issued into a row. A refresh token that the answer
// left out stays the one before (RFC 6749, section 6).
func (k *Keeper) fill(box *sealed.Box, g grant, token *oauth2.Token, refresh string) (held, error) {
	h := held{grant: g, secret: secret{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, TokenType: token.TokenType}}
	if h.RefreshToken == "" {
		h.RefreshToken = refresh
	}
	h.State, h.ObtainedAt, h.ExpiresAt, h.RenewAt = StateActive, k.now(), nil, nil
	h.LastError, h.LastErrorAt = nil, nil
	if !token.Expiry.IsZero() {
		// The life is reckoned from the answer, on the keeper's own clock.
		life := time.Until(token.Expiry).Round(time.Second)
		expires, renew := h.ObtainedAt.Add(life), h.ObtainedAt.Add(renewAfter(life))
		h.ExpiresAt, h.RenewAt = &expires, &renew
	}
	return h, h.seal(box)
}

// renewAfter is how long a token is used before it is renewed: four fifths of its
// life, or all but five minutes if that is sooner. A day's token then has almost
// five hours left in which Plane may be away without anybody noticing, and in
// which a lost refresh token can be noticed.
func renewAfter(life time.Duration) time.Duration {
	return max(min(life*4/5, life-5*time.Minute), life/2)
}
