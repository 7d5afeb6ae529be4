package contracttest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

func TestASecretComesFromTheFirstSourceThatHasIt(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "plane_webhook_secret")
	// Editors leave a line end.
	if err := os.WriteFile(file, []byte(webhookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name     string
		inVault  string
		settings map[string]string
	}{
		{"the environment goes before everything", "wrong", map[string]string{"PLANE_WEBHOOK_SECRET": webhookSecret, "PLANE_WEBHOOK_SECRET_FILE": "/does/not/exist"}},
		{"a file goes before the Vault", "wrong", map[string]string{"PLANE_WEBHOOK_SECRET_FILE": file}},
		{"the Vault", webhookSecret, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			settings := map[string]string{"DATABASE_URL": vaultWith(t, row.inVault), "SECRETS_SOURCE": "vault"}
			for name, value := range row.settings {
				settings[name] = value
			}
			bridge := serve(t, settings)
			s := readYAML[source](t, sourcePath)
			if got := do(t, s.webhook(t, bridge.URL, "created", newWorkItem())); got.status != http.StatusOK {
				t.Errorf("webhook: %d %s", got.status, got.body)
			}
			if strings.Contains(bridge.log.String(), webhookSecret) {
				t.Error("the secret is in the log")
			}
		})
	}
}

// vaultWith is a database with Supabase Vault's view, as far as a reader sees it.
func vaultWith(t *testing.T, secret string) string {
	t.Helper()
	dsn := pgtest.DSN(t)
	pool := pgtest.Open(t, dsn)
	run(t, pool, "CREATE SCHEMA vault")
	run(t, pool, "CREATE VIEW vault.decrypted_secrets AS SELECT 'plane_webhook_secret' AS name, '"+secret+"' AS decrypted_secret")
	return dsn
}
