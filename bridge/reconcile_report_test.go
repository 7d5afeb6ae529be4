package bridge

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// The change of a webhook that was too large is missed, and yet Plane has not stopped
// telling.
func TestAWebhookThatWasTooLargeIsASignOfLife(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	missed := time.Now().Add(-time.Minute)
	silent := func() bool {
		s := &sweep{Reconciler: &Reconciler{pool: h.pool}, oldest: missed, report: SweepReport{ProjectID: homeProject}}
		if err := s.judgeWebhook(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.report.WebhookSilent
	}
	if !silent() {
		t.Fatal("without any webhook Plane does not count as silent")
	}
	answered(t, h, strings.Repeat(" ", maxBody)+createdBody)
	if silent() {
		t.Error("Plane counts as silent although a webhook came and was refused for its size")
	}
	missed = time.Now().Add(time.Minute)
	if !silent() {
		t.Error("Plane does not count as silent although nothing came since the change")
	}
}

func answered(t *testing.T, h house, body string) {
	t.Helper()
	answer := httptest.NewRecorder()
	h.receiver.ServeHTTP(answer, webhook(body, testSecret, uuid.NewString()))
	if answer.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("the webhook was answered %d, want 413", answer.Code)
	}
}
