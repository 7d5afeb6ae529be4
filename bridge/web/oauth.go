package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
)

// OAuthApp is what the receiver needs of the Plane app: to send a browser to
// Plane for consent, and to take what comes back.
type OAuthApp interface {
	// Begin starts a consent. The state in it works once and for a short time.
	Begin(ctx context.Context, inBrowser bool) (oauth.Consent, error)
	// Complete checks the state of a callback, gets the tokens and stores them.
	Complete(ctx context.Context, callback oauth.Callback) ([]oauth.Grant, error)
}

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
	oauth.Consent
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
	OK      bool          `json:"ok"`
	Granted []oauth.Grant `json:"granted"`
}

func (r *Receiver) oauthCallback(c echo.Context, app OAuthApp) error {
	callback := oauth.Callback{
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
	var missing *oauth.MissingKeyError
	var refused *oauth.Refused
	switch {
	case errors.As(err, &missing):
		r.logger.ErrorContext(ctx, "OAuth request refused: a key is missing", slog.Any("error", err))
		reply := keyMissing(missing.Ref())
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
