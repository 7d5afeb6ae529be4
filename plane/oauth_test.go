package plane

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
)

const (
	appID     = "app-id"
	appSecret = "app-secret-value"
)

// oauthServer issues tokens as the documentation of Plane apps says.
type oauthServer struct {
	mu     sync.Mutex
	forms  []url.Values
	basic  []bool
	status int
}

func (s *oauthServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/auth/o/app-installation/") {
		if r.Header.Get("Authorization") != "Bearer pln_bot_1" {
			return answer(r, 401, `{"detail":"no"}`), nil
		}
		return answer(r, 200, `[{"id":"in-1","workspace":"ws","workspace_detail":{"name":"Acme","slug":"acme"},"app_bot":"bot","status":"installed"}]`), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	s.forms, s.basic = append(s.forms, form), append(s.basic, basic)
	switch {
	case s.status != 0:
		return answer(r, s.status, `{"error":"invalid_grant","error_description":"`+appSecret+` is spent","extra":"whole body"}`), nil
	case id != appID || secret != appSecret:
		return answer(r, 401, `{"error":"invalid_client"}`), nil
	case form.Get("grant_type") == "client_credentials":
		return answer(r, 200, fmt.Sprintf(`{"access_token":"pln_bot_%d","expires_in":86400,"token_type":"Bearer"}`, len(s.forms))), nil
	default:
		return answer(r, 200, fmt.Sprintf(`{"access_token":"user_%d","refresh_token":"refresh_%d","expires_in":3600,"token_type":"Bearer"}`, len(s.forms), len(s.forms))), nil
	}
}

func oauthOver(t *testing.T, server http.RoundTripper) *OAuth {
	t.Helper()
	o, err := NewOAuth(OAuthConfig{
		BaseURL: "https://api.plane.so/api/v1/", ClientID: appID, ClientSecret: appSecret, RedirectURL: "https://bridge.example.com/oauth/callback",
		Scopes: []string{"projects:read", "work_items:write"}, HTTPClient: &http.Client{Transport: server},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestABotTokenIsAskedForWithBasicAuthAndTheInstallation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &oauthServer{}
		o := oauthOver(t, server)
		token, err := o.BotToken(t.Context(), "in-1")
		if err != nil {
			t.Fatal(err)
		}
		form := server.forms[0]
		if !server.basic[0] || form.Get("app_installation_id") != "in-1" || form.Get("scope") != "projects:read work_items:write" {
			t.Errorf("basic %v, form %v", server.basic[0], form)
		}
		if token.AccessToken != "pln_bot_1" || token.RefreshToken != "" || time.Until(token.Expiry) != 24*time.Hour {
			t.Errorf("token %q lasts %s", token.AccessToken, time.Until(token.Expiry))
		}
		found, err := o.AppInstallations(t.Context(), token, "in-1")
		if err != nil || len(found) != 1 || found[0].WorkspaceDetail.Slug != "acme" || found[0].AppBot != "bot" {
			t.Errorf("installations %+v, error %v", found, err)
		}
	})
}

func TestTheUserFlowGoesFromConsentToRefresh(t *testing.T) {
	t.Parallel()
	server := &oauthServer{}
	o := oauthOver(t, server)
	consent, err := url.Parse(o.AuthCodeURL("state-1"))
	if err != nil {
		t.Fatal(err)
	}
	q := consent.Query()
	if consent.Host+consent.Path != "api.plane.so/auth/o/authorize-app/" || q.Get("state") != "state-1" || q.Get("response_type") != "code" || q.Get("client_id") != appID || q.Has("client_secret") {
		t.Errorf("consent address %s", consent)
	}
	token, err := o.Exchange(t.Context(), "code-1")
	if err != nil {
		t.Fatal(err)
	}
	next, err := o.Refresh(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if f := server.forms[0]; f.Get("grant_type") != "authorization_code" || f.Get("code") != "code-1" || f.Get("redirect_uri") == "" {
		t.Errorf("exchange sent %v", f)
	}
	if f := server.forms[1]; f.Get("grant_type") != "refresh_token" || f.Get("refresh_token") != "refresh_1" || next.RefreshToken != "refresh_2" {
		t.Errorf("refresh sent %v and got %q", f, next.RefreshToken)
	}
}

func TestARefusalOfTheTokenEndpointIsTypedAndHoldsNoBody(t *testing.T) {
	t.Parallel()
	o := oauthOver(t, &oauthServer{status: 400})
	_, err := o.Refresh(t.Context(), &oauth2.Token{RefreshToken: "old"})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(err.Error(), appSecret) || strings.Contains(err.Error(), "whole body") {
		t.Errorf("the error repeats the body: %v", err)
	}
	if _, err := o.Refresh(t.Context(), &oauth2.Token{}); err == nil {
		t.Error("a refresh without a refresh token was sent")
	}
}

func TestABearerTokenSignsRequests(t *testing.T) {
	t.Parallel()
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		if got := r.Header.Get("Authorization"); got != "Bearer pln_bot_9" || r.Header.Get("X-API-Key") != "" {
			t.Errorf("Authorization %q", got)
		}
		return answer(r, 200, `{"id":"u"}`), nil
	}), func(cfg *Config) {
		cfg.Auth = Bearer(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "pln_bot_9"}))
	})
	if _, err := c.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
}
