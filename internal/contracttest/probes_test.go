package contracttest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

func get(t *testing.T, url string) answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, request)
}

func TestTheProbesAnswer(t *testing.T) {
	t.Parallel()
	bridge := serve(t, map[string]string{"DATABASE_URL": pgtest.DSN(t)})
	if got := get(t, bridge.URL+"/healthz"); got.status != http.StatusOK {
		t.Errorf("/healthz = %d %s", got.status, got.body)
	}
	got := get(t, bridge.URL+"/readyz")
	var report struct {
		OK     bool
		Checks map[string]struct {
			OK    bool
			Error string
		}
	}
	if err := json.Unmarshal(got.body, &report); err != nil {
		t.Fatal(err)
	}
	// Neither Plane nor Odoo is configured, so it is not ready, and says why.
	if got.status != http.StatusServiceUnavailable || report.OK {
		t.Errorf("/readyz = %d %s, want 503", got.status, got.body)
	}
	for name, ok := range map[string]bool{"database": true, "migrations": true, "queue_age": true, "plane": false, "odoo": false} {
		check, found := report.Checks[name]
		if !found || check.OK != ok || (check.Error == "") != ok {
			t.Errorf("/readyz: check %s = %+v, want ok = %t", name, check, ok)
		}
	}
	// What alerts ask for is there before anything has happened.
	metrics := get(t, bridge.MetricsURL+"/metrics")
	for _, line := range []string{
		`bridge_deliveries{status="dead"} 0`, `bridge_deliveries{status="received"} 0`,
		`bridge_webhooks_total{duplicate="false",status="200"} 0`, `bridge_webhooks_total{duplicate="false",status="500"} 0`,
	} {
		if !strings.Contains(string(metrics.body), "\n"+line+"\n") {
			t.Errorf("/metrics = %d, without the line %s", metrics.status, line)
		}
	}
	if got := get(t, bridge.URL+"/metrics"); got.status != http.StatusNotFound {
		t.Errorf("/metrics on the public listener = %d, want 404", got.status)
	}
}
