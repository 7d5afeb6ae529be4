package bridge

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// spentBudget has no room for anybody.
type spentBudget struct{}

func (spentBudget) Wait(context.Context, plane.Lane) error {
	return &plane.BusyError{Until: time.Now().Add(time.Minute)}
}

func (spentBudget) Observe(context.Context, plane.Observation) {}

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
	mirror := NewMirror(pool, client, 0.2, NewMetrics(pool), slog.New(slog.NewTextHandler(&log, nil)))
	plan := Plan{Scope: (&showingFlow{}).Scope(), Steps: []Step{{Action: ActionCreate, Item: WantedItem{Key: "m,1", Fields: tableContent}}}}
	if err := mirror.look(t.Context(), &showingFlow{}, &plan, nil); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); !strings.Contains(said, "could not be asked") || strings.Contains(said, "level=WARN") {
		t.Errorf("the plan says of a rate limit that is spent:\n%s", said)
	}
}
