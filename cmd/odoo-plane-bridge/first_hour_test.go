package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// warned are the lines of the log that an operator would look at.
func (p *program) warned() []string {
	var lines []string
	for line := range strings.Lines(p.logged()) {
		if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

// sweeps waits until n more sweeps have reported.
func (s *stage) sweeps(n int) {
	s.t.Helper()
	before := s.count("SELECT count(*) FROM ops.sweeps")
	s.eventually("sweeps have reported", time.Minute, func() bool { return s.count("SELECT count(*) FROM ops.sweeps") >= before+n })
}

// A new installation mirrors, people work, sweeps run: nothing is wrong, and nothing
// says that something is.
func TestTheFirstHourOfANewInstallationWarnsOfNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, time.Now().Year()+1)
	s.settings["RECONCILE_SCHEDULE"], s.settings["SYNC_SCHEDULE"] = "@every 2s", "@every 2s"
	p := s.start("serve")
	s.eventually("all work items are there", time.Minute, func() bool { return len(s.plane.Items()) == 60 })
	s.sweeps(2)
	// Only now is the webhook set up, as the first installation's page has it.
	s.plane.AddWebhook(p.url+"/api/webhooks/plane", stageSecret, planetest.V1)
	items := s.plane.Items()
	for _, err := range []error{
		s.plane.MoveItem("maria", items[0].ID, "started"), s.plane.Assign("maria", items[1].ID, "maria"),
		s.plane.AddLabel("maria", items[2].ID, "hers"), s.plane.MoveItem("maria", items[3].ID, "completed"),
		s.plane.Archive("maria", items[4].ID), s.plane.Unarchive("maria", items[4].ID),
		s.plane.RenameState("In Progress", "Under way"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.eventually("Odoo is told", time.Minute, func() bool { return len(s.odoo.Records("mail.activity")) == 1 && s.open() == 0 })
	s.sweeps(3)
	if warned := p.warned(); len(warned) > 0 {
		t.Errorf("the log warns although nothing is wrong:\n%s", strings.Join(warned, ""))
	}
	if status, errs := p.ready(); status != http.StatusOK {
		t.Errorf("readyz = %d %v", status, errs)
	}
}

func TestASyncIntoAProjectThatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.settings["PLANE_BIR_PROJECT_ID"] = "11111111-2222-4333-8444-555555555555"
	for _, args := range [][]string{{"sync"}, {"sync", "--dry-run"}} {
		code, stdout, stderr := s.command(args...)
		if code != exitFailed || !strings.Contains(stderr, "a project that the workspace does not have") || strings.Contains(stderr, "server is away") {
			t.Errorf("%v = %d\n%s%s", args, code, stdout, stderr)
		}
	}
}
