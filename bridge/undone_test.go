package bridge

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

// PostgreSQL's text holds no NUL, so a title with one undoes the transaction that
// would have marked the delivery.
func TestADeliveryWhoseTransactionIsUndoneIsMarkedAllTheSame(t *testing.T) {
	t.Parallel()
	h, id := newHouse(t, knownSecrets()), uuid.New()
	body := strings.Replace(createdBody, `caf\u00e9`, `nul\u0000`, 1)
	if status, answered := ask(t, h.receiver, webhook(body, testSecret, id.String())); status != 200 {
		t.Fatalf("answer = %d %s", status, answered)
	}
	work := &deliveries{pool: h.pool, logger: quiet}
	for _, row := range []struct {
		last bool
		want Status
	}{{false, StatusFailed}, {true, StatusDead}} {
		if v := work.process(t.Context(), id, row.last); v.kind != verdictRetry {
			t.Errorf("verdict = %s, want a failure", v.kind)
		}
		d, err := ledger{h.pool}.byID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if d.Status != row.want || d.Cause == nil || *d.Cause != CauseOurs || d.LastError == nil {
			t.Errorf("last try %t: the ledger says %s, %v, %v; want %s with a cause and an error", row.last, d.Status, d.Cause, d.LastError, row.want)
		}
	}
}
