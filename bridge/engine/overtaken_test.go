package engine_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// overtaken is a flow that accepts what it hears from Plane while something else
// happens to the link.
type overtaken struct {
	bridge.Flow
	meanwhile func()
	calls     int
	names     []string // of the work item, as the flow was told
}

// FromPlane implements bridge.Flow.
func (f *overtaken) FromPlane(_ context.Context, link mapping.Link, item bridge.WorkItemState) bridge.Verdict {
	f.calls++
	f.names = append(f.names, item.Fields.Name)
	if f.meanwhile != nil {
		f.meanwhile()
		f.meanwhile = nil
	}
	accepted := link.LastPushed
	accepted.TargetDate = item.Fields.TargetDate
	return bridge.Done("taken over").Accepting(accepted)
}

// wrapped lets a world work with the flow, or with one around it.
func (f *overtaken) wrapped(as bridge.Flow) func(*world) {
	return func(w *world) {
		w.wrap = func(flow bridge.Flow) bridge.Flow {
			f.Flow = flow
			return as
		}
	}
}

// The mirror writes the work item while Odoo is told of an edit. What was concluded
// from the link as it was before is thrown away, and the edit is told again.
func TestATellingThatTheMirrorOvertakesIsToldAgain(t *testing.T) {
	t.Parallel()
	flow := &overtaken{}
	inMirroredWorld(t, flow.wrapped(flow), func(w *world, p *process) {
		w.letterOf(p, func() { w.must(w.plane.SetTargetDate("maria", w.item(), "2000-05-05")) })
		flow.meanwhile = func() {
			store := mapping.NewStore(w.queue)
			link, err := store.ByKey(p.ctx, flow.Scope(), deadlinePair)
			w.must(err)
			content := mapping.Content{Pushed: link.LastPushed, Written: link.Written}
			content.Pushed.Name = "written meanwhile"
			w.must(store.Bind(p.ctx, flow.Scope(), deadlinePair, link.OdooID, link.Issue(), content))
		}

		if finished, open, failures := p.bridge.WorkOnce(p.ctx, w.queue); finished != 0 || open != 1 || len(failures) != 0 {
			w.t.Errorf("%d jobs finished, %d open, failures %v; want the delivery snoozed", finished, open, failures)
		}
		w.wantStatus(p, ledger.StatusReceived, "")
		w.wantPushed("written meanwhile", "2000-02-20")
		w.workUntilDone(p)
		w.wantStatus(p, ledger.StatusProcessed, "")
		w.wantPushed("written meanwhile", "2000-05-05")
		if flow.calls != 2 {
			w.t.Errorf("the flow was called for the edit %d times, want twice", flow.calls)
		}
	})
}

// Odoo is told of an edit while the mirror compares the two sides of the record: it would
// read one as it was before and the other as it is after.
func TestATellingWaitsForTheMirror(t *testing.T) {
	t.Parallel()
	flow := &overtaken{}
	inMirroredWorld(t, flow.wrapped(flow), func(w *world, p *process) {
		w.letterOf(p, func() { w.must(w.plane.SetTargetDate("maria", w.item(), "2000-05-05")) })
		w.must(ledger.WithLock(p.ctx, w.queue, ledger.LinkOf(deadlinePair), func(pgx.Tx) error {
			p.bridge.WorkOnce(p.ctx, w.queue)
			return nil
		}))
		if flow.calls != 0 {
			w.t.Error("Odoo was told while the mirror was at the record")
		}
		w.wantStatus(p, ledger.StatusReceived, "")
		w.workUntilDone(p)
		w.wantPushed(w.plane.Items()[0].Name, "2000-05-05")
	})
}

// both is a flow whose names either side may change.
type both struct{ bridge.Flow }

// Ownership implements bridge.Flow.
func (f both) Ownership() mapping.Ownership {
	ownership := maps.Clone(f.Flow.Ownership())
	ownership[mapping.FieldName] = mapping.Both
	return ownership
}

// A record was read before Odoo was told of a rename, and its link afterwards.
func TestARecordThatIsOlderThanItsLinkIsReadAgain(t *testing.T) {
	t.Parallel()
	inMirroredWorld(t, func(w *world) {
		w.wrap = func(flow bridge.Flow) bridge.Flow { return both{flow} }
	}, func(w *world, p *process) {
		flow, name := p.bridge.Flows()[0], w.plane.Items()[0].Name
		item, err := flow.WantedFor(p.ctx, deadlinePair)
		w.must(err)
		item.Fields.Name = "as it was read before"
		_, err = p.bridge.Mirror().Apply(p.ctx, flow, item, mirror.WhatChanged)
		w.must(err)
		if now := w.plane.Items()[0].Name; now != name {
			w.t.Errorf("the work item is called %q, and Odoo has %q", now, name)
		}
	})
}

// What came before the mirror's write, and is worked on after it, is how the work item was.
// Told as a person's edit, it would undo what Odoo wanted.
func TestWhatIsOlderThanTheMirrorsWriteIsNotTold(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		report func(w *world, p *process)
	}{
		{"a webhook", func(w *world, p *process) { w.deliver(p) }},
		{"a finding of a sweep", func(w *world, p *process) {
			w.mail.take()
			if report := w.reconciled(p); report.Missed != 1 {
				w.t.Fatalf("the sweep reports %+v, want the edit found", report)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			flow := &overtaken{}
			inMirroredWorld(t, flow.wrapped(both{flow}), func(w *world, p *process) {
				time.Sleep(time.Minute) // What is known of the work item is surely older than the edit.
				w.forget()
				w.must(w.plane.RenameItem("maria", w.item(), "as maria called it"))
				row.report(w, p)
				w.odoo.Change(bir.Model, 1, map[string]any{"name": "as Odoo calls it"})
				item, err := p.bridge.Flows()[0].WantedFor(p.ctx, deadlinePair)
				w.must(err)
				_, err = p.bridge.Mirror().Apply(p.ctx, p.bridge.Flows()[0], item, mirror.WhatChanged)
				w.must(err)
				if now := w.plane.Items()[0].Name; now != item.Fields.Name {
					w.t.Fatalf("the work item is called %q: this run proves nothing", now)
				}
				w.workUntilDone(p)
				if slices.Contains(flow.names, "as maria called it") {
					w.t.Errorf("the flow was told of %q, which is not so any more", flow.names)
				}
			})
		})
	}
}

func (w *world) wantPushed(name, due string) {
	w.t.Helper()
	link, err := mapping.NewStore(w.queue).ByIssue(w.t.Context(), w.plane.WorkspaceSlug(), w.item())
	w.must(err)
	if link.LastPushed.Name != name || link.LastPushed.TargetDate != due {
		w.t.Errorf("the link holds %q due %s, want %q due %s", link.LastPushed.Name, link.LastPushed.TargetDate, name, due)
	}
}
