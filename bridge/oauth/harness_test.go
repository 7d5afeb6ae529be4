package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

const tokenPath = "/auth/o/token/"

// world is a simulated Plane, a database, a clock that tests move, and a log that
// is searched for secrets when the test ends.
type world struct {
	t     *testing.T
	plane *planetest.Server
	dsn   string
	pool  *pgxpool.Pool

	mu      sync.Mutex
	app     App
	offset  time.Duration
	secrets []string
	tokens  int // answers of the token endpoint
	// onToken, when set, is handed the token endpoint's answer before the caller
	// gets it. An error in its place is what the caller gets.
	onToken func(*http.Response) error
	log     bytes.Buffer
}

func newWorld(t *testing.T, options planetest.Options) *world {
	t.Helper()
	w := &world{t: t, dsn: pgtest.DSN(t)}
	w.pool = pgtest.Open(t, w.dsn)
	options.Now = w.now
	w.plane = planetest.New(options)
	t.Cleanup(w.plane.Close)
	app := w.plane.OAuthApp()
	w.app = App{
		BaseURL: "https://plane.example.com/", Workspace: w.plane.WorkspaceSlug(), ClientID: app.ClientID, ClientSecret: app.ClientSecret,
		RedirectURL: "https://bridge.example.com/oauth/plane/callback", Key: sealed.NewKey(),
	}
	w.secrets = []string{w.app.ClientSecret, w.app.Key}
	t.Cleanup(w.searchForSecrets)
	return w
}

func commercial(t *testing.T) *world {
	t.Helper()
	return newWorld(t, planetest.Options{Edition: planetest.Commercial})
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset += d
}

func (w *world) set(change func(*App)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.app)
	w.secrets = append(w.secrets, w.app.Key)
}

func (w *world) current() App {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.app
}

func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tokens
}

func (w *world) intercept(onToken func(*http.Response) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onToken = onToken
}

// Write takes the debug log of everything under test.
func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

// RoundTrip reaches the simulated Plane, and notes every token that it issues.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.plane.RoundTripper().RoundTrip(r)
	if err != nil || r.URL.Path != tokenPath {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var issued struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal(body, &issued); err != nil && res.StatusCode == http.StatusOK {
		return nil, err
	}
	w.mu.Lock()
	w.tokens++
	w.secrets = append(w.secrets, issued.AccessToken, issued.RefreshToken)
	onToken := w.onToken
	w.mu.Unlock()
	if onToken != nil {
		if err := onToken(res); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// keeper is one replica.
func (w *world) keeper() *Keeper { return w.keeperOn(w.pool) }

func (w *world) keeperOn(pool *pgxpool.Pool) *Keeper {
	return New(Config{Pool: pool, App: w.current, HTTPClient: &http.Client{Transport: w}, Logger: w.logger(), Now: w.now})
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// client calls Plane as wire does: the signer's Auth, and its HTTP client.
func (w *world) client(signer *Signer) *plane.Client {
	w.t.Helper()
	client, err := plane.New(plane.Config{
		BaseURL: w.app.BaseURL, Workspace: w.app.Workspace, Auth: signer, Logger: w.logger(),
		HTTPClient: signer.HTTPClient(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// fault notes an expected error in the log, so that it is searched as well.
func (w *world) fault(err error) error {
	if err != nil {
		w.logger().ErrorContext(context.Background(), "expected", slog.Any("error", err))
	}
	return err
}

func (w *world) installed() *Keeper {
	w.t.Helper()
	k := w.keeper()
	if _, err := k.RegisterBot(w.t.Context(), w.plane.OAuthApp().InstallationID); err != nil {
		w.t.Fatal(err)
	}
	return k
}

// consent goes to Plane's consent page and returns what it sends the browser back
// with.
func (w *world) consent(k *Keeper) Callback {
	w.t.Helper()
	begun, err := k.Begin(w.t.Context(), true)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, begun.URL, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := w.plane.RoundTripper().RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || back.Path != "/oauth/plane/callback" {
		w.t.Fatalf("sent back to %q: %v", back, err)
	}
	q := back.Query()
	w.mu.Lock()
	w.secrets = append(w.secrets, q.Get("code"), q.Get("state"))
	w.mu.Unlock()
	return Callback{
		State: q.Get("state"), Code: q.Get("code"), InstallationID: q.Get("app_installation_id"), Error: q.Get("error"), SameBrowser: true,
	}
}

// consented completes a consent of a person and returns the person's id.
func (w *world) consented(k *Keeper) string {
	w.t.Helper()
	w.set(func(a *App) { a.UserFlow = true })
	granted, err := k.Complete(w.t.Context(), w.consent(k))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, g := range granted {
		if g.Kind == string(grants.KindUser) {
			return g.ActorID
		}
	}
	w.t.Fatalf("no person among %+v", granted)
	return ""
}

func (w *world) grant(kind grants.Kind) grants.Grant {
	w.t.Helper()
	all, err := grants.In(w.pool).All(w.t.Context(), w.current().server())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, g := range all {
		if g.Kind == kind {
			return g
		}
	}
	w.t.Fatalf("no %s among %d grants", kind, len(all))
	return grants.Grant{}
}

// searchForSecrets looks for every key, token, code and state of the test in all
// that was logged and in every column of the tables.
func (w *world) searchForSecrets() {
	ctx := context.Background()
	var stored string
	err := w.pool.QueryRow(ctx, `SELECT coalesce(string_agg(r::text || encode(r.sealed, 'escape'), ' '), '') FROM ops.oauth_tokens r`).Scan(&stored)
	if err != nil {
		w.t.Errorf("reading what is stored: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, secret := range w.secrets {
		if secret == "" {
			continue
		}
		if strings.Contains(w.log.String(), secret) {
			w.t.Errorf("a secret that begins with %.8s is in the log", secret)
		}
		if strings.Contains(stored, secret) {
			w.t.Errorf("a secret that begins with %.8s is in the database in the clear", secret)
		}
	}
}

func mustRefuse(t *testing.T, err error, status int, words string) {
	t.Helper()
	var refused *Refused
	if !errors.As(err, &refused) || refused.Status != status || !strings.Contains(refused.Why, words) {
		t.Errorf("error %v, want a refusal %d about %q", err, status, words)
	}
}
