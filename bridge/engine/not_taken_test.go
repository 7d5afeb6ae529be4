package engine_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// answersPatches answers every change of a work item with this body, and takes
// nothing.
func (w *world) answersPatches(body string) *planetest.ActiveFault {
	return w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Path: "work-items/*/", Status: http.StatusOK, Body: body, Times: -1})
}

// A label that was to go and is still shown was not taken off. Otherwise it would stay
// for ever: it is on the work item, and nobody wants it or misses it.
func TestALabelThatPlaneDoesNotTakeOffIsTakenOffLater(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		const leaving = "risk:deliverability"
		w.odoo.Extend(1, "2000-01-03")
		syncThrough(w, p)
		if !slices.Contains(w.deadlineItem().Labels, leaving) {
			t.Fatalf("the labels are %q", w.deadlineItem().Labels)
		}
		old := w.call(http.MethodGet, "work-items/"+w.item()+"/", "")
		keeping := w.answersPatches(strings.ReplaceAll(old, "2000-01-03", "2000-01-05"))
		w.odoo.Extend(1, "2000-01-05")
		syncThrough(w, p)
		if link := w.link(); link.LastError == nil || !strings.Contains(*link.LastError, leaving+" were not taken off") || link.LookAt == nil {
			t.Errorf("the link says %v and is looked at again at %v, want an error that names the label, and a wait", link.LastError, link.LookAt)
		}
		keeping.Remove()
		w.waitIsOver()
		syncThrough(w, p)
		if item, link := w.deadlineItem(), w.link(); slices.Contains(item.Labels, leaving) || link.LastError != nil {
			t.Errorf("the labels are %q and the link says %v", item.Labels, link.LastError)
		}
	})
}

var stateOfItem = regexp.MustCompile(`"state": ?"[^"]*"`)

// What was known of the state before a write does not confirm the write.
func TestAStateThatAnAnswerDoesNotShowIsNotConfirmed(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		w.odoo.MarkFiled(deadlineKey)
		w.settle(p)
		w.must(w.plane.MoveItem("maria", w.item(), "started"))
		body := w.call(http.MethodGet, "work-items/"+w.item()+"/", "")
		hiding := w.answersPatches(stateOfItem.ReplaceAllString(body, `"state":null`))
		w.apply(p, mirror.WhatDrifted)
		if link := w.link(); link.LastError == nil || !strings.Contains(*link.LastError, "state") {
			t.Errorf("the link says %v, want that the state was not taken", link.LastError)
		}
		hiding.Remove()
		w.waitIsOver()
		syncThrough(w, p)
		if item, link := w.deadlineItem(), w.link(); item.StateGroup != "completed" || link.LastError != nil {
			t.Errorf("the work item is %s and the link says %v", item.StateGroup, link.LastError)
		}
	})
}

// duplicate is a second work item for the deadline, which the bridge's bot made.
func (w *world) duplicate() string {
	w.t.Helper()
	duplicate, err := w.plane.CreateItem("bridge", planetest.NewItem{Name: "made twice", ExternalSource: mapping.ExternalSource, ExternalID: deadlinePair})
	w.must(err)
	return duplicate
}

func (w *world) repairDuplicate(p *process, duplicate string) error {
	w.t.Helper()
	return p.bridge.Auditor().Repair(p.ctx, p.bridge.Flows()[0], audit.Finding{
		Kind: audit.FindingDuplicate, Key: deadlinePair, Issue: duplicate, Detail: "the other one stays",
	})
}

func TestADuplicateCountsAsCancelledOnlyWherePlaneShowsIt(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		duplicate := w.duplicate()
		ignoring := w.answersPatches(w.call(http.MethodGet, "work-items/"+duplicate+"/", ""))
		if err := w.repairDuplicate(p, duplicate); err == nil {
			t.Error("the repair says that it is done")
		}
		if comments := w.byID(duplicate).Comments; len(comments) != 0 {
			t.Errorf("a comment says %q of a work item that is not cancelled", comments[0].HTML)
		}
		ignoring.Remove()
		w.must(w.repairDuplicate(p, duplicate))
		if after := w.byID(duplicate); after.StateGroup != "cancelled" || after.ExternalID != "" || len(after.Comments) != 1 {
			t.Errorf("the duplicate is now %+v", after)
		}
	})
}

// A cancellation counts where Plane shows it, and a comment claims nothing before that.
func TestAWorkItemCountsAsCancelledOnlyWherePlaneShowsIt(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		id := w.item()
		ignoring := w.answersPatches(w.call(http.MethodGet, "work-items/"+id+"/", ""))
		w.odoo.DeleteDeadline(1)
		w.must(p.bridge.SyncNow(p.ctx, bir.Name))
		p.bridge.WorkOnce(p.ctx, w.queue)
		if link, comments := w.link(), w.byID(id).Comments; link.State != mapping.Linked || len(comments) != 0 {
			t.Errorf("the link is %s and the work item has %d comments, want it linked and none", link.State, len(comments))
		}
		ignoring.Remove()
		w.settle(p)
		if link, item := w.link(), w.byID(id); link.State != mapping.Cancelled || item.StateGroup != "cancelled" || len(item.Comments) != 1 {
			t.Errorf("in the end the link is %s and the work item %s with %d comments", link.State, item.StateGroup, len(item.Comments))
		}
	})
}

func TestABoardThatLostItsCancelledStateIsSaidBeforeACommentClaimsThatADuplicateIsCancelled(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		first := w.duplicate()
		w.must(w.repairDuplicate(p, first)) // From here on the bridge knows the board.
		duplicate := w.duplicate()
		w.call(http.MethodPatch, "work-items/"+first+"/", `{"state": "`+w.stateOf("started")+`"}`)
		w.call(http.MethodDelete, "states/"+w.stateOf("cancelled")+"/", "")
		if err := w.repairDuplicate(p, duplicate); err == nil || !strings.Contains(err.Error(), "no state in group cancelled") {
			t.Errorf("the repair says %v", err)
		}
		if comments := w.byID(duplicate).Comments; len(comments) != 0 {
			t.Errorf("a comment says %q", comments[0].HTML)
		}
	})
}

func (w *world) stateOf(group string) string {
	w.t.Helper()
	for _, state := range w.states() {
		if state.Group == group {
			return state.ID
		}
	}
	w.t.Fatalf("the board has no state in group %s", group)
	return ""
}

// importing takes over rows of the predecessor's table, each a record and its work item.
func (w *world) importing(p *process, rows ...[2]string) []audit.ImportLine {
	w.t.Helper()
	w.exec(`CREATE SCHEMA plane; CREATE TABLE plane.sync_mappings
		(source_system text, source_id text, source_type text, target_id text, target_type text, last_synced_at timestamptz)`)
	for _, row := range rows {
		w.exec("INSERT INTO plane.sync_mappings VALUES ('odoo', $1, 'bir.filing.deadline', $2, 'issue', now())", row[0], row[1])
	}
	lines, err := p.bridge.Auditor().Import(p.ctx, p.bridge.Flows()[0], false)
	w.must(err)
	if len(lines) != len(rows) {
		w.t.Fatalf("the import says %+v of %d rows", lines, len(rows))
	}
	return lines
}

func (w *world) addAnotherDeadline() {
	w.odoo.Add("bir.filing.deadline", map[string]any{
		"name": "1601C - 03/2000", "form_type": "1601C", "period_year": int64(2000), "period_month": int64(3), "deadline_date": "2000-04-10",
	})
}

func TestAnImportCountsOnlyWherePlaneShowsTheExternalPair(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		id := w.item()
		w.call(http.MethodPatch, "work-items/"+id+"/", `{"external_id": null, "external_source": null}`)
		w.exec("DELETE FROM ops.plane_sync_mappings")
		w.answersPatches(w.call(http.MethodGet, "work-items/"+id+"/", ""))
		lines := w.importing(p, [2]string{"1", id})
		if lines[0].Imported || w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked'") != 0 {
			t.Errorf("the import says %+v, want that Plane did not take the pair, and no link", lines[0])
		}
	})
}

func TestAnOddRowDoesNotEndAnImport(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		id := w.item()
		w.call(http.MethodPatch, "work-items/"+id+"/", `{"external_id": null, "external_source": null}`)
		w.exec("DELETE FROM ops.plane_sync_mappings")
		w.addAnotherDeadline()
		if lines := w.importing(p, [2]string{"1", "BIR-12"}, [2]string{"2", id}); lines[0].Imported || !lines[1].Imported {
			t.Errorf("the import says %+v, want the odd row passed over and the other taken", lines)
		}
	})
}

// The second row would take the work item's external pair away from the first.
func TestAnImportTakesNoWorkItemAwayFromAnotherRecord(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		id := w.item()
		w.addAnotherDeadline()
		lines := w.importing(p, [2]string{"2", id})
		if lines[0].Imported || w.byID(id).ExternalID != deadlinePair {
			t.Errorf("the import says %+v and the work item carries %q, want it left to %s", lines[0], w.byID(id).ExternalID, deadlinePair)
		}
	})
}

// An intention is forgotten only when Plane itself says that nothing came of it.
func TestAnEmptyPageInPlaceOfALookUpForgetsNoIntention(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		id := w.item()
		w.breakLink(`state = 'intended', plane_issue_id = NULL`)
		w.odoo.DeleteDeadline(1)
		empty := w.plane.Fail(planetest.Fault{
			Method: http.MethodGet, Path: "work-items/", Times: -1, Status: http.StatusOK, Body: emptyPage,
			Match: func(r *http.Request) bool { return r.URL.Query().Has("external_id") },
		})
		syncThrough(w, p)
		empty.Remove()
		w.settle(p)
		if item := w.byID(id); item.StateGroup != "cancelled" {
			t.Errorf("the work item is %s although its record is gone", item.StateGroup)
		}
	})
}

var labelsOfItem = regexp.MustCompile(`,? ?"labels": ?\[[^\]]*\]`)

// What does not show the labels says nothing about them, and a write of the whole list
// would take people's off.
func TestNoLabelsAreWrittenOverAnAnswerThatDoesNotShowThem(t *testing.T) {
	t.Parallel()
	for name, instead := range map[string]string{"left out": "", "null": `,"labels":null`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whileMirrored(t, func(w *world, p *process) {
				w.label(w.item())
				hiding := w.plane.Fail(planetest.Fault{
					Kind: planetest.FaultRewrite, Method: http.MethodGet, Path: "work-items/*/", Times: -1,
					Rewrite: func(status int, body []byte) (int, []byte) {
						return status, labelsOfItem.ReplaceAll(body, []byte(instead))
					},
				})
				w.odoo.Extend(1, "2000-01-03")
				syncThrough(w, p)
				w.wantLabels(w.item(), labelsFarOff+" "+hers)
				hiding.Remove()
				w.waitIsOver()
				w.settle(p)
				w.wantLabels(w.item(), labelsShort+" "+hers)
			})
		})
	}
}
