//go:build odoo19

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
)

// newRealStage is a stage whose Odoo is a real one, with a year of deadlines,
// spoken to by a user of least privilege.
func newRealStage(t *testing.T) (*stage, *odoo19.Instance) {
	t.Helper()
	s, real := newStage(t), odoo19.Start(t)
	real.GenerateDeadlines(t)
	user := real.LeastPrivilege(t)
	s.settings["ODOO_URL"], s.settings["ODOO_DB"] = real.URL, real.DB
	s.settings["ODOO_LOGIN"], s.settings["ODOO_PASSWORD"] = user.Login, user.APIKey
	s.settings["BIR_ODOO_MODULE"] = "bridge_test_bir"
	return s, real
}

func TestOdoo19DeadlinesAreMirroredAndASecondSyncIsIdle(t *testing.T) {
	t.Parallel()
	s, _ := newRealStage(t)
	s.done("migrate")
	if out := s.done("sync"); !strings.HasPrefix(out, "60 created") {
		t.Errorf("first sync: %s", out)
	}
	s.plane.ResetCounters()
	if out := s.done("sync"); !strings.HasPrefix(out, "0 created, 0 changed, 0 cancelled, 60 left") || s.plane.RequestTotal() != 0 {
		t.Errorf("second sync: %s with %d requests to Plane", out, s.plane.RequestTotal())
	}
	if out := s.done("check"); !strings.Contains(out, "60 in Odoo") {
		t.Errorf("check:\n%s", out)
	}
}

func TestOdoo19IsRemindedOnceOfACompletedWorkItem(t *testing.T) {
	t.Parallel()
	s, real := newRealStage(t)
	s.done("migrate")
	s.done("sync")
	item := s.plane.Items()[0]
	p := s.start("serve")
	for i, group := range []string{"started", "completed", "started", "completed"} {
		// Where the bridge looks, Plane has to show what the webhook tells.
		s.must(s.plane.MoveItem("maria", item.ID, group))
		shown, _ := s.plane.Item(item.ID)
		body := workItemBody(item.ID, item.Name, group, shown.UpdatedAt)
		if status, err := p.deliver(uuid.NewString(), body); err != nil || status != http.StatusOK {
			t.Fatalf("delivery %d = %d, %v", i, status, err)
		}
		s.eventually("it is processed", 60*time.Second, func() bool { return s.open() == 0 })
	}
	found := real.Call(t, "mail.activity", "search_read", []any{[]any{}}, map[string]any{"fields": []string{"summary", "res_model", "user_id"}})
	activities, _ := found.([]any)
	if len(activities) != 1 || !strings.Contains(fmt.Sprint(activities), "Completed in Plane") {
		t.Errorf("activities in Odoo: %v, want one reminder\n%s", found, p.logged())
	}
	if dead := s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status NOT IN ('processed', 'ignored')"); dead != 0 {
		t.Errorf("%d deliveries were not processed\n%s", dead, p.logged())
	}
}

func TestOdoo19FiledAndExtendedDeadlinesReachPlane(t *testing.T) {
	t.Parallel()
	s, real := newRealStage(t)
	s.done("migrate")
	s.done("sync")
	ids, _ := real.Call(t, "bir.filing.deadline", "search", []any{[]any{}}, map[string]any{"limit": 2, "order": "id"}).([]any)
	filed := real.Call(t, "bir.tax.return", "create", []any{map[string]any{"name": "return", "form_type": "2550M"}}, nil)
	real.Call(t, "bir.filing.deadline", "write", []any{[]any{ids[0]}, map[string]any{"return_id": filed}}, nil)
	real.Call(t, "bir.tax.return", "write", []any{[]any{filed}, map[string]any{"state": "filed"}}, nil)
	real.Call(t, "bir.filing.deadline", "write", []any{[]any{ids[1]}, map[string]any{"deadline_date": "2099-12-28"}}, nil)
	if out := s.done("sync"); !strings.HasPrefix(out, "0 created, 2 changed, 0 cancelled, 58 left") {
		t.Errorf("sync: %s", out)
	}
	completed, extended := 0, 0
	for _, item := range s.plane.Items() {
		if item.StateGroup == "completed" {
			completed++
		}
		if item.TargetDate == "2099-12-28" {
			extended++
		}
	}
	if completed != 1 || extended != 1 {
		t.Errorf("%d completed and %d extended in Plane, want 1 and 1", completed, extended)
	}
}
