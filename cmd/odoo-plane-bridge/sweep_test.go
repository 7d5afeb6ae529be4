package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// mirrored is a stage on which a year of deadlines is mirrored and known, and the
// program serves.
func mirrored(t *testing.T) (*stage, *program) {
	t.Helper()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.done("migrate")
	s.done("sync")
	p := s.start("serve")
	// Without a webhook nothing was told yet; the first sweep catches up.
	s.sweep()
	s.settle()
	if again := s.sweep(); again.Found() != 0 {
		t.Fatalf("a sweep after catching up found %+v", again)
	}
	return s, p
}

func (s *stage) done(args ...string) string {
	s.t.Helper()
	code, stdout, stderr := s.command(args...)
	if code != exitDone {
		s.t.Fatalf("%s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout
}

func (s *stage) sweep() sweep.Report {
	s.t.Helper()
	var report sweep.Report
	if err := json.Unmarshal([]byte(s.done("reconcile", "--json")), &report); err != nil {
		s.t.Fatal(err)
	}
	return report
}

// settle waits until every delivery and every job is done.
func (s *stage) settle() {
	s.t.Helper()
	s.eventually("every job is done", 60*time.Second, func() bool {
		return s.open() == 0 && s.count("SELECT count(*) FROM ops.river_job WHERE finalized_at IS NULL") == 0
	})
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestTheSweepFindsWhatNoWebhookReported(t *testing.T) {
	t.Parallel()
	s, p := mirrored(t)
	items := s.plane.Items()
	renamedByOdoo, deleted, archived, edited, moved := items[0], items[1], items[2], items[3], items[4]

	missed, err := s.plane.CreateItem("maria", planetest.NewItem{Name: "call the auditor"})
	s.must(err)
	s.must(s.plane.Delete("maria", deleted.ID))
	s.must(s.plane.Archive("maria", archived.ID))
	s.must(s.plane.SetTargetDate("maria", edited.ID, "2099-01-01"))
	s.must(s.plane.MoveItem("maria", moved.ID, "completed"))
	_, err = s.plane.CreateItem("maria", planetest.NewItem{
		Name: "a duplicate", ExternalSource: "odoo", ExternalID: renamedByOdoo.ExternalID,
	})
	s.must(err)

	report := s.sweep()
	got := [5]int{report.Missed, report.Deleted, report.Archived, report.Drifted, report.Doubled}
	// Missed: the new one, the duplicate, and the one that was moved; the edited one
	// is counted as an edit, for nothing else about it changed.
	if want := [5]int{3, 1, 1, 1, 1}; got != want {
		t.Errorf("missed, deleted, archived, drifted, doubled = %v, want %v", got, want)
	}
	if !report.WebhookSilent {
		t.Error("the sweep does not say that the webhook is silent")
	}
	if report.Requests != 1 {
		t.Errorf("listing took %d requests, want 1 for less than a hundred work items", report.Requests)
	}
	s.settle()
	s.done("mappings", "repair")
	s.done("sync")
	s.sweep()
	s.settle()

	if again := s.sweep(); again.Found() != 0 {
		t.Errorf("the next sweep found %+v, want nothing", again)
	}
	if item, _ := s.plane.Item(edited.ID); item.TargetDate != edited.TargetDate {
		t.Errorf("the edited date is %s, want it reverted to %s", item.TargetDate, edited.TargetDate)
	}
	if live := live(s.plane.ItemsByExternalID("odoo", deleted.ExternalID)); live != 1 {
		t.Errorf("%d work items stand for the deleted one's record, want 1", live)
	}
	if live := live(s.plane.ItemsByExternalID("odoo", renamedByOdoo.ExternalID)); live != 1 {
		t.Errorf("%d work items carry the doubled pair, want 1", live)
	}
	if n := len(s.odoo.Records("mail.activity")); n != 1 {
		t.Errorf("%d reminders in Odoo, want 1 for the completed work item", n)
	}
	for id, want := range map[string]string{deleted.ID: "deleted", archived.ID: "archived", missed: "Backlog"} {
		if n := s.count("SELECT count(*) FROM ops.work_items WHERE external_id = $1 AND status = $2", id, want); n != 1 {
			t.Errorf("work item %s is not known as %s\n%s", id, want, p.logged())
		}
	}
}

func live(items []planetest.Item) int {
	n := 0
	for _, item := range items {
		if !item.Deleted && !item.Archived {
			n++
		}
	}
	return n
}

func TestVanishedDeadlinesCancelTheirWorkItemsAndTheBrakeHolds(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.done("migrate")
	s.done("sync")
	deadlines := s.odoo.Deadlines()

	s.odoo.DeleteDeadline(deadlines[0].ID)
	if out := s.done("sync"); !strings.HasPrefix(out, "0 created, 0 changed, 1 cancelled") {
		t.Errorf("sync after one delete: %s", out)
	}
	item := s.plane.ItemsByExternalID("odoo", "bir.filing.deadline,"+deadlines[0].Key)[0]
	if item.StateGroup != "cancelled" || len(item.Comments) != 1 || item.Deleted {
		t.Errorf("the work item is %s with %d comments, deleted %t; want cancelled with one, and there", item.StateGroup, len(item.Comments), item.Deleted)
	}

	s.odoo.GenerateDeadlines(1, 2099)
	if out := s.done("sync"); !strings.HasPrefix(out, "0 created, 1 changed, 0 cancelled") {
		t.Errorf("sync after it was generated again: %s", out)
	}
	if item, _ = s.plane.Item(item.ID); item.StateGroup != "unstarted" {
		t.Errorf("the work item of a deadline that is back is %s, want unstarted", item.StateGroup)
	}

	for _, deadline := range s.odoo.Deadlines()[:30] {
		s.odoo.DeleteDeadline(deadline.ID)
	}
	code, stdout, stderr := s.command("sync")
	if code != exitFailed || !strings.Contains(stdout, "held by the brake: 30 of 60") {
		t.Errorf("sync with half of the deadlines gone = %d\n%s%s", code, stdout, stderr)
	}
	for _, item := range s.plane.Items() {
		if item.StateGroup == "cancelled" {
			t.Fatalf("%s was cancelled in spite of the brake", item.Name)
		}
	}
}

func TestADeadLetterIsShownPreviewedAndReplayed(t *testing.T) {
	t.Parallel()
	s, _ := mirrored(t)
	item := s.plane.Items()[0]
	s.must(s.plane.RenameItem("maria", item.ID, "edited by Maria"))
	s.sweep()
	s.settle()
	id := s.text("SELECT delivery_id FROM ops.plane_webhook_deliveries WHERE entity_id = $1 ORDER BY received_at DESC LIMIT 1", item.ID)
	s.exec("UPDATE ops.plane_webhook_deliveries SET status = 'dead', cause = 'data', last_error = 'for the test', processed_at = NULL WHERE delivery_id = $1", id)

	if out := s.done("deliveries", "list", "--status", "dead"); !strings.Contains(out, id) || !strings.HasSuffix(out, "1 deliveries\n") {
		t.Errorf("list:\n%s", out)
	}
	if out := s.done("deliveries", "show", id); !strings.Contains(out, "edited by Maria") || !strings.Contains(out, "for the test") {
		t.Errorf("show:\n%s", out)
	}
	if out := s.done("deliveries", "replay", "--status", "dead", "--dry-run"); !strings.Contains(out, "nothing was changed") {
		t.Errorf("dry run:\n%s", out)
	}
	if n := s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'dead'"); n != 1 {
		t.Errorf("after a dry run %d deliveries are dead, want 1", n)
	}
	if out := s.done("deliveries", "replay", id); !strings.Contains(out, "1 deliveries opened again") {
		t.Errorf("replay:\n%s", out)
	}
	s.settle()
	if n := s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE delivery_id = $1 AND status = 'processed'", id); n != 1 {
		t.Error("the replayed delivery was not processed")
	}
}

func TestTheOldMappingTableIsTakenOver(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.done("migrate")
	id, err := s.plane.CreateItem("maria", planetest.NewItem{Name: "made by the old module"})
	s.must(err)
	s.exec(`CREATE SCHEMA plane`)
	s.exec(`CREATE TABLE plane.sync_mappings (source_system text, source_id text, source_type text, target_id uuid, target_type text, last_synced_at timestamptz)`)
	s.exec(`INSERT INTO plane.sync_mappings VALUES ('odoo', '1', 'bir.filing.deadline', $1, 'issue', now()),
		('odoo', '999999', 'bir.filing.deadline', gen_random_uuid(), 'issue', now()), ('odoo', '1', 'sale.order', gen_random_uuid(), 'issue', now())`, id)

	if out := s.done("mappings", "import", "--dry-run"); !strings.HasSuffix(out, "1 of 3 rows would be taken over\n") {
		t.Errorf("dry run:\n%s", out)
	}
	if out := s.done("mappings", "import"); !strings.HasSuffix(out, "1 of 3 rows taken over\n") {
		t.Errorf("import:\n%s", out)
	}
	if out := s.done("sync"); !strings.HasPrefix(out, "59 created, 1 changed") {
		t.Errorf("sync: %s", out)
	}
	if n := len(s.plane.Items()); n != 60 {
		t.Errorf("%d work items in Plane, want 60: the old one and 59 new", n)
	}
}

func TestAnEditIsSeenAlthoughTheBridgeWroteAnotherFieldSince(t *testing.T) {
	t.Parallel()
	s, _ := mirrored(t)
	deadline := s.odoo.Deadlines()[0]
	item := s.plane.ItemsByExternalID("odoo", "bir.filing.deadline,"+deadline.Key)[0]
	s.must(s.plane.RenameItem("maria", item.ID, "another name"))
	s.odoo.Extend(deadline.ID, "2099-12-28")
	s.done("sync")
	s.sweep()
	s.settle()
	if now, _ := s.plane.Item(item.ID); now.Name != item.Name || now.TargetDate != "2099-12-28" {
		t.Errorf("the work item is %q, due %s; want its name reverted and the new date", now.Name, now.TargetDate)
	}
}
