package main

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// everyInterruption is set by make test-interrupted. Without it a few deadlines are
// mirrored by a Plane that is less slow.
var everyInterruption = flag.Bool("interrupted", false, "interrupt twenty first syncs of sixty deadlines")

// interruption is one way in which a first sync is cut short.
type interruption struct {
	command string
	signal  syscall.Signal
	// at is the create during which it happens, counted from 1.
	at int
}

func (i interruption) String() string {
	return fmt.Sprintf("%s %s at create %d", i.command, i.signal, i.at)
}

func interruptions() (all []interruption, deadlines int, slow, timeout time.Duration) {
	if !*everyInterruption {
		return []interruption{
			{"sync", syscall.SIGKILL, 2}, {"sync", syscall.SIGINT, 2}, {"serve", syscall.SIGKILL, 3}, {"serve", syscall.SIGTERM, 3},
		}, 6, 3 * time.Second, 6 * time.Second
	}
	signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM}
	for i := range 20 {
		all = append(all, interruption{[]string{"serve", "sync"}[i%2], signals[i/2%3], 1 + 29*i%60})
	}
	return all, 60, 1500 * time.Millisecond, 30 * time.Second
}

// Plane goes on with a create whose client has gone. A process that is told to stop
// hears the answer first; one that is killed leaves an intention, and whoever comes
// next waits until the create has surely ended before it creates again.
func TestAnInterruptedFirstSyncMakesEachWorkItemOnce(t *testing.T) {
	t.Parallel()
	all, deadlines, slow, timeout := interruptions()
	for _, cut := range all {
		t.Run(cut.String(), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.settings[programPlaneTimeout] = timeout.String()
			s.deadlines(deadlines)
			s.done("migrate")
			s.plane.SlowCreates(slow)
			s.interrupt(cut)
			if !*everyInterruption {
				s.plane.SlowCreates(0) // What was sent takes its time all the same.
			}
			if cut.signal != syscall.SIGKILL {
				items, linked := len(s.plane.Items()), s.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked'")
				intended := s.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'intended'")
				if items != linked || intended != 0 || items < cut.at {
					t.Errorf("the stop left %d work items, %d links and %d intentions; what was under way was not finished", items, linked, intended)
				}
			}
			s.finish(cut, deadlines)
			s.endPlane()
			pairs := map[string]bool{}
			for _, item := range s.plane.Items() {
				pairs[item.ExternalID] = true
			}
			if items := len(s.plane.Items()); items != deadlines || len(pairs) != deadlines {
				t.Errorf("%d work items of %d records, want %d", items, len(pairs), deadlines)
			}
		})
	}
}

// deadlines fills Odoo.
func (s *stage) deadlines(n int) {
	if n == 60 {
		s.odoo.GenerateDeadlines(1, 2099)
		return
	}
	for month := range n {
		s.odoo.Add("bir.filing.deadline", map[string]any{
			"name": "2550M", "form_type": "2550M", "period_year": int64(2099), "period_month": int64(month + 1), "deadline_date": "2099-12-20",
		})
	}
}

// interrupt runs a command and cuts it short while a create is under way.
func (s *stage) interrupt(cut interruption) {
	s.t.Helper()
	creating := make(chan struct{}, 1000)
	s.plane.OnRequest(func(r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/work-items/") {
			creating <- struct{}{}
		}
	})
	s.settings["INSTANCE_ID"] = "first"
	p := s.launch(cut.command)
	for i := range cut.at {
		select {
		case <-creating:
		case <-time.After(5 * time.Minute):
			s.t.Fatalf("create %d was not sent; the log:\n%s", i+1, withoutDebug(p.logged()))
		}
	}
	if err := p.command.Process.Signal(cut.signal); err != nil {
		s.t.Fatal(err)
	}
	code := p.wait()
	if cut.command == "sync" && cut.signal != syscall.SIGKILL && (code != exitFailed || !strings.Contains(p.logged(), "told to stop")) {
		s.t.Errorf("a sync that was told to stop ended with %d, want 1, and its log:\n%s", code, withoutDebug(p.logged()))
	}
}

// finish does what is left: one sync after a stop, two at most after a kill.
func (s *stage) finish(cut interruption, deadlines int) {
	s.t.Helper()
	if cut.signal == syscall.SIGKILL && cut.command == "serve" {
		s.settings["INSTANCE_ID"] = "second"
		p := s.start("serve")
		defer p.kill()
		s.eventually("every deadline is mirrored", 5*time.Minute, func() bool {
			return s.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked'") == deadlines
		})
		return
	}
	began := time.Now()
	p := s.launch("sync")
	p.wait()
	s.t.Logf("the sync after %s took %s", cut, time.Since(began).Round(time.Second))
	if cut.signal == syscall.SIGKILL && s.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked'") < deadlines {
		s.launch("sync").wait()
	}
	if cut.signal != syscall.SIGKILL && strings.Contains(p.logged(), "waiting for a create") {
		s.t.Errorf("after a stop the next sync has nothing to wait for; its log:\n%s", withoutDebug(p.logged()))
	}
}
