package mirror

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// spentBudget has no room for anybody.
type spentBudget struct{}

func (spentBudget) Wait(context.Context, plane.Lane) error {
	return &plane.BusyError{Until: time.Now().Add(time.Minute)}
}

func (spentBudget) Observe(context.Context, plane.Observation) {}

// lookedAt is a flow that is not asked for anything but where it mirrors into.
type lookedAt struct{ bridge.Flow }

func (lookedAt) Scope() mapping.Scope {
	return mapping.Scope{Flow: "bir", Workspace: "w", ProjectID: "p"}
}

func (lookedAt) Ownership() mapping.Ownership { return nil }

// While a first mirroring takes the whole rate limit, the next sync comes: nothing is
// wrong.
func TestAPlanThatHasToWaitForTheRateLimitWarnsOfNothing(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	var log strings.Builder
	client, err := plane.New(plane.Config{BaseURL: "http://127.0.0.1:1", Workspace: "w", Auth: plane.APIKey("none"), Budget: spentBudget{}})
	if err != nil {
		t.Fatal(err)
	}
	mirror := New(pool, client, 0.2, observe.NewMetrics(pool, nil, nil), slog.New(slog.NewTextHandler(&log, nil)))
	flow := lookedAt{}
	plan := Plan{Scope: flow.Scope(), Steps: []Step{{Action: ActionCreate, Item: bridge.WantedItem{Key: "m,1", Fields: mapping.Fields{Name: "a"}}}}}
	if err := mirror.look(t.Context(), flow, &plan, nil); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); !strings.Contains(said, "could not be asked") || strings.Contains(said, "level=WARN") {
		t.Errorf("the plan says of a rate limit that is spent:\n%s", said)
	}
}
