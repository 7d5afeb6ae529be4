package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// newOAuthStage is a Plane of an edition, and a bridge without Odoo and without an
// API key that has the Plane app set up.
func newOAuthStage(t *testing.T, edition planetest.Edition) *stage {
	t.Helper()
	dsn := pgtest.DSN(t)
	s := &stage{t: t, pool: pgtest.Open(t, dsn), plane: planetest.New(planetest.Options{Limit: 100_000, Edition: edition})}
	t.Cleanup(s.plane.Close)
	server := httptest.NewServer(s.plane)
	t.Cleanup(server.Close)
	app := s.plane.OAuthApp()
	s.settings = map[string]string{
		"DATABASE_URL": dsn, "LISTEN_ADDR": "127.0.0.1:0", "METRICS_ADDR": "127.0.0.1:0", "INSTANCE_ID": "stage", "LOG_LEVEL": "debug",
		"PLANE_BASE_URL": server.URL, "PLANE_WORKSPACE_SLUG": s.plane.WorkspaceSlug(), "PLANE_BIR_PROJECT_ID": s.plane.ProjectID(),
		"PLANE_AUTH": "bot", "PLANE_WEBHOOK_SECRET": stageSecret, "ENCRYPTION_KEY": sealed.NewKey(),
		"PLANE_OAUTH_CLIENT_ID": app.ClientID, "PLANE_OAUTH_CLIENT_SECRET": app.ClientSecret,
		"PLANE_OAUTH_REDIRECT_URL": "http://bridge.example.com/oauth/plane/callback",
	}
	return s
}

func (s *stage) mustRun(want int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	code, stdout, stderr := s.command(args...)
	if code != want {
		s.t.Fatalf("%s = %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, "pln_") || strings.Contains(stdout+stderr, s.settings["PLANE_OAUTH_CLIENT_SECRET"]) || strings.Contains(stdout+stderr, s.settings["ENCRYPTION_KEY"]) {
		s.t.Errorf("%s shows a secret:\n%s%s", strings.Join(args, " "), stdout, stderr)
	}
	return stdout, stderr
}

func TestABotIsInstalledFromTheCommandLineAndUsed(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Commercial)
	if stdout, _ := s.mustRun(exitDone, "oauth", "status"); !strings.Contains(stdout, "nothing is granted") {
		t.Errorf("status before: %s", stdout)
	}
	s.mustRun(exitFailed, "check") // Plane cannot be reached without a token.
	stdout, _ := s.mustRun(exitDone, "oauth", "install", "--app-installation-id", s.plane.OAuthApp().InstallationID)
	if !strings.Contains(stdout, "acts as user "+s.plane.BotUserID()) {
		t.Errorf("install: %s", stdout)
	}
	stdout, _ = s.mustRun(exitDone, "oauth", "status", "--json")
	var list []oauth.Status
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || len(list) != 1 || list[0].ActorID != s.plane.BotUserID() || list[0].Key != oauth.SealedCurrent {
		t.Errorf("status: %v\n%s", err, stdout)
	}
	if stdout, _ = s.mustRun(exitDone, "oauth", "status"); !strings.Contains(stdout, "active") || !strings.Contains(stdout, "under the current key") {
		t.Errorf("status: %s", stdout)
	}
	// The check still fails for Odoo, which this stage has none of; of Plane it
	// tells whose token it is.
	if stdout, _ = s.mustRun(exitFailed, "check"); !strings.Contains(stdout, "belongs to bridge ("+s.plane.BotUserID()+")") {
		t.Errorf("check with the bot's token:\n%s", stdout)
	}
}

func TestABrowserInstallsTheAppThroughARunningBridge(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Commercial)
	s.settings["PLANE_OAUTH_USER_FLOW"] = "true"
	served := s.start("serve")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	follow := func(address string, want int) (string, []byte) {
		t.Helper()
		res, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			t.Fatalf("%.60s: %d %s %v", address, res.StatusCode, body, err)
		}
		return res.Header.Get("Location"), body
	}
	consent, _ := follow(served.url+"/oauth/plane/install", http.StatusFound)
	back, _ := follow(consent, http.StatusFound)
	callback, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	_, body := follow(served.url+callback.RequestURI(), http.StatusOK)
	if strings.Contains(string(body), "pln_") || strings.Count(string(body), `"kind"`) != 2 {
		t.Errorf("callback: %s", body)
	}
	follow(served.url+callback.RequestURI(), http.StatusForbidden)
	if n := s.count("SELECT count(*) FROM ops.oauth_tokens"); n != 2 {
		t.Errorf("%d grants are stored", n)
	}
	if _, errs := served.ready(); errs["plane"] != "" {
		t.Errorf("the bridge does not use the token: %s", errs["plane"])
	}
	for _, secret := range []string{"pln_", callback.Query().Get("state"), callback.Query().Get("code"), s.settings["PLANE_OAUTH_CLIENT_SECRET"], s.settings["ENCRYPTION_KEY"]} {
		if strings.Contains(served.logged(), secret) {
			t.Errorf("a secret that begins with %.4s is in the debug log", secret)
		}
	}
	if !strings.Contains(served.logged(), "OAuth token stored") {
		t.Error("nothing was logged, so the search proves nothing")
	}
}

func TestInstallPrintsAnAddressThatAnyBrowserMayOpen(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Commercial)
	stdout, _ := s.mustRun(exitDone, "oauth", "install", "--json")
	var consent struct{ URL string }
	if err := json.Unmarshal([]byte(stdout), &consent); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(consent.URL)
	if err != nil || address.Path != "/auth/o/authorize-app/" || address.Query().Get("state") == "" {
		t.Errorf("address %q, %v", consent.URL, err)
	}
}

func TestOAuthCommandsNameEverySettingThatIsMissing(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Commercial)
	gone := []string{"ENCRYPTION_KEY", "PLANE_OAUTH_CLIENT_ID", "PLANE_OAUTH_CLIENT_SECRET", "PLANE_OAUTH_REDIRECT_URL"}
	for _, name := range gone {
		delete(s.settings, name)
	}
	code, _, stderr := s.command("oauth", "install")
	if code != exitUsage || slices.ContainsFunc(gone, func(name string) bool { return !strings.Contains(stderr, "\n"+name+": ") }) {
		t.Errorf("install = %d\n%s", code, stderr)
	}
	s.settings["ENCRYPTION_KEY"] = "a password of mine"
	if code, _, stderr = s.command("oauth", "status"); code != exitUsage || !strings.Contains(stderr, "openssl rand -base64 32") || strings.Contains(stderr, "a password of mine") {
		t.Errorf("status = %d\n%s", code, stderr)
	}
}

func TestACommunityServerIsRefusedClearly(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Community)
	for _, args := range [][]string{{"oauth", "install"}, {"oauth", "install", "--app-installation-id", "any"}} {
		if _, stderr := s.mustRun(exitFailed, args...); !strings.Contains(stderr, "not on Community") {
			t.Errorf("%v: %s", args, stderr)
		}
	}
}

func TestStatusFailsWhenNoKeyOpensAToken(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Commercial)
	s.mustRun(exitDone, "oauth", "install", "--app-installation-id", s.plane.OAuthApp().InstallationID)
	old := s.settings["ENCRYPTION_KEY"]
	key, _ := s.mustRun(exitDone, "oauth", "new-key")
	s.settings["ENCRYPTION_KEY"] = strings.TrimSpace(key)
	if stdout, _ := s.mustRun(exitFailed, "oauth", "status"); !strings.Contains(stdout, "no key opens it") {
		t.Errorf("status: %s", stdout)
	}
	s.settings["ENCRYPTION_KEY_PREVIOUS"] = old
	if stdout, _ := s.mustRun(exitDone, "oauth", "status"); !strings.Contains(stdout, "the rotation is not over") {
		t.Errorf("status: %s", stdout)
	}
}

func TestARunningBridgeWithoutKeysSaysWhichIsMissing(t *testing.T) {
	t.Parallel()
	s := newOAuthStage(t, planetest.Commercial)
	delete(s.settings, "ENCRYPTION_KEY")
	served := s.start("serve")
	for _, path := range []string{"/oauth/plane/install", "/oauth/plane/callback?state=any"} {
		res, err := http.Get(served.url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err := fmt.Sprint(err, res.Body.Close()); err != "<nil> <nil>" {
			t.Fatal(err)
		}
		want := `{"ok":false,"error":"KEY_MISSING","ssot_ref":"ssot/secrets/registry.yaml#encryption_key"}`
		if err != nil || res.StatusCode != http.StatusServiceUnavailable || strings.TrimSpace(string(body)) != want {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
}
