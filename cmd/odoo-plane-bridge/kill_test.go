package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// A process that is killed while it works through deliveries leaves nothing
// undone and does nothing twice: its successor takes up where it was.
func TestWorkGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const events = 500
	// Whatever the speed of the machine, the last work item waits for its lock.
	last := uuid.NewString()
	release := s.hold("work item:" + last)
	first := s.start("serve")
	for i := range events {
		item := uuid.NewString()
		if i == events-1 {
			item = last
		}
		status, err := first.deliver(uuid.NewString(), workItemBody(item, fmt.Sprintf("item %d", i), "unstarted", time.Now()))
		if err != nil || status != http.StatusOK {
			t.Fatalf("delivery %d: answer %d, %v", i, status, err)
		}
		if i == events/2 {
			s.eventually("the first deliveries are processed", 30*time.Second, func() bool { return s.open() < i })
		}
	}
	first.kill()
	release()
	left := s.open()
	if left == 0 {
		t.Fatal("everything was processed before the kill, so this run proves nothing")
	}
	t.Logf("killed with %d of %d deliveries unprocessed", left, events)

	s.start("serve")
	s.eventually("every delivery is processed", 60*time.Second, func() bool { return s.open() == 0 })
	if got := s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'processed'"); got != events {
		t.Errorf("%d deliveries processed, want %d", got, events)
	}
	if got := s.count("SELECT count(*) FROM ops.work_items"); got != events {
		t.Errorf("%d work items, want %d", got, events)
	}
	if got := s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE attempts <> 1"); got != 0 {
		t.Errorf("%d deliveries took effect other than once", got)
	}
}

// hold takes the lock of an entity as a replica at work would, until released.
func (s *stage) hold(entity string) (release func()) {
	s.t.Helper()
	tx, err := s.pool.Begin(context.Background())
	s.must(err)
	_, err = tx.Exec(context.Background(), "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", entity)
	s.must(err)
	return func() { s.must(tx.Rollback(context.Background())) }
}

// A create is under way when the process is told to stop. It ends by itself, with
// the link of what it made, and does not leave a work item that nobody knows.
func TestSIGTERMLetsACreateInHandFinish(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.Add("bir.filing.deadline", map[string]any{
		"name": "2550M - 01/2099", "form_type": "2550M", "period_year": int64(2099), "period_month": int64(1), "deadline_date": "2099-02-20",
	})
	gone := make(chan struct{})
	leave := sync.OnceFunc(func() { close(gone) })
	create := s.plane.Fail(planetest.Fault{Kind: planetest.FaultWait, Match: func(r *http.Request) bool {
		isCreate := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/work-items/")
		if isCreate {
			context.AfterFunc(r.Context(), leave)
		}
		return isCreate
	}})
	p := s.start("serve")
	<-create.Reached()
	s.must(p.command.Process.Signal(syscall.SIGTERM))
	s.eventually("the program takes no more webhooks", 20*time.Second, func() bool {
		response, err := http.Get(p.url + "/healthz")
		if err == nil {
			response.Body.Close()
		}
		return err != nil
	})
	select {
	case <-gone:
		t.Fatal("the create was given up because of the stop")
	default:
	}
	create.Release()
	if err := p.command.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	if linked := s.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked' AND last_error IS NULL"); linked != 1 || len(s.plane.Items()) != 1 {
		t.Errorf("%d links and %d work items, want 1 each", linked, len(s.plane.Items()))
	}
}
