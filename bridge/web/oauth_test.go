package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
)

// fakeOAuth answers as it is told and notes what it was asked.
type fakeOAuth struct {
	err       error
	inBrowser bool
	callback  oauth.Callback
}

func (f *fakeOAuth) Begin(_ context.Context, inBrowser bool) (oauth.Consent, error) {
	f.inBrowser = inBrowser
	return oauth.Consent{URL: "https://plane.example.com/auth/o/authorize-app/?state=s1", State: "s1", Expires: time.Now().Add(time.Minute)}, f.err
}

func (f *fakeOAuth) Complete(_ context.Context, callback oauth.Callback) ([]oauth.Grant, error) {
	f.callback = callback
	return []oauth.Grant{{Kind: "bot", InstallationID: "in-1", Workspace: "acme", ActorID: "u-1"}}, f.err
}

func askOAuth(t *testing.T, app OAuthApp, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	receiver := newReceiver(nil, nil, Secrets{}, nil, nil, slog.New(slog.DiscardHandler))
	receiver.ServeOAuth(app)
	req, out := httptest.NewRequest(http.MethodGet, target, nil), httptest.NewRecorder()
	if change != nil {
		change(req)
	}
	receiver.ServeHTTP(out, req)
	if got := out.Header().Get("Content-Type"); got != "application/json" || !json.Valid(out.Body.Bytes()) {
		t.Errorf("%s: Content-Type %q, body %s", target, got, out.Body)
	}
	if out.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s may be cached", target)
	}
	return out
}

func TestInstallSendsTheBrowserToPlaneAndBindsItByACookie(t *testing.T) {
	t.Parallel()
	app := &fakeOAuth{}
	out := askOAuth(t, app, "/oauth/plane/install", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") })
	if out.Code != http.StatusFound || out.Header().Get("Location") != "https://plane.example.com/auth/o/authorize-app/?state=s1" || !app.inBrowser {
		t.Errorf("%d to %q", out.Code, out.Header().Get("Location"))
	}
	cookies := out.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value != "s1" || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("cookies %v", cookies)
	}
}

func TestTheCallbackIsHandedOnWithWhetherTheBrowserIsTheSame(t *testing.T) {
	t.Parallel()
	for cookie, same := range map[string]bool{"s1": true, "s2": false, "": false} {
		app := &fakeOAuth{}
		out := askOAuth(t, app, "/oauth/plane/callback?state=s1&code=c1&app_installation_id=in-1", func(r *http.Request) {
			r.AddCookie(&http.Cookie{Name: oauthCookie, Value: cookie})
		})
		if diff := cmp.Diff(oauth.Callback{State: "s1", Code: "c1", InstallationID: "in-1", SameBrowser: same}, app.callback); diff != "" {
			t.Errorf("cookie %q: %s", cookie, diff)
		}
		want := `{"ok":true,"granted":[{"kind":"bot","app_installation_id":"in-1","workspace":"acme","actor_id":"u-1"}]}`
		if got := strings.TrimSpace(out.Body.String()); out.Code != http.StatusOK || got != want {
			t.Errorf("%d %s", out.Code, got)
		}
	}
}

func TestOAuthFailuresAreAnsweredWithWhatMayBeTold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err    error
		status int
		body   string
	}{
		{
			&oauth.MissingKeyError{Setting: "ENCRYPTION_KEY", Entry: "encryption_key", Problem: "is not set"}, http.StatusServiceUnavailable,
			`{"ok":false,"error":"KEY_MISSING","ssot_ref":"ssot/secrets/registry.yaml#encryption_key"}`,
		},
		{&oauth.Refused{Status: http.StatusForbidden, Why: "invalid state", Cause: errors.New("inner words")}, http.StatusForbidden, `{"ok":false,"error":"invalid state"}`},
		{errors.New("inner words"), http.StatusInternalServerError, `{"ok":false,"error":"the consent could not be completed; the bridge's log says why"}`},
	} {
		for _, target := range []string{"/oauth/plane/install", "/oauth/plane/callback?state=s1"} {
			out := askOAuth(t, &fakeOAuth{err: tc.err}, target, nil)
			if got := strings.TrimSpace(out.Body.String()); out.Code != tc.status || got != tc.body {
				t.Errorf("%s: %d %s", target, out.Code, got)
			}
		}
	}
}
