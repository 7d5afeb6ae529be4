package budget

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// spending is one thing that a replica does to the shared budget: it asks for a place,
// or notes an answer.
type spending struct {
	lane     plane.Lane
	answered bool
}

// What several replicas do to one budget at once is as if one had followed the other
// over a single window: no place is given twice, and no answer is lost.
func TestTheHistoryOfASharedBudgetHasAnOrder(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	for seed := range uint64(10) {
		pool := pgtest.Pool(t)
		var replicas []*Budget
		for range 3 {
			b := New(pool, func() Key { return NewKey("http://plane.example", budgetedKey) }, slog.New(slog.DiscardHandler))
			b.store.now = func() time.Time { return now }
			replicas = append(replicas, b)
		}
		history := budgetHistory(t, replicas, seed)
		if !porcupine.CheckOperations(windowModel(now), history) {
			t.Errorf("seed %d: no order of these explains who was given a place: %+v", seed, history)
		}
	}
}

// windowModel is the budget as one process alone would keep it.
func windowModel(now time.Time) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return "{}" },
		Step: func(state, input, output any) (bool, any) {
			var w plane.Window
			if err := json.Unmarshal([]byte(state.(string)), &w); err != nil {
				panic(err)
			}
			step := input.(spending)
			if step.answered {
				w.Observe(now, answer())
				return true, text(w)
			}
			wait := until(w.Reserve(now, step.lane), now)
			if wait > 0 {
				return output == wait, state // Nothing is kept of asking in vain.
			}
			return output == wait, text(w)
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %v", input, output) },
	}
}

func answer() plane.Observation {
	return plane.Observation{Status: http.StatusOK, Remaining: -1}
}

func text(w plane.Window) string {
	state, err := json.Marshal(w)
	if err != nil {
		panic(err)
	}
	return string(state)
}

// budgetHistory is what six callers in three replicas do and are told at once.
func budgetHistory(t *testing.T, replicas []*Budget, seed uint64) []porcupine.Operation {
	t.Helper()
	lanes := []plane.Lane{plane.LaneInteractive, plane.LaneBackfill, plane.LaneSweep}
	begun := time.Now()
	var mu sync.Mutex
	var all []porcupine.Operation
	var callers sync.WaitGroup
	for caller := range 6 {
		r := rand.New(rand.NewPCG(seed, uint64(caller)))
		b := replicas[caller%len(replicas)]
		callers.Go(func() {
			for range 5 {
				step := spending{lanes[r.IntN(len(lanes))], r.IntN(4) == 0}
				called := time.Since(begun)
				var wait time.Duration
				var err error
				if step.answered {
					err = b.store.change(t.Context(), b.key(), func(w *plane.Window, now time.Time) bool { w.Observe(now, answer()); return true })
				} else {
					wait, err = b.ask(t.Context(), step.lane)
				}
				if err != nil {
					t.Errorf("seed %d, %+v: %v", seed, step, err)
					return
				}
				mu.Lock()
				all = append(all, porcupine.Operation{ClientId: caller, Input: step, Call: called.Nanoseconds(), Output: wait, Return: time.Since(begun).Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return all
}
