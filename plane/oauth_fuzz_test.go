package plane

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// Whatever the token endpoint answers, a token that comes out of it can be used, and
// no error repeats what might be one.
func FuzzAnAnswerOfTheOAuthEndpointsIsATokenOrAnError(f *testing.F) {
	for status, body := range map[int]string{
		200: `{"access_token":"pln_bot_1","token_type":"Bearer","expires_in":86400}`, 201: `{"access_token":"","expires_in":"soon"}`,
		400: `{"error":"invalid_grant","error_description":"x"}`, 403: `<html>`, 500: "", 502: `[1]`, 299: `{"access_token":{"a":1},"expires_in":-1e308}`,
	} {
		f.Add(status, body)
	}
	f.Add(200, `[{"id":"in-1","workspace":"ws","workspace_detail":{"name":"Acme","slug":"acme"},"app_bot":"bot","status":"installed"}]`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return answer(r, status, body), nil })}
		app, err := NewOAuth(OAuthConfig{BaseURL: "https://plane.test", ClientID: appID, ClientSecret: appSecret, HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		bot, err := app.BotToken(t.Context(), "in-1")
		if err == nil && bot.AccessToken == "" {
			t.Error("an empty token came out")
		}
		renewed, refreshErr := app.Refresh(t.Context(), &oauth2.Token{RefreshToken: "refresh-token-value"})
		if refreshErr == nil && renewed.AccessToken == "" {
			t.Error("an empty token came out of a renewal")
		}
		_, listErr := app.AppInstallations(t.Context(), &oauth2.Token{AccessToken: "access-token-value"}, "")
		for _, err := range []error{err, refreshErr, listErr} {
			if err != nil && (strings.Contains(err.Error(), appSecret) || strings.Contains(err.Error(), "refresh-token-value") || strings.Contains(err.Error(), "access-token-value")) {
				t.Errorf("the error shows a secret: %v", err)
			}
		}
	})
}
