package grants

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

// Token is what is sealed of a grant. Printing it shows no secret.
type Token struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	TokenType    string `json:"token_type,omitempty"`
}

// Format hides the token from every verb of fmt.
func (Token) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "token [redacted]") }

// Held is a grant with its token opened.
type Held struct {
	Grant
	Token
}

// Unseal decrypts the token of a row. Stale says that the previous key sealed it.
func Unseal(box *sealed.Box, g Grant) (h Held, stale bool, err error) {
	plain, stale, err := box.Open(g.Sealed, g.Place()...)
	if err != nil {
		return Held{}, false, fmt.Errorf("opening the token of %s %s: %w; set ENCRYPTION_KEY_PREVIOUS to the key before, or install the app again", g.Kind, g.Subject, err)
	}
	h = Held{Grant: g}
	if err := json.Unmarshal(plain, &h.Token); err != nil {
		return Held{}, false, fmt.Errorf("reading the token of %s %s: it is not what this program stores", g.Kind, g.Subject)
	}
	return h, stale, nil
}

// Seal encrypts the token of a row for that row.
func (h *Held) Seal(box *sealed.Box) error {
	plain, err := json.Marshal(h.Token) //nolint:gosec // It goes into the encryption and nowhere else.
	if err == nil {
		h.Sealed, err = box.Seal(plain, h.Place()...)
	}
	if err != nil {
		return fmt.Errorf("sealing the token of %s %s: %w", h.Kind, h.Subject, err)
	}
	return nil
}
