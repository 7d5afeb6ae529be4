package engine_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// overtaken is a flow that accepts what it hears from Plane while something else
// happens to the link.
type overtaken struct {
	bridge.Flow
	meanwhile func()
	calls     int
}

// FromPlane implements bridge.Flow.
func (f *overtaken) FromPlane(_ context.Context, link mapping.Link, item bridge.WorkItemState) bridge.Verdict {
	f.calls++
	if f.meanwhile != nil {
		f.meanwhile()
		f.meanwhile = nil
	}
	accepted := link.LastPushed
	accepted.TargetDate = item.Fields.TargetDate
	return bridge.Done("taken over").Accepting(accepted)
}

// The mirror writes the work item while Odoo is told of an edit. What was concluded
// from the link as it was before is thrown away, and the edit is told again.
func TestATellingThatTheMirrorOvertakesIsToldAgain(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, pgtest.Open(t, dsn), planetest.Options{})
		defer w.close()
		mirrored(w)
		flow := &overtaken{Flow: w.flow(&fate{})}
		w.wrap = func(bridge.Flow) bridge.Flow { return flow }
		p := w.start(0, noFault)
		defer w.end(p)
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
			t.Errorf("%d jobs finished, %d open, failures %v; want the delivery snoozed", finished, open, failures)
		}
		w.wantStatus(p, ledger.StatusReceived, "")
		w.wantPushed("written meanwhile", "2000-02-20")
		w.workUntilDone(p)
		w.wantStatus(p, ledger.StatusProcessed, "")
		w.wantPushed("written meanwhile", "2000-05-05")
		if flow.calls != 2 {
			t.Errorf("the flow was called for the edit %d times, want twice", flow.calls)
		}
	})
}

func (w *world) wantPushed(name, due string) {
	w.t.Helper()
	link, err := mapping.NewStore(w.queue).ByIssue(w.t.Context(), w.plane.WorkspaceSlug(), w.item())
	w.must(err)
	if link.LastPushed.Name != name || link.LastPushed.TargetDate != due {
		w.t.Errorf("the link holds %q due %s, want %q due %s", link.LastPushed.Name, link.LastPushed.TargetDate, name, due)
	}
}
