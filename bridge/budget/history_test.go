package budget

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// spending is one thing that a replica does to the shared budget: it asks for a place,
// or notes an answer. at is the time that the database gave it.
type spending struct {
	lane     plane.Lane
	answered bool
	at       time.Time
}

// do does it to a window, and returns how long there is no place.
func (s spending) do(w *plane.Window) time.Duration {
	if s.answered {
		w.Observe(s.at, answer())
		return 0
	}
	return until(w.Reserve(s.at, s.lane), s.at)
}

// What several replicas do to one budget at once is as if one had followed the other
// over a single window: no place is given twice, and no answer is lost.
func TestTheHistoryOfASharedBudgetHasAnOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		pool := pgtest.Pool(t)
		var replicas []*Budget
		// Time passes with each look, so that places are given all the while.
		var looks atomic.Int64
		now := func() time.Time {
			return time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC).Add(time.Duration(looks.Add(1)) * 400 * time.Millisecond)
		}
		for range 3 {
			b := New(pool, func() Key { return NewKey("http://plane.example", budgetedKey) }, slog.New(slog.DiscardHandler))
			b.store.now = now
			replicas = append(replicas, b)
		}
		history := budgetHistory(t, replicas, seed)
		if !porcupine.CheckOperations(windowModel(), history) {
			t.Errorf("seed %d: no order of these explains who was given a place: %+v", seed, history)
		}
	}
}

// kept is the window as it is stored, and the time of the look that stored it.
type kept struct {
	window string
	at     time.Time
}

// windowModel is the budget as one process alone would keep it: time goes on from one
// look to the next.
func windowModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return kept{window: "{}"} },
		Step: func(state, input, output any) (bool, any) {
			before, step := state.(kept), input.(spending)
			var w plane.Window
			if err := json.Unmarshal([]byte(before.window), &w); err != nil {
				panic(err)
			}
			wait := step.do(&w)
			after := kept{text(w), step.at}
			if wait > 0 {
				after.window = before.window // Nothing is kept of asking in vain.
			}
			return output == wait && step.at.After(before.at), after
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
				step := spending{lane: lanes[r.IntN(len(lanes))], answered: r.IntN(3) == 0}
				called := time.Since(begun)
				var wait time.Duration
				err := b.store.change(t.Context(), b.key(), func(w *plane.Window, now time.Time) bool {
					step.at = now
					wait = step.do(w)
					return wait == 0
				})
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
