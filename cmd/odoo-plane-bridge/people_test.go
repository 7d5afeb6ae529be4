package main

import (
	"context"
	"io"
	"log/slog"
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
	loaded, live, err := p.settings(settings.Database, settings.OdooIfAny)
	s.must(err)
	a, err := wire(loaded, live, slog.New(slog.DiscardHandler))
	s.must(err)
	t.Cleanup(a.pool.Close)
	begun, err := a.oauth.Begin(t.Context(), false)
	s.must(err)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(begun.URL)
	s.must(err)
	s.must(answer.Body.Close())
	back, err := url.Parse(answer.Header.Get("Location"))
	s.must(err)
	_, err = a.oauth.Complete(t.Context(), oauth.Callback{State: back.Query().Get("state"), Code: back.Query().Get("code")})
	s.must(err)

	maria := func(context.Context) (string, error) { return s.plane.People()[0].Email, nil }
	acted, err := oauth.NewPeople(a.oauth, a.personClient).As(t.Context(), maria, func(c *plane.Client) error {
		_, err := c.Me(t.Context())
		return err
	})
	if !acted || err != nil {
		t.Fatalf("acted %t, %v", acted, err)
	}
	const used = `SELECT coalesce(sum(jsonb_array_length(window_state -> 'log')), 0) FROM ops.rate_budgets WHERE budget_key = $1`
	var persons, own int
	s.must(s.pool.QueryRow(t.Context(), used, string(a.budgetKey())).Scan(&own))
	s.must(s.pool.QueryRow(t.Context(), `SELECT coalesce(sum(jsonb_array_length(window_state -> 'log')), 0) FROM ops.rate_budgets`).Scan(&persons))
	if own != 0 || persons != 2 {
		t.Errorf("the bot's budget holds %d requests and all of them %d; want none and the person's two", own, persons)
	}
}
