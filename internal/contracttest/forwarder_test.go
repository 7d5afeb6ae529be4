package contracttest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

const forwarderTest = "docs/edge-function/plane-webhook-forwarder/forward.test.mjs"

func TestTheForwarderPassesOnWhatPlaneSigned(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if errors.Is(err, exec.ErrNotFound) {
		without(t, "Node is not installed; the forwarder is checked where it is")
	}
	dsn := pgtest.DSN(t)
	bridge := serve(t, map[string]string{"DATABASE_URL": dsn, "PLANE_WEBHOOK_SECRET": webhookSecret})
	test := exec.Command(node, "--test", filepath.Join(root, forwarderTest))
	test.Env = append(os.Environ(), "BRIDGE_WEBHOOK_URL="+bridge.URL+"/api/webhooks/plane", "PLANE_WEBHOOK_SECRET="+webhookSecret)
	if out, err := test.CombinedOutput(); err != nil || !strings.Contains(string(out), "# fail 0") {
		t.Fatalf("the forwarder's test: %v\n%s", err, out)
	}
	var kept int
	pool := pgtest.Open(t, dsn)
	if err := pool.QueryRow(context.Background(), "SELECT count(*) FROM ops.plane_webhook_deliveries").Scan(&kept); err != nil {
		t.Fatal(err)
	}
	// Escaped text, raw text, a repeated delivery, one after failures, one checked on the way.
	if kept != 5 {
		t.Errorf("%d deliveries in the ledger, want 5", kept)
	}
}
