package sweep

import (
	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

const sqlSilentByProject = `SELECT swept.plane_project_id, '', (silent.plane_project_id IS NOT NULL)::int::bigint
	FROM (SELECT DISTINCT plane_project_id FROM ops.sweeps) AS swept
	LEFT JOIN (SELECT DISTINCT plane_project_id FROM (` + sqlSilences + `) AS known) AS silent USING (plane_project_id)`

// Gauges are what is shown of webhooks that are silent.
func Gauges() []bridge.Gauge {
	return []bridge.Gauge{{Name: "bridge_webhook_silent", Help: "Whether Plane's webhook is silent for a project (1) or not (0), until one comes again.", Labels: []string{"project"}, SQL: sqlSilentByProject}}
}
