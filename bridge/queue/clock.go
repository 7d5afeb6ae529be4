package queue

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
)

const (
	// measureClockEvery is how often the clocks are compared while the bridge runs.
	measureClockEvery = time.Minute
	// clocksApart is from when on people are told that the clocks differ.
	clocksApart = 5 * time.Second
)

// databaseClock tells the time as the database has it: as it was when it was last
// asked, and what has passed since. The queue's times are compared with the database's
// now(), so a bridge whose own clock is ahead would otherwise set work for a time that
// does not come. Replicas agree by it as well. A machine's clock that is set while the
// bridge runs changes nothing, because what has passed is taken from the steady clock.
type databaseClock struct {
	// own is this machine's clock, and ask asks the database.
	own func() time.Time
	ask func(ctx context.Context, db pgclock.Database) (time.Time, error)
	// last is the last comparison; nil before the first.
	last atomic.Pointer[comparison]
}

// comparison is one moment by both clocks.
type comparison struct{ database, own time.Time }

// ahead is by how much the database's clock was ahead of the machine's.
func (c comparison) ahead() time.Duration { return c.database.Sub(c.own) }

func newDatabaseClock(own func() time.Time) *databaseClock {
	if own == nil {
		own = time.Now
	}
	return &databaseClock{own: own, ask: pgclock.Now}
}

// Now is the database's time; before the first comparison it is the machine's.
func (c *databaseClock) Now() time.Time {
	now, last := c.own(), c.last.Load()
	if last == nil {
		return now
	}
	return last.database.Add(now.Sub(last.own))
}

// NowOrNil lets the queue's statements use the database's own now().
func (c *databaseClock) NowOrNil() *time.Time { return nil }

// measure compares the clocks. The answer counts as given halfway between the question
// and its arrival.
func (c *databaseClock) measure(ctx context.Context, db pgclock.Database) (comparison, error) {
	asked := c.own()
	now, err := c.ask(ctx, db)
	if err != nil {
		return comparison{}, err
	}
	measured := comparison{database: now, own: asked.Add(c.own().Sub(asked) / 2)}
	c.last.Store(&measured)
	return measured, nil
}

// databaseTimes lets a job that is to begin at once begin by the database's clock. The
// library's driver takes this machine's time where it is told none, whatever clock the
// library was given, and the work of a bridge that is twenty minutes ahead would begin in
// twenty minutes. The statement reads a zero time as now(); a copy (InsertManyFast) would
// store it, so jobs are not queued that way.
type databaseTimes struct{ river.MiddlewareDefaults }

// InsertMany leaves the time of jobs that have none of their own to the database.
func (*databaseTimes) InsertMany(ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	for _, job := range jobs {
		if job.ScheduledAt == nil {
			job.ScheduledAt = &time.Time{}
		}
	}
	return insert(ctx)
}

// keep compares the clocks from time to time until the context ends. While the
// database cannot be asked, the last comparison stands.
func (c *databaseClock) keep(ctx context.Context, db pgclock.Database) {
	ticker := time.NewTicker(measureClockEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			asking, cancel := context.WithTimeout(ctx, probeFor)
			_, _ = c.measure(asking, db) // The outage is told of by whoever watches the database.
			cancel()
		}
	}
}

// rescueAfter is when a job counts as left behind, for the queue's rescuer, which
// compares this machine's clock with the time that the database noted. It is never
// earlier than meant: a job that is under way would be begun a second time.
func (c *databaseClock) rescueAfter() time.Duration {
	last := c.last.Load()
	if last == nil {
		return rescueAfter
	}
	return rescueAfter + max(0, -last.ahead())
}

// ClockNote tells when this machine's clock and the database's are apart. Work is set
// by the database's clock and goes on; what else knows the time does not: certificates,
// tokens, and what "today" is.
func ClockNote(ctx context.Context, pool *pgxpool.Pool) error {
	return clockNote(ctx, pool, newDatabaseClock(nil))
}

func clockNote(ctx context.Context, pool *pgxpool.Pool, clock *databaseClock) error {
	measured, err := clock.measure(ctx, pool)
	if err != nil {
		return err
	}
	ahead, which := measured.ahead(), "behind"
	if ahead < 0 {
		ahead, which = -ahead, "ahead of"
	}
	if ahead < clocksApart {
		return nil
	}
	return &bridge.Note{Text: fmt.Sprintf("this machine's clock is %s %s the database's; let both be set by the same time service", ahead.Round(time.Second), which)}
}
