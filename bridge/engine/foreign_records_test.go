package engine_test

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// Records without the fields that were asked for are not Odoo's. Read as empty ones
// they would be another record, and the mirrored one would be gone.
func TestRecordsWithoutTheirFieldsSayNothingAboutADeadline(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		w.odoo.Fail(odootest.Fault{
			Kind: odootest.WrongResult, Model: bir.Model, Method: "search_read", Times: -1, Result: []any{map[string]any{"id": int64(1)}},
		})
		syncThrough(w, p)
		w.odoo.ClearFaults()
		if items, link := w.plane.Items(), w.link(); len(items) != 1 || items[0].StateGroup == "cancelled" || link.State != mapping.Linked {
			t.Errorf("Plane has %d work items, the first is %s, and its link is %s; want the one as it was", len(items), items[0].StateGroup, link.State)
		}
	})
}
