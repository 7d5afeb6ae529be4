package environment_test

import (
	"os"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// TestWhatTellsOfAnInstallationIsForgottenAndNothingElse changes the process's
// environment, so it does not run beside others.
func TestWhatTellsOfAnInstallationIsForgottenAndNothingElse(t *testing.T) {
	forgotten := []string{
		"DATABASE_URL_FILE", "ADMIN_TOKEN_FILE", "ADMIN_TOKEN_CMD", "PGHOST", "PGPASSWORD", "PGSERVICE", "PGOPTIONS",
		"OTEL_EXPORTER_OTLP_ENDPOINT", "PLANE_TOMORROWS_SETTING", "ODOO_ADMIN_PASSWORD_FILE",
	}
	for _, spec := range settings.Specs() {
		forgotten = append(forgotten, spec.Name)
	}
	kept := []string{"POSTGRES_BIN", "ODOO19_CACHE", "GOFLAGS", "PATH", "LISTEN"}
	for _, name := range append(forgotten, kept...) {
		t.Setenv(name, "x")
	}
	if err := environment.Forget(); err != nil {
		t.Fatal(err)
	}
	for _, pair := range os.Environ() {
		for _, name := range forgotten {
			if strings.HasPrefix(pair, name+"=") {
				t.Errorf("%s is still set", name)
			}
		}
	}
	for _, name := range kept {
		if os.Getenv(name) != "x" {
			t.Errorf("%s was forgotten", name)
		}
	}
}
