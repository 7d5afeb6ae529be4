package ledger

import (
	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

const (
	sqlDeliveriesByStatus = `SELECT known.status, '', coalesce(counted.n, 0)
		FROM unnest(ARRAY['received', 'processed', 'failed', 'ignored', 'dead']) AS known (status)
		LEFT JOIN (SELECT status, count(*) AS n FROM ops.plane_webhook_deliveries GROUP BY status) AS counted USING (status)`

	sqlHeldByDirection = `SELECT known.direction, '', coalesce(sum(b.held), 0)::bigint
		FROM unnest(ARRAY['to_plane', 'from_plane']) AS known (direction) LEFT JOIN ops.brakes b USING (direction) GROUP BY known.direction`

	// A link with an error counts twice, by its state and as an error.
	sqlLinksByState = `SELECT known.state, '', count(m.id)
		FROM unnest(ARRAY['intended', 'linked', 'cancelled', 'broken', 'error']) AS known (state)
		LEFT JOIN ops.plane_sync_mappings m
			ON m.state = known.state OR known.state = 'error' AND m.last_error IS NOT NULL AND m.state <> 'broken'
		GROUP BY known.state`
)

// Gauges are what is shown of deliveries, links and brakes.
func Gauges() []bridge.Gauge {
	return []bridge.Gauge{
		{Name: "bridge_deliveries", Help: "Deliveries in the ledger by status.", Labels: []string{"status"}, SQL: sqlDeliveriesByStatus},
		{Name: "bridge_links", Help: "Links by state; error are those, of any state but broken, whose work item is not as Odoo wants it.", Labels: []string{"state"}, SQL: sqlLinksByState},
		{Name: "bridge_brake_held", Help: "What the brake holds now by direction: records gone from Odoo (to_plane), work items missing from Plane's list (from_plane).", Labels: []string{"direction"}, SQL: sqlHeldByDirection},
	}
}
