package main

import (
	"context"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/postgres"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// soonAfterReturn is more than any return takes, and less than the back-off that work
// has reached after a long outage.
const soonAfterReturn = 30 * time.Second

// realOutages is set by make test-outages.
var realOutages = flag.Bool("outages", false, "let servers be away for ten real minutes, and a replica for good")

// realOutage is how long a server is away then.
const realOutage = 10 * time.Minute

// longOutage lets a server be away for long. Without the flag the work that waits is
// made to look as after an hour: its next try lies far ahead.
func (s *stage) longOutage() {
	s.t.Helper()
	if *realOutages {
		time.Sleep(realOutage)
		return
	}
	s.exec("UPDATE ops.river_job SET scheduled_at = now() + interval '12 minutes', attempt = 8 WHERE state IN ('retryable', 'scheduled')")
}

// soon waits for what a return brings, and says how long it took.
func (s *stage) soon(what string, holds func() bool) {
	s.t.Helper()
	began := time.Now()
	s.eventually(what, soonAfterReturn, holds)
	s.t.Logf("%s, %s after the return", what, time.Since(began).Round(100*time.Millisecond))
}

func (s *stage) waiting(kind string) int {
	return s.count("SELECT count(*) FROM ops.river_job WHERE state IN ('retryable', 'scheduled') AND kind = $1", kind)
}

func TestWhatWaitsForOdooBeginsWhenItIsBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	if code, _, stderr := s.command("sync"); code != exitDone {
		t.Fatalf("sync: %s", stderr)
	}
	p := s.start("serve")
	s.odoo.Down(true)
	for _, item := range s.plane.Items()[:20] {
		if status, err := p.deliver(uuid.NewString(), workItemBody(item.ID, item.Name, "completed", time.Now().Add(time.Second))); err != nil || status != http.StatusOK {
			t.Fatalf("a webhook while Odoo is away = %d, %v", status, err)
		}
	}
	s.eventually("all of it waits", time.Minute, func() bool { return s.waiting("plane_delivery") == 20 })
	s.longOutage()
	s.odoo.Down(false)
	s.soon("all of it is processed", func() bool { return s.open() == 0 })
	p.mustTellOfOneOutage("odoo")
}

// A sync that cannot read Odoo is given up after half a minute. Its return must not
// leave the deadlines to the next schedule.
func TestASyncFollowsWhenOdooIsBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.settings["SYNC_SCHEDULE"] = "@every 24h"
	s.odoo.GenerateDeadlines(1, 2099)
	s.odoo.Down(true)
	p := s.start("serve")
	s.eventually("the sync fails", time.Minute, func() bool { return s.waiting("sync") == 1 })
	s.eventually("the outage is known", time.Minute, func() bool { return strings.Contains(p.logged(), "a server is away") })
	s.exec("UPDATE ops.river_job SET state = 'discarded', finalized_at = now() WHERE kind = 'sync'")
	s.odoo.Down(false)
	s.soon("all work items are there", func() bool { return len(s.plane.Items()) == 60 })
	p.mustTellOfOneOutage("odoo")
}

func TestWhatWaitsForPlaneBeginsWhenItIsBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.plane.Down(true)
	p := s.start("serve")
	s.eventually("creating waits", time.Minute, func() bool { return s.waiting("mirror_entity") == 60 })
	s.longOutage()
	s.plane.Down(false)
	s.soon("all work items are there", func() bool { return len(s.plane.Items()) == 60 })
	p.mustTellOfOneOutage("plane")
}

// mustTellOfOneOutage holds the log to one line when an outage begins and one when it
// ends, however much work failed meanwhile.
func (p *program) mustTellOfOneOutage(server string) {
	p.t.Helper()
	log := withoutDebug(p.logged())
	for _, line := range []string{"a server is away", "a server is back"} {
		if n := strings.Count(log, line); n != 1 || !strings.Contains(log, `"server":"`+server+`"`) {
			p.t.Errorf("%q stands %d times in the log, want once", line, n)
		}
	}
	if n := strings.Count(log, "work failed"); n > 2 {
		p.t.Errorf("%d lines tell of work that failed because of one outage", n)
	}
}

// A sync does not leave to an old job's back-off what it finds itself.
func TestASyncTakesUpWhatAnOldFailureLeftWaiting(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	if code, _, stderr := s.command("migrate"); code != exitDone {
		t.Fatalf("migrate: %s", stderr)
	}
	s.exec(`INSERT INTO ops.river_job (kind, queue, args, max_attempts, attempt, state, scheduled_at)
		VALUES ('mirror_entity', 'mirror', '{"flow": "bir", "key": "bir.filing.deadline,1/2550M/2099/1"}', 12, 8, 'retryable', now() + interval '12 minutes')`)
	s.start("serve")
	s.eventually("all work items are there", soonAfterReturn, func() bool { return len(s.plane.Items()) == 60 })
}

// The worker that is busy with a record may have read it before it changed, so a sync
// that passed the record over would leave the change to the next one.
func TestASyncWaitsForTheWorkerThatIsBusyWithARecord(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.done("migrate")
	s.done("sync")
	busy, free := s.odoo.Deadlines()[0], s.odoo.Deadlines()[1]
	s.odoo.Extend(busy.ID, "2099-12-27")
	s.odoo.Extend(free.ID, "2099-12-28")
	due := func(d odootest.Deadline) string {
		return s.plane.ItemsByExternalID(mapping.ExternalSource, "bir.filing.deadline,"+d.Key)[0].TargetDate
	}
	worker, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := worker.Exec(t.Context(), "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "mirror:bir.filing.deadline,"+busy.Key); err != nil {
		t.Fatal(err)
	}
	said := make(chan string)
	go func() {
		_, stdout, _ := s.command("sync")
		said <- stdout
	}()
	// The sync works in the order of the due dates, so it has come past the other by then.
	s.eventually("the record that is free is mirrored", soonAfterReturn, func() bool { return due(free) == "2099-12-28" })
	if err := worker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stdout := <-said; !strings.Contains(stdout, "2 changed, 0 cancelled, 58 left as they are, 0 failed") || due(busy) != "2099-12-27" {
		t.Errorf("the work item is due on %s; the sync says: %s", due(busy), stdout)
	}
}

func TestAfterADatabaseOutageEverythingGoesOnAndASweepFollows(t *testing.T) {
	t.Parallel()
	s, ctx := newStage(t), context.Background()
	// Not t.TempDir: its parent is closed to the user that PostgreSQL runs as.
	dir, err := os.MkdirTemp("", "odoo-plane-bridge-return-")
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
	s.odoo.GenerateDeadlines(1, 2099)
	p := s.start("serve")
	t.Cleanup(func() {
		p.kill()
		if err := database.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.eventually("some work items are there", time.Minute, func() bool { return len(s.plane.Items()) > 5 })
	if err := database.Stop(); err != nil {
		t.Fatal(err)
	}
	body := workItemBody(uuid.NewString(), "refused", "unstarted", time.Now())
	s.eventually("webhooks are refused", time.Minute, func() bool {
		status, err := p.deliver(uuid.NewString(), body)
		return err == nil && status == http.StatusInternalServerError && strings.Contains(p.logged(), `"server":"database"`)
	})
	if *realOutages {
		time.Sleep(realOutage)
	}
	if database, err = postgres.Start(ctx, place); err != nil {
		t.Fatal(err)
	}
	s.soon("all work items are there", func() bool { return len(s.plane.Items()) == 60 })
	s.pool = pgtest.Open(t, database.DSN("postgres"))
	s.soon("a sweep followed", func() bool { return s.count("SELECT count(*) FROM ops.sweeps") > 0 })
	if n := len(s.plane.Items()); n != 60 {
		t.Errorf("%d work items", n)
	}
}

// orphansWithin is how soon work is taken over from a replica that stays away: it is
// rescued after a job's timeout and a look of the rescuer.
const orphansWithin = 180 * time.Second

func TestTheWorkOfAReplicaThatStaysAwayIsTakenOver(t *testing.T) {
	t.Parallel()
	if !*realOutages {
		t.Skip("it takes minutes; make test-outages runs it")
	}
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.done("sync")
	s.settings["INSTANCE_ID"] = "first"
	first := s.start("serve")
	release := make(chan struct{})
	s.odoo.Fail(odootest.Fault{Kind: odootest.Delayed, Times: -1, Release: release})
	for _, item := range s.plane.Items()[:4] {
		if status, err := first.deliver(uuid.NewString(), workItemBody(item.ID, item.Name, "completed", time.Now().Add(time.Second))); err != nil || status != http.StatusOK {
			t.Fatalf("a webhook = %d, %v", status, err)
		}
	}
	running := func() int {
		return s.count("SELECT count(*) FROM ops.river_job WHERE state = 'running' AND kind = 'plane_delivery'")
	}
	s.eventually("the first replica is at it", time.Minute, func() bool { return running() == 4 })
	s.settings["INSTANCE_ID"] = "second"
	s.start("serve")
	first.kill()
	s.odoo.ClearFaults()
	close(release)
	began := time.Now()
	s.eventually("the second replica has done it", orphansWithin, func() bool { return s.open() == 0 })
	t.Logf("4 deliveries of a replica that stays away were done %s after it was killed", time.Since(began).Round(time.Second))
}
