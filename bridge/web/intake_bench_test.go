package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// keepsNothing takes every delivery at once, so that only reading it takes time.
type keepsNothing struct{}

func (keepsNothing) Accept(context.Context, ledger.Delivery) (bool, error) { return false, nil }

// someBody is a webhook of about two kilobytes, as a deadline's work item has it. No two
// are the same event.
func someBody() string {
	return strings.Replace(strings.Replace(createdBody, `"data": {`, `"data": {"description_html": "`+strings.Repeat("<p>Kailangan ng pirma</p>", 60)+`", `, 1),
		"caf", uuid.NewString(), 1)
}

// BenchmarkReadingAWebhook is the receiver without a database behind it.
func BenchmarkReadingAWebhook(b *testing.B) {
	receiver := newReceiver(keepsNothing{}, nil, knownSecrets(), nil, observe.NewMetrics(nil, nil, nil), quiet)
	takeWebhooks(b, receiver)
}

// BenchmarkKeepingAWebhook is the receiver with its ledger and its queue.
func BenchmarkKeepingAWebhook(b *testing.B) {
	pool := pgtest.Pool(b)
	jobs, err := queue.New(pool, queue.Config{InstanceID: b.Name(), Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	receiver := newReceiver(ledger.NewInbox(pool, jobs), jobs, knownSecrets(), nil, observe.NewMetrics(nil, nil, nil), quiet)
	takeWebhooks(b, receiver)
}

func takeWebhooks(b *testing.B, receiver *Receiver) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		request, answered := webhook(someBody(), testSecret, uuid.NewString()), httptest.NewRecorder()
		b.StartTimer()
		if receiver.ServeHTTP(answered, request); answered.Code != http.StatusOK {
			b.Fatalf("answer %d: %s", answered.Code, answered.Body)
		}
	}
}
