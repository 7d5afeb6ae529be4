package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// OAuthApp is what the receiver needs of the Plane app: to send a browser to
// Plane for consent, and to take what comes back.
type OAuthApp interface {
	// Begin starts a consent. The state in it works once and for a short time.
	Begin(ctx context.Context, inBrowser bool) (OAuthConsent, error)
	// Complete checks the state of a callback, gets the tokens and stores them.
	Complete(ctx context.Context, callback OAuthCallback) ([]OAuthGrant, error)
}

// OAuthConsent is where to send a person, and until when the way back is open.
type OAuthConsent struct {
	URL     string    `json:"url"`
	State   string    `json:"-"`
	Expires time.Time `json:"expires_at"`
}

// OAuthCallback is what Plane sent the browser back with. SameBrowser says that
// the browser showed the cookie that it was given when it began this consent.
type OAuthCallback struct {
	State          string
	Code           string
	InstallationID string
	Error          string
	SameBrowser    bool
}

// OAuthGrant is what was granted, without any token.
type OAuthGrant struct {
	Kind           string `json:"kind"` // bot or user
	InstallationID string `json:"app_installation_id,omitempty"`
	Workspace      string `json:"workspace"`
	ActorID        string `json:"actor_id"`
	ActorName      string `json:"actor_name,omitempty"`
}

// OAuthRefused is a failure that the person at the browser can understand. Why
// holds no secret and goes into the answer; the cause goes into the log.
type OAuthRefused struct {
	Status int
	Why    string
	Cause  error
}

func (e *OAuthRefused) Error() string {
	if e.Cause == nil {
		return e.Why
	}
	return fmt.Sprintf("%s: %v", e.Why, e.Cause)
}

// Unwrap returns the cause.
func (e *OAuthRefused) Unwrap() error { return e.Cause }

// MissingKeyError says which secret is not set, or set to what cannot be used.
type MissingKeyError struct {
	Setting string // PLANE_OAUTH_CLIENT_SECRET
	Entry   string // its entry in ssot/secrets/registry.yaml
	Problem string // "is not set", or what is wrong with it
}

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("%s %s (%s)", e.Setting, e.Problem, e.ref())
}

// Is matches ErrKeyMissing.
func (e *MissingKeyError) Is(target error) bool { return target == bridge.ErrKeyMissing }

func (e *MissingKeyError) ref() string { return "ssot/secrets/registry.yaml#" + e.Entry }

// oauthCookie binds a consent to the browser that began it. Without it somebody
// could have another person's browser finish a consent of his own.
const (
	oauthCookie = "plane_oauth_state"
	oauthPath   = "/oauth/plane/"
)

// ServeOAuth adds the endpoints of the Plane app. It is called once, before the
// receiver serves.
func (r *Receiver) ServeOAuth(app OAuthApp) {
	r.server.GET(oauthPath+"install", func(c echo.Context) error { return r.oauthInstall(c, app) })
	r.server.GET(oauthPath+"callback", func(c echo.Context) error { return r.oauthCallback(c, app) })
}

type consentAnswer struct {
	OK bool `json:"ok"`
	OAuthConsent
}

// oauthInstall sends the browser to Plane's consent page. The answer has a body
// as every answer has; a browser follows Location.
func (r *Receiver) oauthInstall(c echo.Context, app OAuthApp) error {
	consent, err := app.Begin(c.Request().Context(), true)
	if err != nil {
		return r.refuseOAuth(c, err)
	}
	keepPrivate(c)
	c.SetCookie(stateCookie(c, consent.State, consent.Expires))
	c.Response().Header().Set(echo.HeaderLocation, consent.URL)
	return c.JSON(http.StatusFound, consentAnswer{true, consent})
}

type grantAnswer struct {
	OK      bool         `json:"ok"`
	Granted []OAuthGrant `json:"granted"`
}

func (r *Receiver) oauthCallback(c echo.Context, app OAuthApp) error {
	callback := OAuthCallback{
		State: c.QueryParam("state"), Code: c.QueryParam("code"),
		InstallationID: c.QueryParam("app_installation_id"), Error: c.QueryParam("error"),
	}
	if cookie, err := c.Cookie(oauthCookie); err == nil {
		callback.SameBrowser = subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(callback.State)) == 1
	}
	granted, err := app.Complete(c.Request().Context(), callback)
	if err != nil {
		return r.refuseOAuth(c, err)
	}
	keepPrivate(c)
	c.SetCookie(stateCookie(c, "", time.Unix(1, 0)))
	return c.JSON(http.StatusOK, grantAnswer{true, granted})
}

func (r *Receiver) refuseOAuth(c echo.Context, err error) error {
	keepPrivate(c)
	ctx := c.Request().Context()
	var missing *MissingKeyError
	var refused *OAuthRefused
	switch {
	case errors.As(err, &missing):
		r.logger.ErrorContext(ctx, "OAuth request refused: a key is missing", slog.Any("error", err))
		reply := keyMissing(missing.ref())
		return c.JSON(reply.status, reply.answer)
	case errors.As(err, &refused):
		r.logger.WarnContext(ctx, "OAuth request refused", slog.Any("error", err))
		return c.JSON(refused.Status, answer{Error: refused.Why})
	default:
		r.logger.ErrorContext(ctx, "OAuth request failed", slog.Any("error", err))
		return c.JSON(http.StatusInternalServerError, answer{Error: "the consent could not be completed; the bridge's log says why"})
	}
}

// stateCookie comes back with the callback, which Plane's page leads to from
// another site; Strict would withhold it.
func stateCookie(c echo.Context, state string, expires time.Time) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Over plain HTTP, as in tests, a secure cookie would never come back.
		Name: oauthCookie, Value: state, Path: oauthPath, Expires: expires,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: isHTTPS(c.Request()),
	}
}

// keepPrivate keeps state and code, which stand in the address, out of caches and
// out of the Referer of whatever comes next.
func keepPrivate(c echo.Context) {
	c.Response().Header().Set("Cache-Control", "no-store")
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
}

// isHTTPS believes a proxy's word: a cookie that is not marked as secure without
// need is the only thing that a liar gains.
func isHTTPS(req *http.Request) bool {
	return req.TLS != nil || strings.EqualFold(req.Header.Get("X-Forwarded-Proto"), "https")
}
