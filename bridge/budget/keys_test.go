package budget

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

func TestTheTableHoldsNoKeyAndARotatedKeyStartsAfresh(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	credential := "first-secret-key"
	budget := New(pool, func() Key {
		return NewKey("https://plane.example.com/api/v1/", credential)
	}, slog.New(slog.DiscardHandler))
	for _, credential = range []string{"first-secret-key", "second-secret-key"} {
		if err := budget.Wait(t.Context(), plane.LaneInteractive); err != nil {
			t.Fatal(err)
		}
		budget.Observe(t.Context(), roomyPlane)
		if used := budget.Status(t.Context()).Used; used != 1 {
			t.Errorf("%d requests are counted for a key that sent one", used)
		}
	}
	rows, err := pool.Query(t.Context(), `SELECT b::text FROM ops.rate_budgets b`)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(stored) != 2 {
		t.Fatalf("%d rows, %v; want one for each key", len(stored), err)
	}
	if all := strings.Join(stored, "\n"); strings.Contains(all, "secret") {
		t.Errorf("a key stands in the table: %s", all)
	}
}

func TestARowThatNobodyUsesGoesWhenANewKeyComes(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	budgetOf := func(key string) *Budget {
		return New(pool, fixedKey(key), slog.New(slog.DiscardHandler))
	}
	if err := budgetOf("old").Wait(t.Context(), plane.LaneBackfill); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE ops.rate_budgets SET updated_at = now() - interval '25 hours'`); err != nil {
		t.Fatal(err)
	}
	if err := budgetOf("new").Wait(t.Context(), plane.LaneBackfill); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM ops.rate_budgets`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows (%v), want only the new key's", rows, err)
	}
}

func TestWithoutADatabaseNothingIsSentAndTheErrorSaysSo(t *testing.T) {
	t.Parallel()
	pool := openPool(t, "postgres://nobody@127.0.0.1:1/none?sslmode=disable", nil)
	var logged bytes.Buffer
	budget := New(pool, fixedKey(budgetedKey), slog.New(slog.NewTextHandler(&logged, nil)))
	err := budget.Wait(t.Context(), plane.LaneInteractive)
	if !errors.Is(err, plane.ErrBudgetUnavailable) {
		t.Errorf("error %v, want plane.ErrBudgetUnavailable", err)
	}
	if v := bridge.VerdictOfPlane(err); v.Kind != bridge.VerdictRetry || v.Cause != bridge.CauseOurs {
		t.Errorf("verdict %s for %s; it is for us to retry", v.Name(), v.Cause)
	}
	budget.Observe(t.Context(), roomyPlane)
	if !strings.Contains(logged.String(), "could not be noted") {
		t.Errorf("an observation was lost in silence: %q", logged.String())
	}
	if s := budget.Status(t.Context()); s.Limit != 0 {
		t.Errorf("status %+v out of nowhere", s)
	}
}
