package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// promise is what a dry run says that a sync will do.
func (s *stage) promise() outbound.Summary {
	s.t.Helper()
	code, stdout, stderr := s.command("sync", "--dry-run", "--json")
	if code != exitDone {
		s.t.Fatalf("dry run = %d %s", code, stderr)
	}
	var plan outbound.Summary
	s.must(json.Unmarshal([]byte(stdout), &plan))
	return plan
}

// synced is what a sync did, and how many requests it took.
func (s *stage) synced() (syncResult, int) {
	s.t.Helper()
	s.plane.ResetCounters()
	code, stdout, stderr := s.command("sync", "--json")
	if code != exitDone {
		s.t.Fatalf("sync = %d %s%s", code, stdout, stderr)
	}
	var result syncResult
	s.must(json.Unmarshal([]byte(stdout), &result))
	return result, s.plane.RequestTotal()
}

func TestAFirstSyncCostsWhatItsPlanSays(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	plan := s.promise()
	result, requests := s.synced()
	if plan.Create != 60 || result.Created != 60 || requests != plan.Requests {
		t.Errorf("%d to create in %d requests; %d created in %d: %v", plan.Create, plan.Requests, result.Created, requests, s.plane.Requests())
	}
}

// A database that is lost leaves work items that belong to nothing. They are found
// by a list, and those that show what is wanted take no request at all.
func TestAfterALostDatabaseWorkItemsAreAdoptedAsPlanned(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.synced()
	items := s.plane.Items()
	s.must(s.plane.SetTargetDate("maria", items[0].ID, "2099-12-24"))
	s.must(s.plane.AddLabel("maria", items[1].ID, "hers"))
	s.exec("TRUNCATE ops.plane_sync_mappings")
	plan := s.promise()
	if plan.Create != 0 || plan.Adopt != 60 || len(plan.Steps) != 60 {
		t.Errorf("the plan is %d to create and %d to adopt, want none and 60", plan.Create, plan.Adopt)
	}
	result, requests := s.synced()
	if result.Adopted != 60 || result.Created != 0 || requests != plan.Requests || requests != 4 {
		t.Errorf("%d adopted and %d created in %d requests, promised %d, want a list, states, labels and one change: %v",
			result.Adopted, result.Created, requests, plan.Requests, s.plane.Requests())
	}
	if linked := s.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked'"); linked != 60 || len(s.plane.Items()) != 60 {
		t.Errorf("%d links and %d work items, want 60 each", linked, len(s.plane.Items()))
	}
	for _, item := range s.plane.Items() {
		if item.ID == items[0].ID && item.TargetDate != items[0].TargetDate {
			t.Errorf("the date is still %s, Odoo wants %s", item.TargetDate, items[0].TargetDate)
		}
		if item.ID == items[1].ID && !strings.Contains(strings.Join(item.Labels, " "), "hers") {
			t.Errorf("a person's label is gone: %v", item.Labels)
		}
	}
	if again, requests := s.synced(); again.Left != 60 || requests != 0 {
		t.Errorf("a second sync left %d in %d requests, want 60 in none", again.Left, requests)
	}
}

// An older backup knows some of the work items.
func TestAfterAnOlderBackupTheOthersAreAdoptedAsPlanned(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.synced()
	s.exec("DELETE FROM ops.plane_sync_mappings WHERE id % 2 = 0")
	plan := s.promise()
	result, requests := s.synced()
	if result.Adopted != 30 || result.Left != 30 || requests != plan.Requests || requests > 3 {
		t.Errorf("%d adopted and %d left in %d requests, promised %d: %v", result.Adopted, result.Left, requests, plan.Requests, s.plane.Requests())
	}
}

// What nobody announced is learnt from Plane's refusal of the create.
func TestAWorkItemThatAppearsAfterThePlanIsAdopted(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.synced()
	pair := s.text("SELECT entity_key FROM ops.plane_sync_mappings ORDER BY id LIMIT 1")
	s.exec("DELETE FROM ops.plane_sync_mappings WHERE entity_key = $1", pair)
	result, _ := s.synced()
	if result.Adopted != 1 || len(s.plane.Items()) != 60 {
		t.Errorf("%+v and %d work items, want one adopted and 60", result, len(s.plane.Items()))
	}
}

func TestANewDeadlineTakesOneRequestMoreThanStatesAndLabels(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2098)
	s.synced()
	s.odoo.Add("bir.filing.deadline", map[string]any{
		"name": "2550M - 01/2097", "form_type": "2550M", "period_year": int64(2097), "period_month": int64(1), "deadline_date": "2097-02-20",
	})
	plan := s.promise()
	result, requests := s.synced()
	if result.Created != 1 || requests != plan.Requests || requests != 3 {
		t.Errorf("%+v in %d requests, promised %d, want one created in 3: %v", result, requests, plan.Requests, s.plane.Requests())
	}
}

// What Plane refused cannot take effect later, so nothing waits for it or looks for it.
func TestACreateThatWasRefusedIsTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.done("migrate")
	s.plane.Fail(planetest.Fault{Method: http.MethodPost, Path: "work-items/", Times: 6, Status: http.StatusBadRequest, Body: `{"name": ["is refused"]}`})
	if code, stdout, stderr := s.command("sync"); code != exitFailed || !strings.HasPrefix(stdout, "57 created") {
		t.Fatalf("sync = %d %s %s, want 57 created", code, stdout, stderr)
	}
	began := time.Now()
	result, _ := s.synced()
	if result.Created != 3 || time.Since(began) > plane.DefaultTimeout {
		t.Errorf("%+v after %s, want 3 created at once", result, time.Since(began))
	}
	for request, n := range s.plane.Requests() {
		if strings.HasPrefix(request, "GET ") && strings.HasSuffix(request, "/work-items/") {
			t.Errorf("%d times %s: what was refused was looked for", n, request)
		}
	}
}
