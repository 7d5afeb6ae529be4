package engine

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

func TestManyRefusalsCostOneSweepAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var asked []time.Duration
		began := time.Now()
		owed := newSweepOwed(func(context.Context) error { asked = append(asked, time.Since(began)); return nil }, slog.New(slog.DiscardHandler))
		go owed.run(ctx)
		for range 1000 {
			owed.note()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		// 100 s of refusals: after 10 s, a minute later, and one for what came after that.
		if len(asked) != 2 && len(asked) != 3 {
			t.Errorf("sweeps were asked for after %v, want one a minute", asked)
		}
		if asked[0] != owedAfter {
			t.Errorf("the first sweep was asked for after %s, want %s", asked[0], owedAfter)
		}
		if last := asked[len(asked)-1]; last < 100*time.Second {
			t.Errorf("the last sweep was asked for after %s, before the last refusal", last)
		}
		stop()
	})
}

func TestASweepIsOwedUntilTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		back, queued := time.Now().Add(time.Hour), 0
		owed := newSweepOwed(func(context.Context) error {
			if time.Now().Before(back) {
				return errors.New("the database is away")
			}
			queued++
			return nil
		}, slog.New(slog.DiscardHandler))
		go owed.run(ctx)
		owed.note()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if queued != 1 {
			t.Errorf("%d sweeps were queued, want 1", queued)
		}
		stop()
	})
}

// An outage has a line of its own; that a sweep is owed because of it is not said every
// few seconds.
func TestASweepThatCannotBeQueuedYetIsToldOfOnceAMinute(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	jobs, err := queue.New(pool, queue.Config{InstanceID: t.Name(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	client, err := plane.New(plane.Config{BaseURL: "http://127.0.0.1:1", Workspace: "acme", Auth: plane.APIKey("none")})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	b := New(Config{Pool: pool, Queue: jobs, Plane: client, Metrics: NewMetrics(pool), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		b.owed.queue = func(context.Context) error { return errors.New("the database is away") }
		b.owed.owed = make(chan struct{}, 1)
		go b.owed.run(ctx)
		b.owed.note()
		time.Sleep(10*time.Minute + owedAfter)
		synctest.Wait()
		stop()
		synctest.Wait()
		if n := strings.Count(log.String(), "no sweep can be queued yet"); n < 1 || n > 11 {
			t.Errorf("ten minutes without a database are %d lines about the sweep, want one a minute at most", n)
		}
	})
}
