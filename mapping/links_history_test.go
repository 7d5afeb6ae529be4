package mapping_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// linkState is what a link has to be, in the simplest words; absent is the zero value.
type linkState struct {
	state mapping.State
	issue string
}

// linkStep is one thing that is done to a link.
type linkStep struct{ act, issue string }

// The acts, in the order in which their numbers are drawn.
var linkActs = []string{"intend", "claim", "withdraw", "bind", "confirm", "close", "unbind", "break", "read"}

// after is what an act makes of a link, and what the caller is told.
func (l linkState) after(step linkStep) (linkState, string) {
	switch {
	case step.act == "intend" && (l == linkState{} || l.state == mapping.Intended):
		return linkState{mapping.Intended, l.issue}, ""
	case step.act == "intend":
		return l, "linked"
	case step.act == "claim" && l == linkState{}:
		return linkState{mapping.Intended, ""}, ""
	case step.act == "claim":
		return l, ""
	case step.act == "read":
		return l, fmt.Sprint(l)
	case step.act == "withdraw" && l.state == mapping.Intended:
		return linkState{}, ""
	case step.act == "withdraw", l == linkState{}:
		return l, "no link"
	case step.act == "bind" && (l.issue == "" || l.issue == step.issue):
		return linkState{mapping.Linked, step.issue}, ""
	case step.act == "confirm" && l.issue == step.issue:
		return linkState{mapping.Linked, step.issue}, ""
	case step.act == "close" && l.issue == step.issue:
		return linkState{mapping.Cancelled, step.issue}, ""
	case step.act == "unbind":
		return linkState{mapping.Intended, ""}, ""
	case step.act == "break" && l.issue != "":
		return linkState{mapping.Broken, l.issue}, ""
	default:
		return l, "no link"
	}
}

// do is the same to a store.
func (step linkStep) do(ctx context.Context, store *mapping.Store) (string, error) {
	var err error
	switch step.act {
	case "intend":
		_, err = store.Intend(ctx, scope, key, 7, mapping.Fields{})
	case "claim":
		err = store.Claim(ctx, scope, key, 7)
	case "withdraw":
		err = store.Withdraw(ctx, scope, key)
	case "bind":
		err = store.Bind(ctx, scope, key, 7, step.issue, mapping.Content{})
	case "confirm":
		err = store.Confirm(ctx, scope, key, 7, step.issue, mapping.Content{})
	case "close":
		err = store.Close(ctx, scope, key, 7, step.issue, mapping.Content{})
	case "unbind":
		err = store.Unbind(ctx, scope, key)
	case "break":
		err = breakIfBound(ctx, store)
	default:
		return readState(ctx, store)
	}
	switch {
	case errors.Is(err, mapping.ErrLinked):
		return "linked", nil
	case errors.Is(err, mapping.ErrNoLink):
		return "no link", nil
	default:
		return "", err
	}
}

// breakIfBound marks a link as broken. An intention has no work item that could be
// archived, and the database refuses it.
func breakIfBound(ctx context.Context, store *mapping.Store) error {
	err := store.SetState(ctx, scope, key, mapping.Broken, "archived")
	if err != nil && !errors.Is(err, mapping.ErrNoLink) {
		return mapping.ErrNoLink
	}
	return err
}

func readState(ctx context.Context, store *mapping.Store) (string, error) {
	link, err := store.ByKey(ctx, scope, key)
	if errors.Is(err, mapping.ErrNoLink) {
		return fmt.Sprint(linkState{}), nil
	}
	return fmt.Sprint(linkState{link.State, link.Issue()}), err
}

func TestALinkIsAsItsStatesSay(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := pool.Exec(t.Context(), "DELETE FROM ops.plane_sync_mappings"); err != nil {
			t.Fatal(err)
		}
		store, model := mapping.NewStore(pool), linkState{}
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			step := linkStep{rapid.SampledFrom(linkActs).Draw(rt, "act"), rapid.SampledFrom([]string{"issue-1", "issue-2"}).Draw(rt, "issue")}
			next, want := model.after(step)
			got, err := step.do(t.Context(), store)
			if err != nil || got != want {
				rt.Fatalf("%s of %+v says %q, %v; want %q", step, model, got, err, want)
			}
			if now, err := readState(t.Context(), store); err != nil || now != fmt.Sprint(next) {
				rt.Fatalf("%s makes %s of %+v, %v; want %+v", step, now, model, err, next)
			}
			model = next
		}
	})
}

// Whatever many do to a link at once, it is as if one had followed the other.
func TestTheHistoryOfALinkHasAnOrder(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	model := porcupine.Model{
		Init: func() any { return linkState{} },
		Step: func(state, input, output any) (bool, any) {
			next, want := state.(linkState).after(input.(linkStep))
			return want == output, next
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v: %q", input, output) },
	}
	for seed := range uint64(20) {
		if _, err := pool.Exec(t.Context(), "DELETE FROM ops.plane_sync_mappings"); err != nil {
			t.Fatal(err)
		}
		history := linkHistory(t, mapping.NewStore(pool), seed)
		if !porcupine.CheckOperations(model, history) {
			t.Errorf("seed %d: no order of these explains what their callers were told: %+v", seed, history)
		}
	}
}

// linkHistory is what six callers do and are told at once.
func linkHistory(t *testing.T, store *mapping.Store, seed uint64) []porcupine.Operation {
	t.Helper()
	begun := time.Now()
	var mu sync.Mutex
	var all []porcupine.Operation
	var callers sync.WaitGroup
	for caller := range 6 {
		r := rand.New(rand.NewPCG(seed, uint64(caller)))
		callers.Go(func() {
			for range 8 {
				step := linkStep{linkActs[r.IntN(len(linkActs))], fmt.Sprint("issue-", r.IntN(2))}
				called := time.Since(begun)
				told, err := step.do(t.Context(), store)
				returned := time.Since(begun)
				if err != nil {
					t.Errorf("seed %d, %v: %v", seed, step, err)
					return
				}
				mu.Lock()
				all = append(all, porcupine.Operation{ClientId: caller, Input: step, Call: called.Nanoseconds(), Output: told, Return: returned.Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return all
}
