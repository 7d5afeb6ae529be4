package web

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Whoever forwards a webhook may sign in with the bridge's proxy. The ledger is read
// by more people than may know that.
func TestTheLedgerKeepsNoCredentialOfWhoForwardsAWebhook(t *testing.T) {
	t.Parallel()
	h, id := newHouse(t, knownSecrets()), uuid.New()
	request := webhook(createdBody, testSecret, id.String())
	request.Header.Set("Authorization", "Bearer of-the-forwarder")
	request.Header.Set("Cookie", "session=of-the-forwarder")
	request.Header.Set("User-Agent", "Plane")
	if status, body := ask(t, h.receiver, request); status != 200 {
		t.Fatalf("answer = %d %s", status, body)
	}
	d, err := ledger.DeliveriesIn(h.pool).ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"User-Agent", plane.HeaderDelivery, plane.HeaderEvent, plane.HeaderSignature}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(d.Headers))); diff != "" {
		t.Errorf("the headers in the ledger (-want +got):\n%s", diff)
	}
}
