package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/postgres"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

func TestServeStartsWithoutItsDatabaseAndGoesOnWhenItIsThere(t *testing.T) {
	t.Parallel()
	s, ctx := newStage(t), context.Background()
	// Not t.TempDir: its parent is closed to the user that PostgreSQL runs as.
	dir, err := os.MkdirTemp("", "odoo-plane-bridge-away-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	place := postgres.Options{Dir: dir}
	database, err := postgres.Start(ctx, place)
	if err != nil {
		t.Fatal(err)
	}
	s.settings["DATABASE_URL"], place.Port = database.DSN("postgres"), database.Port()
	if err := database.Stop(); err != nil {
		t.Fatal(err)
	}

	p := s.start("serve")
	if status, errs := p.ready(); status != http.StatusServiceUnavailable || errs["database"] == "" {
		t.Errorf("readyz without a database = %d %v, want 503 and a word about the database", status, errs)
	}
	body := workItemBody(uuid.NewString(), "early", "unstarted", time.Now())
	if status, err := p.deliver(uuid.NewString(), body); err != nil || status != http.StatusInternalServerError {
		t.Errorf("a webhook without a database = %d, %v; want 500, so that nobody takes it for kept", status, err)
	}

	if database, err = postgres.Start(ctx, place); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if err := database.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.eventually("the webhook is taken", 60*time.Second, func() bool {
		status, err := p.deliver(uuid.NewString(), body)
		return err == nil && status == http.StatusOK
	})
	s.eventually("the program is ready", 30*time.Second, func() bool {
		status, _ := p.ready()
		return status == http.StatusOK
	})
	if strings.Contains(p.logged(), "panic") {
		t.Errorf("the program panicked:\n%s", p.logged())
	}
}

func TestADeliveryWaitsForOdooAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	if code, _, stderr := s.command("migrate"); code != exitDone {
		t.Fatalf("migrate: %s", stderr)
	}
	if code, _, stderr := s.command("sync"); code != exitDone {
		t.Fatalf("sync: %s", stderr)
	}
	id := s.plane.Items()[0].ID
	if err := s.plane.MoveItem("maria", id, "completed"); err != nil {
		t.Fatal(err)
	}
	item, _ := s.plane.Item(id)
	s.odoo.Down(true)
	p := s.start("serve")
	s.eventually("readyz names Odoo", 20*time.Second, func() bool {
		status, errs := p.ready()
		return status == http.StatusServiceUnavailable && errs["odoo"] != "" && errs["plane"] == ""
	})

	if status, err := p.deliver(uuid.NewString(), workItemBody(id, item.Name, "completed", item.UpdatedAt)); err != nil || status != http.StatusOK {
		t.Fatalf("a webhook while Odoo is away = %d, %v; want 200", status, err)
	}
	s.eventually("the delivery has failed for Odoo's sake", 60*time.Second, func() bool {
		return s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'failed' AND cause = 'odoo'") == 1
	})
	s.odoo.Down(false)
	s.eventually("the delivery is processed", 60*time.Second, func() bool { return s.open() == 0 })
	if got := len(s.odoo.Records("mail.activity")); got != 1 {
		t.Errorf("%d reminders in Odoo, want 1", got)
	}
}

func TestASyncWithoutPlaneSaysSoAndLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.plane.Down(true)
	code, _, stderr := s.command("sync")
	if code != exitFailed || !strings.Contains(stderr, "plane") {
		t.Errorf("sync without Plane = %d %q, want 1 and a word about Plane", code, stderr)
	}
	s.plane.Down(false)
	if code, stdout, stderr := s.command("sync"); code != exitDone || !strings.HasPrefix(stdout, "60 created") {
		t.Errorf("sync afterwards = %d %q %q, want 60 created", code, stdout, stderr)
	}
	if got := len(s.plane.Items()); got != 60 {
		t.Errorf("%d work items in Plane, want 60", got)
	}
}

// What Plane refuses of one deadline is no reason to leave the others.
func TestASyncGoesOnAfterWorkItemsThatPlaneRefuses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.done("migrate")
	// Each is tried twice, with states and labels read anew in between.
	s.plane.Fail(planetest.Fault{Method: http.MethodPost, Path: "work-items/", Times: 6, Status: http.StatusBadRequest, Body: `{"name": ["is refused"]}`})
	code, stdout, stderr := s.command("sync")
	if code != exitFailed || !strings.HasPrefix(stdout, "57 created, 0 changed, 0 cancelled, 0 left as they are, 3 failed") {
		t.Errorf("sync = %d %q %q, want 57 created and 3 failed", code, stdout, stderr)
	}
}
