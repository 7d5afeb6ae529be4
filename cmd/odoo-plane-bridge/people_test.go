package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

func TestWhatIsDoneInAPersonsNameCountsInThatPersonsBudget(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Commercial)
	s.settings["PLANE_OAUTH_USER_FLOW"] = "true"
	s.mustRun(exitDone, "oauth", "install", "--app-installation-id", s.plane.OAuthApp().InstallationID)
	p := &process{t.Context(), func(name string) string { return s.settings[name] }, io.Discard, io.Discard, ""}
	loaded, live, err := p.around().Settings(t.Context(), settings.Database, settings.OdooIfAny)
	s.must(err)
	a, err := p.around().Build(loaded, live)
	s.must(err)
	t.Cleanup(a.Close)
	begun, err := a.OAuth.Begin(t.Context(), false)
	s.must(err)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(begun.URL)
	s.must(err)
	s.must(answer.Body.Close())
	back, err := url.Parse(answer.Header.Get("Location"))
	s.must(err)
	_, err = a.OAuth.Complete(t.Context(), oauth.Callback{State: back.Query().Get("state"), Code: back.Query().Get("code")})
	s.must(err)

	maria := func(context.Context) (string, error) { return s.plane.People()[0].Email, nil }
	acted, err := a.People.As(t.Context(), maria, func(c *plane.Client) error {
		_, err := c.Me(t.Context())
		return err
	})
	if !acted || err != nil {
		t.Fatalf("acted %t, %v", acted, err)
	}
	const used = `SELECT count(*), coalesce(sum(jsonb_array_length(window_state -> 'log')), 0) FROM ops.rate_budgets WHERE jsonb_array_length(window_state -> 'log') > 0`
	want := func(budgets, requests int) {
		t.Helper()
		var b, r int
		s.must(s.pool.QueryRow(t.Context(), used).Scan(&b, &r))
		if b != budgets || r != requests {
			t.Errorf("%d budgets hold %d requests, want %d and %d", b, r, budgets, requests)
		}
	}
	want(1, 2) // the person's: whose token it is, and what was asked for
	_, err = a.Plane.Me(t.Context())
	s.must(err)
	want(2, 3)
}
