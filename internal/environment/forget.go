// Package environment keeps an installation's settings out of the demo and of
// the tests: whoever runs them in a shell that describes an installation must
// not reach it.
package environment

import (
	"fmt"
	"os"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// families are the beginnings of names that others read by themselves: pgx and
// libpq take what an address leaves open from PG*, OpenTelemetry's exporters
// take theirs from OTEL_*.
var families = []string{"PG", "OTEL_", "PLANE_", "ODOO_"}

// Forget unsets, in this process and so in every program that it starts, whatever
// tells of an installation. It is called before anything else runs.
func Forget() error {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !tellsOfAnInstallation(name) {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("forgetting %s: %w", name, err)
		}
	}
	return nil
}

func tellsOfAnInstallation(name string) bool {
	for _, family := range families {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	for _, spec := range settings.Specs() {
		if name == spec.Name || (spec.Secret != "" && (name == spec.Name+"_FILE" || name == spec.Name+"_CMD")) {
			return true
		}
	}
	return false
}
