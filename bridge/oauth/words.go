package oauth

import (
	"fmt"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
)

// Consent is where to send a person, and until when the way back is open.
type Consent struct {
	URL     string    `json:"url"`
	State   string    `json:"-"`
	Expires time.Time `json:"expires_at"`
}

// Callback is what Plane sent the browser back with. SameBrowser says that
// the browser showed the cookie that it was given when it began this consent.
type Callback struct {
	State          string
	Code           string
	InstallationID string
	Error          string
	SameBrowser    bool
}

// Grant is what was granted, without any token.
type Grant struct {
	Kind           string `json:"kind"` // bot or user
	InstallationID string `json:"app_installation_id,omitempty"`
	Workspace      string `json:"workspace"`
	ActorID        string `json:"actor_id"`
	ActorName      string `json:"actor_name,omitempty"`
}

func shown(g grants.Grant) Grant {
	return Grant{Kind: string(g.Kind), InstallationID: g.InstallationID, Workspace: g.Workspace, ActorID: g.ActorID, ActorName: g.ActorName}
}

// Refused is a failure that the person at the browser can understand. Why
// holds no secret and goes into the answer; the cause goes into the log.
type Refused struct {
	Status int
	Why    string
	Cause  error
}

func (e *Refused) Error() string {
	if e.Cause == nil {
		return e.Why
	}
	return fmt.Sprintf("%s: %v", e.Why, e.Cause)
}

// Unwrap returns the cause.
func (e *Refused) Unwrap() error { return e.Cause }

// MissingKeyError says which secret is not set, or set to what cannot be used.
type MissingKeyError struct {
	Setting string // PLANE_OAUTH_CLIENT_SECRET
	Entry   string // its entry in ssot/secrets/registry.yaml
	Problem string // "is not set", or what is wrong with it
}

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("%s %s (%s)", e.Setting, e.Problem, e.Ref())
}

// Is matches ErrKeyMissing.
func (e *MissingKeyError) Is(target error) bool { return target == bridge.ErrKeyMissing }

// Ref points the operator to the entry of the secret in the registry.
func (e *MissingKeyError) Ref() string { return "ssot/secrets/registry.yaml#" + e.Entry }
