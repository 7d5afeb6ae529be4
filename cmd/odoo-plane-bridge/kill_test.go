package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
)

// A process that is killed while it works through deliveries leaves nothing
// undone and does nothing twice: its successor takes up where it was.
func TestWorkGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const events = 500
	first := s.start("serve")
	for i := range events {
		status, err := first.deliver(uuid.NewString(), workItemBody(uuid.NewString(), fmt.Sprintf("item %d", i), "unstarted", time.Now()))
		if err != nil || status != http.StatusOK {
			t.Fatalf("delivery %d: answer %d, %v", i, status, err)
		}
		if i == events/2 {
			s.eventually("the first deliveries are processed", 30*time.Second, func() bool { return s.open() < i })
		}
	}
	first.kill()
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
