package migrations_test

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// A replica of the previous release reads and writes the old names while this one
// reads and writes the new: each sees what the other wrote.
func TestARenamedColumnHoldsWhatEitherReleaseWrites(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	const (
		link  = `INSERT INTO ops.plane_sync_mappings (flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, state) VALUES ('f', 'm', 1, 'm,1', 'w', 'p', 'intended')`
		item  = `INSERT INTO ops.work_items (work_item_ref, system, external_id, title, status, updated_at) VALUES ('plane:1', 'plane', '1', 't', 's', now())`
		swept = `(flow, plane_project_id, started_at, items, requests, deleted, archived, drifted, doubled, orphaned, webhook_silent, `
		found = `) VALUES ('f', 'p', now(), 1, 1, 0, 0, 0, 0, 0, false, `
	)
	for _, row := range []struct{ name, write, read, want string }{
		{"a link of this release", "UPDATE ops.plane_sync_mappings SET notified = 'new'", "SELECT told FROM ops.plane_sync_mappings", "new"},
		{"a link of the previous release", "UPDATE ops.plane_sync_mappings SET told = 'old'", "SELECT notified FROM ops.plane_sync_mappings", "old"},
		{"a link that this release clears", "UPDATE ops.plane_sync_mappings SET notified = ''", "SELECT told FROM ops.plane_sync_mappings", ""},
		{"a row of this release", "UPDATE ops.work_items SET reported_at = '2026-03-01Z'", "SELECT (heard_at = '2026-03-01Z')::text FROM ops.work_items", "true"},
		{"a row of the previous release", "UPDATE ops.work_items SET heard_at = '2026-03-02Z'", "SELECT (reported_at = '2026-03-02Z')::text FROM ops.work_items", "true"},
		{"a row that this release clears", "UPDATE ops.work_items SET reported_at = NULL", "SELECT (heard_at IS NULL)::text FROM ops.work_items", "true"},
		{"a sweep of this release", "INSERT INTO ops.sweeps " + swept + "missed" + found + "3)", "SELECT untold::text FROM ops.sweeps ORDER BY id DESC LIMIT 1", "3"},
		{"a sweep of the previous release", "INSERT INTO ops.sweeps " + swept + "untold" + found + "4)", "SELECT missed::text FROM ops.sweeps ORDER BY id DESC LIMIT 1", "4"},
	} {
		for _, sql := range []string{link + " ON CONFLICT DO NOTHING", item + " ON CONFLICT DO NOTHING", row.write} {
			if _, err := pool.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", row.name, err)
			}
		}
		var got string
		if err := pool.QueryRow(t.Context(), row.read).Scan(&got); err != nil || got != row.want {
			t.Errorf("%s: %q, %v; want %q", row.name, got, err, row.want)
		}
	}
}
