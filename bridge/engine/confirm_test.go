package engine_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// whileMirrored runs a test in a world in which the one deadline is mirrored.
func whileMirrored(t *testing.T, do func(w *world, p *process)) {
	t.Helper()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.settle(p)
		do(w, p)
	})
}

// link is the deadline's link.
func (w *world) link() mapping.Link {
	w.t.Helper()
	link, err := mapping.NewStore(w.queue).ByKey(context.Background(), w.scope(), deadlinePair)
	w.must(err)
	return link
}

func (w *world) scope() mapping.Scope {
	return mapping.Scope{Flow: bir.Name, Workspace: w.plane.WorkspaceSlug(), ProjectID: w.plane.ProjectID()}
}

// deadlineItem is the deadline's work item as Plane has it.
func (w *world) deadlineItem() planetest.Item {
	w.t.Helper()
	item, found := w.plane.Item(w.item())
	if !found {
		w.t.Fatal("the deadline has no work item")
	}
	return item
}

// call makes a request to Plane's API as somebody with the bridge's key.
func (w *world) call(method, path, body string) string {
	w.t.Helper()
	address := "/api/v1/workspaces/" + w.plane.WorkspaceSlug() + "/projects/" + w.plane.ProjectID() + "/" + path
	request := httptest.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	request.Header.Set("X-API-Key", w.plane.BotKey())
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	w.plane.ServeHTTP(answer, request)
	if answer.Code >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	text, err := io.ReadAll(answer.Body)
	w.must(err)
	return string(text)
}

// unfile takes the filing of the deadline's return back.
func (w *world) unfile() {
	w.t.Helper()
	for _, deadline := range w.odoo.Deadlines() {
		if deadline.ReturnID != 0 {
			w.odoo.Change("bir.tax.return", deadline.ReturnID, map[string]any{"state": "draft"})
		}
	}
}

// waitIsOver brings the next look at the deadline's work item forward.
func (w *world) waitIsOver() {
	w.t.Helper()
	_, err := w.queue.Exec(context.Background(), "UPDATE ops.plane_sync_mappings SET look_at = now() WHERE look_at IS NOT NULL")
	w.must(err)
}

func TestAFieldThatPlaneAnswersWithSuccessAndDoesNotTakeIsWrittenLater(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		old := w.call(http.MethodGet, "work-items/"+w.item()+"/", "")
		ignoring := w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/*/", Status: http.StatusOK, Body: old, Times: -1})
		w.odoo.Extend(1, "2000-05-14")
		syncThrough(w, p)

		link := w.link()
		if link.LastError == nil || !strings.Contains(*link.LastError, "target_date") || link.LookDue || link.LookAt == nil {
			t.Errorf("the link says %v and is looked at again at %v (due: %t), want an error that names the date, and a wait", link.LastError, link.LookAt, link.LookDue)
		}
		if link.LastPushed.TargetDate != "2000-02-20" || link.Written.TargetDate != "2000-02-20" {
			t.Errorf("noted as written: %s, shown as %s; want the old date", link.LastPushed.TargetDate, link.Written.TargetDate)
		}
		requests := w.plane.RequestTotal()
		syncThrough(w, p)
		if more := w.plane.RequestTotal() - requests; more != 0 {
			t.Errorf("%d requests while the wait lasts", more)
		}

		first := *link.LookAt
		w.waitIsOver()
		syncThrough(w, p)
		if second := w.link(); second.LookAt == nil || second.LookAt.Sub(second.UpdatedAt) <= first.Sub(link.UpdatedAt) {
			t.Errorf("the second wait ends at %v and the first at %v: the waits do not grow", second.LookAt, first)
		}

		ignoring.Remove()
		w.waitIsOver()
		syncThrough(w, p)
		if link, item := w.link(), w.deadlineItem(); item.TargetDate != "2000-05-14" || link.LastError != nil || len(link.Refused) > 0 || link.LookAt != nil {
			t.Errorf("Plane has %s; the link says %v, refuses %v, and is looked at at %v", item.TargetDate, link.LastError, link.Refused, link.LookAt)
		}
	})
}

func TestARepairDoesNotWaitForARefusal(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		old := w.call(http.MethodGet, "work-items/"+w.item()+"/", "")
		w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/*/", Status: http.StatusOK, Body: old})
		w.odoo.Extend(1, "2000-05-14")
		syncThrough(w, p)
		findings, err := p.bridge.Auditor().Audit(p.ctx, p.bridge.Flows()[0])
		w.must(err)
		if len(findings) != 1 || findings[0].Kind != audit.FindingFailing {
			t.Fatalf("the audit finds %v, want the link that fails", findings)
		}
		w.must(p.bridge.Auditor().Repair(p.ctx, p.bridge.Flows()[0], findings[0]))
		if item, link := w.deadlineItem(), w.link(); item.TargetDate != "2000-05-14" || link.LastError != nil {
			t.Errorf("Plane has %s and the link says %v", item.TargetDate, link.LastError)
		}
	})
}

// A project that is restored must not leave its work items to the end of a long wait.
func TestAWorkItemThatIsListedAgainWaitsNoLonger(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		w.must(mapping.NewStore(w.queue).SetProblem(p.ctx, w.scope(), deadlinePair, "the work item is in a project that is archived"))
		w.odoo.Extend(1, "2000-05-14")
		syncThrough(w, p)
		if item := w.deadlineItem(); item.TargetDate != "2000-02-20" {
			t.Fatalf("Plane has %s although the work item waits", item.TargetDate)
		}
		_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
		w.must(err)
		syncThrough(w, p)
		if item, link := w.deadlineItem(), w.link(); item.TargetDate != "2000-05-14" || link.LastError != nil {
			t.Errorf("Plane has %s and the link says %v", item.TargetDate, link.LastError)
		}
	})
}

func TestAnotherWishIsWrittenWhileARefusedOneWaits(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		old := w.call(http.MethodGet, "work-items/"+w.item()+"/", "")
		w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/*/", Status: http.StatusOK, Body: old})
		w.odoo.Extend(1, "2000-05-14")
		syncThrough(w, p)
		w.odoo.Extend(1, "2000-06-15")
		syncThrough(w, p)
		if item, link := w.deadlineItem(), w.link(); item.TargetDate != "2000-06-15" || link.LastError != nil {
			t.Errorf("Plane has %s and the link says %v", item.TargetDate, link.LastError)
		}
	})
}

// What happens to a deadline while its work item lies in the archive arrives when
// it comes back, whoever noticed the archive first.
func TestWhatOdooWantsMeanwhileArrivesWhenAWorkItemLeavesTheArchive(t *testing.T) {
	for _, noticed := range []struct {
		name string
		by   func(w *world, p *process)
	}{
		{"by the sweep", func(w *world, p *process) {
			_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
			w.must(err)
			workThrough(w, p)
		}},
		{"by the write itself", func(*world, *process) {}},
	} {
		for _, change := range []struct {
			name string
			made func(w *world)
		}{
			{"its date is extended", func(w *world) { w.odoo.Extend(1, "2000-05-14") }},
			{"its date is extended and changes labels", func(w *world) { w.odoo.Extend(1, "2099-05-14") }},
			{"it is filed", func(w *world) { w.odoo.MarkFiled(deadlineKey) }},
		} {
			t.Run(noticed.name+", "+change.name, func(t *testing.T) {
				whileMirrored(t, func(w *world, p *process) {
					id := w.item()
					w.must(w.plane.Archive("maria", id))
					noticed.by(w, p)
					change.made(w)
					syncThrough(w, p)
					w.must(w.plane.Unarchive("maria", id))
					time.Sleep(time.Second) // Another sweep is another time.
					_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
					w.must(err)
					w.settle(p)
					wanted, err := p.bridge.Flows()[0].WantedFor(p.ctx, deadlinePair)
					w.must(err)
					item, link := w.deadlineItem(), w.link()
					if item.TargetDate != wanted.Fields.TargetDate || wanted.Fields.Group == "completed" && item.StateGroup != "completed" {
						t.Errorf("Plane shows %s %s, Odoo wants %s %s", item.TargetDate, item.StateGroup, wanted.Fields.TargetDate, wanted.Fields.Group)
					}
					if link.State != mapping.Linked || link.LastError != nil || link.LookAt != nil {
						t.Errorf("the link is %s, says %v, and is looked at at %v", link.State, link.LastError, link.LookAt)
					}
				})
			})
		}
	}
}

// replaceState deletes the state of a group and makes another one in its place.
func (w *world) replaceState(group string) {
	w.t.Helper()
	for _, state := range w.states() {
		if state.Group == group {
			w.call(http.MethodDelete, "states/"+state.ID+"/", "")
		}
	}
	w.plane.AddState("Another one", group)
}

type stateOfBoard struct {
	ID    string `json:"id"`
	Group string `json:"group"`
}

func (w *world) states() []stateOfBoard {
	w.t.Helper()
	var page struct{ Results []stateOfBoard }
	w.must(json.Unmarshal([]byte(w.call(http.MethodGet, "states/", "")), &page))
	return page.Results
}

func TestAReplacedStateIsFoundWhenAWorkItemIsCancelled(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		w.replaceState("cancelled")
		w.odoo.DeleteDeadline(1)
		syncThrough(w, p)
		if item, link := w.deadlineItem(), w.link(); item.StateGroup != "cancelled" || link.State != mapping.Cancelled {
			t.Errorf("the work item is %s and its link %s (%v)", item.StateGroup, link.State, link.LastError)
		}
	})
}

func TestABoardWithoutACancelledStateIsSaidBeforeACommentClaimsIt(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		for _, state := range w.states() {
			if state.Group == "cancelled" {
				w.call(http.MethodDelete, "states/"+state.ID+"/", "")
			}
		}
		w.odoo.DeleteDeadline(1)
		syncThrough(w, p)
		item, link := w.deadlineItem(), w.link()
		if len(item.Comments) != 0 {
			t.Errorf("a comment says %q", item.Comments[0].HTML)
		}
		if link.State != mapping.Linked || link.LastError == nil || !strings.Contains(*link.LastError, "no state in group cancelled") {
			t.Errorf("the link is %s and says %v", link.State, link.LastError)
		}
	})
}

// Earlier releases noted what was never written. The migration finds it.
func TestTheMigrationFindsWhatWasNotedAndNeverWritten(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		_, err := w.queue.Exec(context.Background(), `UPDATE ops.plane_sync_mappings SET last_pushed = last_pushed || '{"target_date": "2000-05-14"}'`)
		w.must(err)
		w.odoo.Extend(1, "2000-05-14")
		w.applyAgain("00006_shown_not_assumed.sql")
		syncThrough(w, p)
		if item := w.deadlineItem(); item.TargetDate != "2000-05-14" {
			t.Errorf("Plane still shows %s", item.TargetDate)
		}
	})
}

// applyAgain runs the statements of a migration that change rows.
func (w *world) applyAgain(migration string) {
	w.t.Helper()
	text, err := migrations.Files.ReadFile(migration)
	w.must(err)
	_, updates, found := strings.Cut(string(text), "UPDATE ")
	if !found {
		w.t.Fatal("the migration changes no row")
	}
	_, err = w.queue.Exec(context.Background(), "UPDATE "+updates)
	w.must(err)
}
