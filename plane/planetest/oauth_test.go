package planetest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int    `json:"expires_in"`
	Error        string
}

func askToken(t *testing.T, s *Server, form url.Values) (int, tokens) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://plane/auth/o/token/", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if form.Get("client_id") == "" {
		request.SetBasicAuth(s.OAuthApp().ClientID, s.OAuthApp().ClientSecret)
	}
	response, err := s.RoundTripper().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer tokens
	if response.Header.Get("Content-Type") == "application/json" {
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode, answer
}

func get(t *testing.T, s *Server, path, token string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://plane"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.RoundTripper().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body), response.Header
}

func commercial(t *testing.T) *Server {
	t.Helper()
	s, _ := start(t, Options{Edition: Commercial})
	return s
}

func TestBotTokenActsAsTheBotForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := commercial(t)
		form := url.Values{"grant_type": {"client_credentials"}, "app_installation_id": {s.OAuthApp().InstallationID}, "scope": {"read"}}
		status, token := askToken(t, s, form)
		if status != http.StatusOK || !strings.HasPrefix(token.AccessToken, "pln_bot_") || token.RefreshToken != "" || token.ExpiresIn != 86400 {
			t.Fatalf("%d %+v", status, token)
		}
		if _, body, _ := get(t, s, me, token.AccessToken); !strings.Contains(body, recordedBot) {
			t.Errorf("me: %s", body)
		}
		if _, body, _ := get(t, s, "/auth/o/app-installation/?id="+s.OAuthApp().InstallationID, token.AccessToken); !strings.Contains(body, `"app_bot":"`+recordedBot+`"`) {
			t.Errorf("installation: %s", body)
		}
		time.Sleep(24*time.Hour + time.Second)
		if status, _, _ := get(t, s, me, token.AccessToken); status != http.StatusUnauthorized {
			t.Errorf("a day later: %d, want 401", status)
		}
		form.Set("app_installation_id", "other")
		if status, refused := askToken(t, s, form); status != http.StatusBadRequest || refused.Error != "invalid_grant" {
			t.Errorf("another installation: %d %+v", status, refused)
		}
	})
}

func TestCodeAndRefreshTokensAreGoodOnce(t *testing.T) {
	t.Parallel()
	s := commercial(t)
	app := s.OAuthApp()
	status, _, header := get(t, s, "/auth/o/authorize-app/?response_type=code&client_id="+app.ClientID+"&state=xyz&redirect_uri="+url.QueryEscape("https://b.example/cb"), "")
	back, err := url.Parse(header.Get("Location"))
	if err != nil || status != http.StatusFound || back.Query().Get("state") != "xyz" || back.Query().Get("app_installation_id") != app.InstallationID {
		t.Fatalf("%d %v %v", status, back, err)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {"https://b.example/cb"},
		"client_id": {app.ClientID}, "client_secret": {app.ClientSecret},
	}
	status, first := askToken(t, s, form)
	if status != http.StatusOK || first.RefreshToken == "" {
		t.Fatalf("%d %+v", status, first)
	}
	if status, _ := askToken(t, s, form); status != http.StatusBadRequest {
		t.Errorf("the code a second time: %d, want 400", status)
	}
	form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}, "client_id": {app.ClientID}, "client_secret": {app.ClientSecret}}
	status, second := askToken(t, s, form)
	if status != http.StatusOK || second.RefreshToken == first.RefreshToken {
		t.Fatalf("refresh: %d %+v", status, second)
	}
	if status, _ := askToken(t, s, form); status != http.StatusBadRequest {
		t.Errorf("the old refresh token a second time: %d, want 400", status)
	}
	form.Set("client_secret", "wrong")
	if status, _ := askToken(t, s, form); status != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %d, want 401", status)
	}
	s.ExpireTokens()
	if status, _, _ := get(t, s, me, second.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("an expired token: %d, want 401", status)
	}
}

func TestPersonMayRefuseConsent(t *testing.T) {
	t.Parallel()
	s := commercial(t)
	s.DenyAuthorization(true)
	_, _, header := get(t, s, "/auth/o/authorize-app/?response_type=code&redirect_uri=https://b.example/&client_id="+s.OAuthApp().ClientID, "")
	if got := header.Get("Location"); got != "https://b.example/?error=access_denied" {
		t.Errorf("sent back to %s", got)
	}
}

func TestCommunityHasNoOAuth(t *testing.T) {
	t.Parallel()
	s, _ := start(t, Options{})
	for _, path := range []string{"/auth/o/authorize-app/", "/auth/o/app-installation/"} {
		if status, _, _ := get(t, s, path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, status)
		}
	}
	if status, _ := askToken(t, s, url.Values{}); status != http.StatusNotFound {
		t.Errorf("token: %d, want 404", status)
	}
	if status, _, _ := get(t, s, me, "any"); status != http.StatusUnauthorized {
		t.Errorf("a bearer token: %d, want 401", status)
	}
}
