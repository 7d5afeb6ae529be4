package plane

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// notedBudget notes in which order places are taken and what is observed.
type notedBudget struct{ events []string }

func (b *notedBudget) Wait(context.Context, Lane) error {
	b.events = append(b.events, "place")
	return nil
}

func (b *notedBudget) Observe(_ context.Context, o Observation) {
	if o.Unsent {
		b.events = append(b.events, "place given back")
	}
}

func TestACreateIsNotedBetweenItsPlaceAndItsRequest(t *testing.T) {
	t.Parallel()
	budget := &notedBudget{}
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		budget.events = append(budget.events, r.Method)
		if r.Method == http.MethodGet {
			return answer(r, 200, okUser), nil
		}
		return answer(r, 201, okItem), nil
	}), func(cfg *Config) { cfg.Budget = budget })
	ctx := WithBeforeCreate(t.Context(), func(context.Context) error {
		budget.events = append(budget.events, "noted")
		return nil
	})
	if _, err := c.Me(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateWorkItem(ctx, "p", paired); err != nil {
		t.Fatal(err)
	}
	if want := []string{"place", "GET", "place", "noted", "POST"}; !slices.Equal(budget.events, want) {
		t.Errorf("%v, want %v", budget.events, want)
	}
}

func TestACreateThatCannotBeNotedIsNotSentAndGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	budget, failure := &notedBudget{}, errors.New("the database is away")
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		budget.events = append(budget.events, r.Method)
		return answer(r, 201, okItem), nil
	}), func(cfg *Config) { cfg.Budget = budget })
	_, err := c.CreateWorkItem(WithBeforeCreate(t.Context(), func(context.Context) error { return failure }), "p", paired)
	if !errors.Is(err, failure) || errors.Is(err, ErrUncertain) {
		t.Errorf("error %v, want the note's own", err)
	}
	if want := []string{"place", "place given back"}; !slices.Equal(budget.events, want) {
		t.Errorf("%v, want %v", budget.events, want)
	}
}

func TestAStopLetsWhatWasSentBeAnsweredAndBeginsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop, stopNow := context.WithCancel(t.Context())
		sent := 0
		c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			sent++
			stopNow()
			time.Sleep(5 * time.Second)
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			return answer(r, 201, okItem), nil
		}))
		ctx := WithStop(t.Context(), stop)
		if made, err := c.CreateWorkItem(ctx, "p", paired); err != nil || made.ID != "i" {
			t.Errorf("the create under way when the stop came: %q, %v", made.ID, err)
		}
		start := time.Now()
		if _, err := c.CreateWorkItem(ctx, "p", paired); !errors.Is(err, context.Canceled) || sent != 1 || time.Since(start) > 0 {
			t.Errorf("a create after the stop: %v, %d requests, %s", err, sent, time.Since(start))
		}
	})
}

// A budget that has room need not look whether anybody still waits for it.
func TestAStopBeginsNothingWhateverTheBudgetHas(t *testing.T) {
	t.Parallel()
	budget, sent := &notedBudget{}, 0
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		sent++
		return answer(r, 200, okUser), nil
	}), func(cfg *Config) { cfg.Budget = budget })
	stop, stopNow := context.WithCancel(t.Context())
	stopNow()
	if _, err := c.Me(WithStop(t.Context(), stop)); !errors.Is(err, context.Canceled) || sent > 0 {
		t.Errorf("error %v, %d requests", err, sent)
	}
}

func TestAStopEndsTheWaitForARepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		server := &script{steps: []step{says(500, ``), says(200, `{}`)}}
		if _, err := clientOver(t, server).Me(WithStop(t.Context(), stop)); !errors.Is(err, ErrServer) || len(server.asked) != 1 {
			t.Errorf("%d requests, %v", len(server.asked), err)
		}
	})
}

func TestEveryClientHasATimeout(t *testing.T) {
	t.Parallel()
	c := clientOver(t, http.DefaultTransport, func(cfg *Config) { cfg.HTTPClient = &http.Client{} })
	if c.http.Timeout != DefaultTimeout || c.SettledAfter() <= DefaultTimeout {
		t.Errorf("timeout %s, settled after %s", c.http.Timeout, c.SettledAfter())
	}
}
