package main

import (
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

func TestOneOffCommandsCountInTheSharedBudget(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	code, stdout, _ := s.command("check")
	if code != exitDone || !strings.Contains(stdout, "100000 requests per minute") {
		t.Errorf("check = %d, without the limit in force:\n%s", code, stdout)
	}
	var rows, used int
	err := s.pool.QueryRow(t.Context(), `SELECT count(*), sum(jsonb_array_length(window_state -> 'log')) FROM ops.rate_budgets`).Scan(&rows, &used)
	if err != nil || rows != 1 {
		t.Fatalf("%d rows (%v), want the key's", rows, err)
	}
	if asked := s.plane.RequestTotal(); used == 0 || used > asked {
		t.Errorf("the budget holds %d requests of the %d that Plane got", used, asked)
	}
}

func TestCheckSpeaksToPlaneBeforeTheDatabaseIsMigrated(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.settings["DATABASE_URL"] = pgtest.EmptyDSN(t)
	_, stdout, _ := s.command("check")
	for _, want := range []string{"some are pending", "belongs to bridge", "requests per minute"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("check says nothing of %q:\n%s", want, stdout)
		}
	}
}
