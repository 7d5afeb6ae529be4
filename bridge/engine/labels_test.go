package engine_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// hers is a label that a person puts on a work item.
const hers = "waits-for-client"

// The labels of the one deadline, far from its date and shortly before it.
const (
	labelsFarOff = "area:compliance form:2550M status:upcoming"
	labelsShort  = "area:compliance form:2550M risk:deliverability status:due_soon"
)

// labelWrites are the ways in which the bridge writes the labels of a work item,
// or writes a work item that has labels. Each begins with the mirrored deadline and
// returns the work item that was written.
var labelWrites = []struct {
	name string
	// write puts the person's label on and lets the bridge write.
	write func(w *world, p *process) (item string)
	// ours are the labels of the bridge that have to be there afterwards.
	ours string
}{
	{"a change", func(w *world, p *process) string {
		w.label(w.item())
		w.odoo.Extend(1, "2000-01-03")
		w.syncAndWork(p)
		return w.item()
	}, labelsShort},
	{"a repair after an edit", func(w *world, p *process) string {
		w.label(w.item())
		w.must(w.plane.RemoveLabel("maria", w.item(), "area:compliance"))
		w.settle(p)
		return w.item()
	}, labelsFarOff},
	{"a repair of another field that finds a label gone", func(w *world, p *process) string {
		w.label(w.item())
		w.must(w.plane.RemoveLabel("maria", w.item(), "area:compliance"))
		w.apply(p, mirror.WhatDrifted)
		return w.item()
	}, labelsFarOff},
	{"a look after a write that failed", func(w *world, p *process) string {
		w.label(w.item())
		failing := w.plane.Fail(planetest.Fault{Method: http.MethodPatch, Times: -1})
		w.odoo.Extend(1, "2000-01-03")
		w.syncAndWork(p)
		failing.Remove()
		w.syncAndWork(p)
		return w.item()
	}, labelsShort},
	{"the adoption of a work item that a person made", func(w *world, p *process) string {
		w.odoo.DeleteDeadline(1)
		w.syncAndWork(p)
		item, err := w.plane.CreateItem("maria", planetest.NewItem{
			Name: "made by hand", ExternalSource: mapping.ExternalSource, ExternalID: "bir.filing.deadline,1/1601C/2000/3",
		})
		w.must(err)
		w.label(item)
		w.odoo.Add(bir.Model, map[string]any{
			"name": "1601C - 03/2000", "form_type": "1601C", "period_year": int64(2000), "period_month": int64(3), "deadline_date": "2000-04-10",
		})
		w.syncAndWork(p)
		return item
	}, "area:compliance form:1601C status:upcoming"},
	{"the adoption of what an interrupted create left", func(w *world, p *process) string {
		w.label(w.item())
		w.breakLink(`state = 'intended', plane_issue_id = NULL`)
		w.odoo.Extend(1, "2000-01-03")
		w.syncAndWork(p)
		return w.item()
	}, labelsShort},
	{"the adoption of a work item whose link was lost", func(w *world, p *process) string {
		w.label(w.item())
		w.must(w.plane.RemoveLabel("maria", w.item(), "area:compliance")) // So that there is something to write.
		_, err := w.queue.Exec(p.ctx, "DELETE FROM ops.plane_sync_mappings")
		w.must(err)
		w.syncAndWork(p)
		return w.item()
	}, labelsFarOff},
	{"a full sync", func(w *world, p *process) string {
		w.label(w.item())
		w.apply(p, mirror.Everything)
		return w.item()
	}, labelsFarOff},
	{"a cancellation", func(w *world, p *process) string {
		w.label(w.item())
		w.odoo.DeleteDeadline(1)
		w.syncAndWork(p)
		return w.item()
	}, labelsFarOff},
	{"the cancellation of what an interrupted create left", func(w *world, p *process) string {
		w.label(w.item())
		w.breakLink(`state = 'intended', plane_issue_id = NULL`)
		w.odoo.DeleteDeadline(1)
		w.syncAndWork(p)
		return w.item()
	}, labelsFarOff},
	{"a record that comes back after its cancellation", func(w *world, p *process) string {
		w.label(w.item())
		w.odoo.DeleteDeadline(1)
		w.syncAndWork(p)
		w.addDeadline()
		w.odoo.Extend(w.odoo.Deadlines()[0].ID, "2000-01-03")
		w.syncAndWork(p)
		return w.item()
	}, labelsShort},
	{"`mappings repair` of a failing link", func(w *world, p *process) string {
		w.label(w.item())
		w.must(w.plane.RemoveLabel("maria", w.item(), "form:2550M"))
		w.breakLink(`last_error = 'for the test'`)
		w.repair(p, audit.FindingFailing)
		return w.item()
	}, labelsFarOff},
	{"`mappings repair` of a link that was cut short", func(w *world, p *process) string {
		w.label(w.item())
		w.must(w.plane.RemoveLabel("maria", w.item(), "area:compliance")) // So that there is something to write.
		w.breakLink(`state = 'intended', plane_issue_id = NULL`)
		w.repair(p, audit.FindingCutShort)
		return w.item()
	}, labelsFarOff},
	{"`mappings repair` of an orphan", func(w *world, p *process) string {
		w.label(w.item())
		w.must(w.plane.RemoveLabel("maria", w.item(), "area:compliance")) // So that there is something to write.
		_, err := w.queue.Exec(p.ctx, "DELETE FROM ops.plane_sync_mappings")
		w.must(err)
		w.repair(p, audit.FindingOrphaned)
		return w.item()
	}, labelsFarOff},
	{"`mappings repair` of a duplicate", func(w *world, p *process) string {
		duplicate, err := w.plane.CreateItem("maria", planetest.NewItem{
			Name: "a duplicate", ExternalSource: mapping.ExternalSource, ExternalID: deadlinePair,
		})
		w.must(err)
		w.label(duplicate)
		w.repair(p, audit.FindingDuplicate)
		return duplicate
	}, ""},
	{"an import and the sync after it", func(w *world, p *process) string {
		w.label(w.item())
		w.must(w.plane.RemoveLabel("maria", w.item(), "area:compliance"))
		_, err := w.queue.Exec(p.ctx, `DELETE FROM ops.plane_sync_mappings; CREATE SCHEMA plane; CREATE TABLE plane.sync_mappings
			(source_system text, source_id text, source_type text, target_id uuid, target_type text, last_synced_at timestamptz)`)
		w.must(err)
		_, err = w.queue.Exec(p.ctx, "INSERT INTO plane.sync_mappings VALUES ('odoo', '1', 'bir.filing.deadline', $1, 'issue', now())", w.item())
		w.must(err)
		lines, err := p.bridge.Auditor().Import(p.ctx, p.bridge.Flows()[0], false)
		w.must(err)
		if len(lines) != 1 || !lines[0].Imported {
			w.t.Fatalf("the import says %+v, want one row taken over", lines)
		}
		w.syncAndWork(p)
		return w.item()
	}, labelsFarOff},
}

// A person's label is there after the write and after the next one, and when she
// takes it off, it stays off.
func TestPeoplesLabelsSurvive(t *testing.T) {
	t.Parallel()
	for _, row := range labelWrites {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, _ *process) {
				// The label is in the project before the bridge reads which there are.
				other, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "call the client"})
				w.must(err)
				w.label(other)
				p := w.start(0, noFault)
				defer w.end(p)
				id := row.write(w, p)
				if w.plane.Writes(id) == 0 {
					t.Fatal("the bridge wrote nothing, so this run proves nothing")
				}
				w.wantLabels(id, row.ours+" "+hers)
				if w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked' AND plane_issue_id = $1", id) == 0 {
					return
				}
				w.odoo.Extend(w.odoo.Deadlines()[0].ID, "1999-12-31")
				w.syncAndWork(p)
				late := strings.NewReplacer("upcoming", "overdue", "due_soon", "overdue").Replace(row.ours)
				if !strings.Contains(late, "risk:") {
					late += " risk:deliverability"
				}
				w.wantLabels(id, late+" "+hers)
				w.settle(p)
				writes := w.plane.Writes(id)
				w.must(w.plane.RemoveLabel("maria", id, hers))
				w.settle(p)
				w.wantLabels(id, late)
				if got := w.plane.Writes(id); got != writes {
					t.Errorf("%d writes because a person took her own label off, want none", got-writes)
				}
			})
		})
	}
}

// wantLabels holds a work item's labels against those named.
func (w *world) wantLabels(id, names string) {
	w.t.Helper()
	item, _ := w.plane.Item(id)
	want := slices.Sorted(slices.Values(strings.Fields(names)))
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(item.Labels))); diff != "" {
		w.t.Errorf("the labels of the work item (-want +got):\n%s", diff)
	}
}

// What counts is what the bridge wrote last, not how a label is called. This one
// came into the project after the bridge had read its labels.
func TestALabelThatOnlyLooksLikeOursIsThePersons(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.must(w.plane.AddLabel("maria", w.item(), "status:overdue"))
		w.odoo.Extend(1, "2000-01-03")
		w.syncAndWork(p)
		item, _ := w.plane.Item(w.item())
		if !slices.Contains(item.Labels, "status:overdue") || slices.Contains(item.Labels, "status:upcoming") {
			t.Errorf("the labels are %q; want the person's status:overdue to stay and the bridge's status:upcoming off", item.Labels)
		}
	})
}

func (w *world) label(item string) {
	w.t.Helper()
	w.must(w.plane.AddLabel("maria", item, hers))
}

// syncAndWork lets the schedule sync, and works once through what it queued.
func (w *world) syncAndWork(p *process) {
	w.t.Helper()
	w.must(p.bridge.SyncNow(p.ctx, bir.Name))
	p.bridge.WorkOnce(p.ctx, w.queue)
}

// breakLink changes the deadline's link as a fault would have left it.
func (w *world) breakLink(set string) {
	w.t.Helper()
	_, err := w.queue.Exec(w.t.Context(), "UPDATE ops.plane_sync_mappings SET "+set)
	w.must(err)
}

// apply writes the one deadline to some extent.
func (w *world) apply(p *process, extent mirror.Extent) {
	w.t.Helper()
	flow := p.bridge.Flows()[0]
	item, err := flow.WantedFor(p.ctx, mapping.Key(deadlinePair))
	w.must(err)
	_, err = p.bridge.Mirror().Apply(p.ctx, flow, item, extent)
	w.must(err)
}

// repair does what `mappings repair` does about the one finding of a kind.
func (w *world) repair(p *process, kind audit.FindingKind) {
	w.t.Helper()
	auditor, flow := p.bridge.Auditor(), p.bridge.Flows()[0]
	findings, err := auditor.Audit(p.ctx, flow)
	w.must(err)
	for _, finding := range findings {
		if finding.Kind == kind {
			w.must(auditor.Repair(p.ctx, flow, finding))
			return
		}
	}
	w.must(errors.New("the audit does not find it " + string(kind)))
}
