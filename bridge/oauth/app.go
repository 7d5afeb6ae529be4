package oauth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// App is the Plane app as the operator set it up. It is read for each use, so that
// a rotated secret needs no restart. Printing it shows no secret.
type App struct {
	// BaseURL is the Plane server, and Workspace the only one that an
	// installation or a person is taken from.
	BaseURL, Workspace string
	// Refusal is why the secret may not be sent to BaseURL; nil when it may.
	Refusal error
	// ClientID and ClientSecret are what Plane showed when the app was made.
	ClientID, ClientSecret string
	// RedirectURL is the address of the bridge's callback, as registered in Plane.
	RedirectURL string
	Scopes      []string
	// UserFlow says that tokens are kept for people as well, not for the bot only.
	UserFlow bool
	// Key encrypts, and PreviousKey still decrypts; see sealed.NewBox.
	Key, PreviousKey string
}

// Format hides the secrets from every verb of fmt.
func (a App) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "Plane app of workspace "+a.Workspace+" [redacted]")
}

// server is the base URL in the one form that rows are kept under.
func (a App) server() string {
	base := strings.TrimRight(strings.TrimSpace(a.BaseURL), "/")
	return strings.TrimRight(strings.TrimSuffix(base, "/api/v1"), "/")
}

// box returns the encryption, or says that its key is missing.
func (a App) box() (*sealed.Box, error) {
	if a.Key == "" {
		return nil, &MissingKeyError{Setting: "ENCRYPTION_KEY", Entry: "encryption_key", Problem: "is not set"}
	}
	box, err := sealed.NewBox(a.Key, a.PreviousKey)
	if err != nil {
		return nil, &MissingKeyError{Setting: "ENCRYPTION_KEY", Entry: "encryption_key", Problem: "cannot be used: " + err.Error()}
	}
	return box, nil
}

// protocol returns the OAuth client of the app, or says what is not set.
func (a App) protocol(client *http.Client) (*plane.OAuth, error) {
	if a.ClientSecret == "" {
		return nil, &MissingKeyError{Setting: "PLANE_OAUTH_CLIENT_SECRET", Entry: "plane_oauth_client_secret", Problem: "is not set"}
	}
	if a.Refusal != nil {
		return nil, a.Refusal
	}
	if a.ClientID == "" {
		return nil, notSet("PLANE_OAUTH_CLIENT_ID")
	}
	app, err := plane.NewOAuth(plane.OAuthConfig{
		BaseURL: a.BaseURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, RedirectURL: a.RedirectURL, Scopes: a.Scopes, HTTPClient: client,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the Plane app: %w", err)
	}
	return app, nil
}

func notSet(setting string) error {
	return &Refused{Status: http.StatusServiceUnavailable, Why: setting + " is not set"}
}

// mayInstall checks what a consent in the browser needs besides.
func (a App) mayInstall() error {
	if a.RedirectURL == "" {
		return notSet("PLANE_OAUTH_REDIRECT_URL")
	}
	back, err := url.Parse(a.RedirectURL)
	if err != nil || !strings.HasSuffix(back.Path, "/oauth/plane/callback") {
		return &Refused{
			Status: http.StatusServiceUnavailable, Why: "PLANE_OAUTH_REDIRECT_URL has to end in /oauth/plane/callback, where the bridge takes the answer",
		}
	}
	return nil
}

// errNoOAuth is how a server without OAuth apps is told.
func errNoOAuth(cause error) error {
	return &Refused{
		Status: http.StatusNotImplemented, Cause: cause,
		Why: "this Plane server has no OAuth apps: they exist on Plane Cloud and the commercial edition, not on Community; use an API key (PLANE_AUTH=api_key)",
	}
}

// readRefusal turns a failure of Plane's OAuth endpoints into what the person at
// the browser may read.
func readRefusal(act string, err error) error {
	var failed *plane.Error
	switch {
	case err == nil:
		return nil
	case plane.IsUnrouted(err):
		return errNoOAuth(err)
	case errors.As(err, &failed) && failed.Message == "invalid_client":
		return &Refused{Status: http.StatusBadGateway, Why: "Plane does not know the app: check PLANE_OAUTH_CLIENT_ID and PLANE_OAUTH_CLIENT_SECRET", Cause: err}
	case refusedGrant(err):
		return &Refused{Status: http.StatusBadRequest, Why: "Plane refused " + act + "; is the app installed, and is this its installation? Begin again", Cause: err}
	default:
		return &Refused{Status: http.StatusBadGateway, Why: "Plane did not answer " + act + " as it should; try again", Cause: err}
	}
}

// refusedGrant tells a grant that is gone for good (spent, revoked, uninstalled)
// from a failure that time may heal (RFC 6749, section 5.2).
func refusedGrant(err error) bool {
	var failed *plane.Error
	return errors.As(err, &failed) && failed.Message == "invalid_grant"
}
