package ledger

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// ofProject is a flow of which only the project counts.
type ofProject struct {
	bridge.Flow
	id string
}

func (f ofProject) Scope() mapping.Scope {
	return mapping.Scope{Flow: "bir", Workspace: "w", ProjectID: f.id}
}

// A brake often holds because the wrong project is set. Once another is, no sweep of
// the old one will ever let it go.
func TestTheAlarmsOfAFormerProjectEndWithIt(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	for _, project := range []string{"p", "former"} {
		_, err := pool.Exec(t.Context(), `INSERT INTO ops.brakes (flow, plane_project_id, direction, held, linked, why) VALUES ('bir', $1, 'from_plane', 30, 60, 'missing')`, project)
		if err != nil {
			t.Fatal(err)
		}
		_, err = pool.Exec(t.Context(), `INSERT INTO ops.sweeps (flow, plane_project_id, started_at, finished_at, items, requests, untold, deleted,
			archived, drifted, doubled, orphaned, webhook_silent) VALUES ('bir', $1, now(), now(), 3, 1, 3, 0, 0, 0, 0, 0, true)`, project)
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, all := range [][]bridge.Flow{nil, {ofProject{id: "p"}}} {
		if err := ForgetFormer(t.Context(), pool, all); err != nil {
			t.Fatal(err)
		}
		want := 2 - len(all)
		held, err := HeldBrakes(t.Context(), pool)
		if err != nil || len(held) != want || held[len(held)-1].ProjectID != "p" {
			t.Errorf("with %d flows the brakes that hold are %+v, %v; want %d, that of the project that is mirrored into among them", len(all), held, err, want)
		}
		var silent int
		err = pool.QueryRow(t.Context(), "SELECT count(*) FROM ops.sweeps WHERE webhook_silent").Scan(&silent)
		if err != nil || silent != want {
			t.Errorf("with %d flows there are %d silences, %v; want %d", len(all), silent, err, want)
		}
	}
}
