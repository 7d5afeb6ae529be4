package engine

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
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
