package bridge

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

// LedgerGauges are what is shown of deliveries, links and brakes.
func LedgerGauges() []Gauge {
	return []Gauge{
		{"bridge_deliveries", "Deliveries in the ledger by status.", []string{"status"}, sqlDeliveriesByStatus},
		{"bridge_links", "Links by state; error are those, of any state but broken, whose work item is not as Odoo wants it.", []string{"state"}, sqlLinksByState},
		{"bridge_brake_held", "What the brake holds now by direction: records gone from Odoo (to_plane), work items missing from Plane's list (from_plane).", []string{"direction"}, sqlHeldByDirection},
	}
}
