package settings_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// variables is an environment.
type variables map[string]string

func (v variables) source() settings.Source {
	return sources.Environment{Getenv: func(name string) string { return v[name] }}
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	s, err := settings.Load(t.Context(), variables{}.source())
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]any{
		"LISTEN_ADDR":          {s.ListenAddr, settings.Address(":8080")},
		"METRICS_ADDR":         {s.MetricsAddr, settings.Address("127.0.0.1:9090")},
		"PLANE_BASE_URL":       {s.PlaneBaseURL, settings.WebURL("https://api.plane.so")},
		"PLANE_APP_URL":        {s.AppURL(), "https://app.plane.so"},
		"PLANE_WORKSPACE_SLUG": {s.PlaneWorkspaceSlug, settings.Slug("insightpulseai")},
		"TIMEZONE":             {s.Location().String(), "Asia/Manila"},
		"DELIVERY_RETENTION":   {s.DeliveryRetention.Duration(), 168 * time.Hour},
		"ODOO_PROTOCOL":        {s.OdooProtocol, settings.Protocol("auto")},
		"PLANE_AUTH":           {s.PlaneAuth, settings.PlaneAuth("api_key")},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s = %v, want %v", what, pair[0], pair[1])
		}
	}
	noon := time.Date(2026, 1, 1, 12, 1, 0, 0, time.UTC)
	if next := s.SyncSchedule.Next(noon); next != noon.Add(14*time.Minute) {
		t.Errorf("SYNC_SCHEDULE runs next at %s, want every 15 minutes", next)
	}
}

func TestASecretComesFromItsFileUnlessItIsSet(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := variables{"PLANE_API_KEY_FILE": file}
	s, err := settings.Load(t.Context(), env.source())
	if err != nil || s.PlaneAPIKey.Reveal() != "from-file" {
		t.Errorf("from its file: %q, %v", s.PlaneAPIKey.Reveal(), err)
	}
	env["PLANE_API_KEY"] = "from-environment"
	s, err = settings.Load(t.Context(), env.source())
	if err != nil || s.PlaneAPIKey.Reveal() != "from-environment" {
		t.Errorf("set as well: %q, %v", s.PlaneAPIKey.Reveal(), err)
	}
}

func TestAFileThatIsEmptyOrMissingIsAFaultThatNamesTheSetting(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + "-missing"} {
		_, err := settings.Load(t.Context(), variables{"ADMIN_TOKEN_FILE": file}.source())
		var fault settings.Fault
		if !errors.As(err, &fault) || fault.Setting != "ADMIN_TOKEN" {
			t.Errorf("%s: error = %v, want a fault of ADMIN_TOKEN", file, err)
		}
	}
}

func TestASecretNeverPrints(t *testing.T) {
	t.Parallel()
	secret := settings.Secret("hunter2")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", slog.Any("secret", secret), slog.Any("settings", settings.Settings{PlaneAPIKey: secret}))
	encoded, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		secret.String(), fmt.Sprintf("%v %+v %#v %q %s", secret, secret, secret, secret, secret),
		fmt.Sprintf("%+v %#v", settings.Settings{PlaneAPIKey: secret}, settings.Settings{PlaneAPIKey: secret}), string(encoded), log.String(),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestSecretsComeFromSupabaseVault(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	pool := pgtest.Open(t, dsn)
	for _, sql := range []string{
		`CREATE SCHEMA vault`, `CREATE TABLE vault.decrypted_secrets (name text, decrypted_secret text)`,
		`INSERT INTO vault.decrypted_secrets VALUES ('plane_webhook_secret', 'from-vault')`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	vault := &sources.Vault{Connect: func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, dsn) }}
	s, err := settings.Load(t.Context(), variables{"ADMIN_TOKEN": "set"}.source(), vault)
	if err != nil {
		t.Fatal(err)
	}
	if s.PlaneWebhookSecret.Reveal() != "from-vault" || s.AdminToken.Reveal() != "set" || s.PlaneAPIKey != "" {
		t.Errorf("webhook secret %q, admin token %q, API key %q", s.PlaneWebhookSecret.Reveal(), s.AdminToken.Reveal(), s.PlaneAPIKey.Reveal())
	}
}

func TestARotatedSecretIsTakenUpAndAFaultyReadingIsNot(t *testing.T) {
	t.Parallel()
	env, quiet := variables{"PLANE_WEBHOOK_SECRET": "old"}, slog.New(slog.DiscardHandler)
	loaded, err := settings.Load(t.Context(), env.source())
	if err != nil {
		t.Fatal(err)
	}
	live := settings.NewLive(loaded, env.source())
	env["PLANE_WEBHOOK_SECRET"], env["PLANE_WEBHOOK_SECRET_PREVIOUS"] = "new", "old"
	live.Refresh(t.Context(), quiet)
	if got := live.Current().WebhookSecrets(); len(got) != 2 || got[0] != "new" || got[1] != "old" {
		t.Errorf("secrets after a rotation: %d, first %q", len(got), got)
	}
	env["TIMEZONE"] = "Manila"
	live.Refresh(t.Context(), quiet)
	if zone := live.Current().Location().String(); zone != "Asia/Manila" {
		t.Errorf("after a faulty reading the zone is %s, want the last good one", zone)
	}
}

func TestPlanesAppIsBesideItsAPI(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://api.plane.so": "https://app.plane.so", "https://api.plane.so/": "https://app.plane.so",
		"https://plane.example.com": "https://plane.example.com", "https://plane.example.com/api/v1/": "https://plane.example.com",
		"https://example.com/plane/": "https://example.com/plane",
	} {
		if got := (settings.Settings{PlaneBaseURL: settings.WebURL(base)}).AppURL(); got != want {
			t.Errorf("app of %s = %s, want %s", base, got, want)
		}
	}
}

// The database that holds the Vault may hang behind its connection as well: a lock, a
// pooler without a place, a network that swallows.
func TestAVaultThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	pool := pgtest.Open(t, dsn)
	if _, err := pool.Exec(t.Context(), "CREATE SCHEMA vault; CREATE TABLE vault.decrypted_secrets (name text, decrypted_secret text)"); err != nil {
		t.Fatal(err)
	}
	holder, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = holder.Rollback(context.WithoutCancel(t.Context())) })
	if _, err := holder.Exec(t.Context(), "LOCK TABLE vault.decrypted_secrets"); err != nil {
		t.Fatal(err)
	}
	vault := &sources.Vault{Within: 100 * time.Millisecond, Connect: func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, dsn) }}
	patience, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = settings.Load(patience, variables{}.source(), vault)
	var fault settings.Fault
	if !errors.As(err, &fault) || fault.Setting != "SECRETS_SOURCE" || patience.Err() != nil {
		t.Errorf("error = %v, want a fault of SECRETS_SOURCE long before the patience ends (%v)", err, patience.Err())
	}
}

// Drivers put each address that they tried on a line of its own.
func TestAFaultIsOneLineWhateverItsCauseSays(t *testing.T) {
	t.Parallel()
	vault := &sources.Vault{Connect: func(context.Context) (*pgx.Conn, error) {
		return nil, errors.New("failed to connect:\n\t[::1]:5432: refused\r\n\t127.0.0.1:5432: refused\nPLANE_API_KEY: is fine")
	}}
	_, err := settings.Load(t.Context(), variables{}.source(), vault)
	if err == nil || strings.ContainsAny(err.Error(), "\r\n\t") || !strings.Contains(err.Error(), "[::1]:5432: refused 127.0.0.1:5432: refused") {
		t.Errorf("the fault is %q", err)
	}
}
