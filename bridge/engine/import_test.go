package engine_test

import (
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// A create that was cut off may still take effect; a record that is linked to another
// work item meanwhile would have two.
func TestAnImportWaitsOutACreateThatIsUnderWay(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		_, err := w.queue.Exec(p.ctx, `UPDATE ops.plane_sync_mappings SET state = 'intended', plane_issue_id = NULL, last_synced_at = NULL,
				create_sent_at = clock_timestamp();
			CREATE SCHEMA plane; CREATE TABLE plane.sync_mappings
			(source_system text, source_id text, source_type text, target_id uuid, target_type text, last_synced_at timestamptz)`)
		w.must(err)
		other, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "from before the bridge"})
		w.must(err)
		_, err = w.queue.Exec(p.ctx, "INSERT INTO plane.sync_mappings VALUES ('odoo', '1', 'bir.filing.deadline', $1, 'issue', now())", other)
		w.must(err)
		lines, err := p.bridge.Auditor().Import(p.ctx, p.bridge.Flows()[0], false)
		if err != nil || len(lines) != 1 || lines[0].Imported || !strings.Contains(lines[0].Why, "may still take effect") {
			t.Errorf("the import says %+v, %v; want the row left to another run", lines, err)
		}
		if w.plane.Writes(other) != 0 {
			t.Error("the import wrote to the work item all the same")
		}
	})
}
