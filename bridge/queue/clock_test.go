package queue

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// A bridge whose clock is wrong starts its schedules, puts work back and tries it
// again as any other: the queue's times are the database's.
func TestABridgeWhoseClockIsWrongWorksAllTheSame(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.Pool(t)
			queue, err := New(pool, Config{
				InstanceID: t.Name(), Workers: 1, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().Add(off) },
			})
			if err != nil {
				t.Fatal(err)
			}
			runs := make(chan time.Time, 10)
			workers := river.NewWorkers()
			river.AddWorker(workers, NewWorker(
				NewFinisher(queue, NewOutages(queue, nil, nil, nil, slog.New(slog.DiscardHandler)), observe.NewMetrics(pool, Kinds(), nil), slog.New(slog.DiscardHandler)), 0,
				func(_ context.Context, job *river.Job[CleanupJob]) bridge.Verdict {
					runs <- time.Now()
					switch {
					case len(job.Errors) > 0:
						return bridge.Done("")
					case snoozes(job.Metadata) == 0:
						return bridge.Snooze(time.Now().Add(time.Second), "once more")
					default:
						return bridge.RetryLater(bridge.CauseData, errors.New("fails once"))
					}
				}))
			atStart := river.NewPeriodicJob(river.PeriodicInterval(time.Hour), func() (river.JobArgs, *river.InsertOpts) {
				return CleanupJob{}, nil
			}, &river.PeriodicJobOpts{RunOnStart: true})
			ctx, cancel := context.WithCancel(t.Context())
			stop, err := queue.Work(ctx, workers, []*river.PeriodicJob{atStart})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				cancel()
				if err := stop(context.WithoutCancel(ctx)); err != nil {
					t.Error(err)
				}
			}()
			first := nextRun(t, runs, "at the start")
			second := nextRun(t, runs, "after it was snoozed for a second")
			third := nextRun(t, runs, "again after it failed")
			if waited := second.Sub(first); waited < 900*time.Millisecond {
				t.Errorf("work that was snoozed for a second ran after %s", waited)
			}
			if waited := third.Sub(second); waited < firstRetry/2 {
				t.Errorf("work that failed ran again after %s, want about %s", waited, firstRetry)
			}
		})
	}
}

// The library's driver would note this machine's time, and the jobs of a bridge whose
// clock is ahead would wait until that has come.
func TestWhatIsQueuedBeginsByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	queue, err := New(pool, Config{InstanceID: t.Name(), Workers: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if err := queue.EnqueueDelivery(t.Context(), tx, uuid.New()); err != nil {
		t.Fatal(err)
	}
	var begins bool
	const sql = `SELECT scheduled_at = now() FROM ops.river_job WHERE kind = 'plane_delivery'`
	if err := tx.QueryRow(t.Context(), sql).Scan(&begins); err != nil {
		t.Fatal(err)
	}
	if !begins {
		t.Error("a delivery begins by another clock than the database's")
	}
	if n, err := queue.MirrorAll(t.Context(), "bir", []MirrorJob{{Flow: "bir", Key: "a,1"}, {Flow: "bir", Key: "a,2"}}); err != nil || n != 2 {
		t.Fatalf("queueing two records: %d, %v", n, err)
	}
	var apart float64
	const sqlApart = `SELECT max(abs(extract(epoch FROM now() - scheduled_at))) FROM ops.river_job WHERE kind = 'mirror_entity'`
	if err := pool.QueryRow(t.Context(), sqlApart).Scan(&apart); err != nil || apart > 60 {
		t.Errorf("what a sync queues begins %.0f s from now: %v", apart, err)
	}
}

func snoozes(metadata []byte) int { return strings.Count(string(metadata), `"snoozes"`) }

func nextRun(t *testing.T, runs <-chan time.Time, when string) time.Time {
	t.Helper()
	select {
	case at := <-runs:
		return at
	case <-time.After(20 * time.Second):
		t.Fatalf("the work does not run %s", when)
		return time.Time{}
	}
}

func TestClocksThatAreApartAreTold(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	for off, want := range map[time.Duration]string{
		0: "", 2 * time.Second: "", -2 * time.Second: "", 90 * time.Second: "1m30s ahead of the database's", -90 * time.Second: "1m30s behind the database's",
	} {
		err := clockNote(t.Context(), pool, newDatabaseClock(func() time.Time { return time.Now().Add(off) }))
		var note *bridge.Note
		switch {
		case want == "" && err != nil:
			t.Errorf("%s off: %v, want nothing told", off, err)
		case want != "" && (!errors.As(err, &note) || !strings.Contains(note.Text, want)):
			t.Errorf("%s off: %v, want a note with %q", off, err, want)
		}
	}
}

func TestTheRescuerNeverComesEarlyBecauseOfAWrongClock(t *testing.T) {
	t.Parallel()
	for off, want := range map[time.Duration]time.Duration{0: rescueAfter, time.Hour: rescueAfter + time.Hour, -time.Hour: rescueAfter} {
		clock := newDatabaseClock(nil)
		now := time.Now()
		clock.last.Store(&comparison{database: now, own: now.Add(off)})
		if got := clock.rescueAfter(); got != want {
			t.Errorf("a clock that is %s off: rescued after %s, want %s", off, got, want)
		}
	}
}
