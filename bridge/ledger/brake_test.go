package ledger

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// A single record that is deleted must not stop a company that has few, and many at once
// are more likely a fault on the way.
func TestTheBrakeHoldsBeyondItsShareAndNeverAFew(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rule         string
		gone, linked int
		share        float64
		holds        bool
	}{
		{"none that is gone holds nothing", 0, 0, 0, false},
		{"two may go freely, whatever the share", 2, 2, 0, false},
		{"three of three are more than a few", 3, 3, 0.2, true},
		{"just the share may go", 20, 100, 0.2, false},
		{"one beyond the share holds", 21, 100, 0.2, true},
		{"few of many may go", 3, 100, 0.2, false},
		{"a share of nothing holds whatever is more than a few", 3, 100, 0, true},
		{"the whole share never holds", 100, 100, 1, false},
	} {
		t.Run(row.rule, func(t *testing.T) {
			t.Parallel()
			if holds := Brakes(row.gone, row.linked, row.share); holds != row.holds {
				t.Errorf("%d of %d at a share of %.1f: %t", row.gone, row.linked, row.share, holds)
			}
		})
	}
}

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
		_, err = pool.Exec(t.Context(), `INSERT INTO ops.sweeps (flow, plane_project_id, started_at, finished_at, items, requests, missed, deleted,
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
