package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// The port is open before the tables are there. What comes in between waits a moment
// and is kept.
func TestAWebhookThatComesDuringTheFirstMigrationIsKept(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.settings["DATABASE_URL"] = pgtest.EmptyDSN(t)
	p := s.start("serve")
	if status, err := p.deliver(uuid.NewString(), workItemBody(uuid.NewString(), "early", "unstarted", time.Now())); err != nil || status != http.StatusOK {
		t.Errorf("a webhook right after the start = %d, %v; want 200", status, err)
	}
}
