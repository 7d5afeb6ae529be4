package bridge

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// measureClockEvery is how often the clocks are compared while the bridge runs.
	measureClockEvery = time.Minute
	// clocksApart is from when on people are told that the clocks differ.
	clocksApart = 5 * time.Second
)

// databaseClock tells the time as the database has it: that of this machine, and by
// how much the two were apart when they were last compared. The queue's times are
// compared with the database's now(), so a bridge whose own clock is ahead would
// otherwise set work for a time that does not come. Replicas agree by it as well.
type databaseClock struct {
	// wall is this machine's clock.
	wall func() time.Time
	// ahead is by how much the database's is ahead of it, in nanoseconds.
	ahead atomic.Int64
}

func newDatabaseClock(wall func() time.Time) *databaseClock {
	if wall == nil {
		wall = time.Now
	}
	return &databaseClock{wall: wall}
}

// Now is the database's time.
func (c *databaseClock) Now() time.Time { return c.wall().Add(time.Duration(c.ahead.Load())) }

// NowOrNil lets the queue's statements use the database's own now().
func (c *databaseClock) NowOrNil() *time.Time { return nil }

// measure compares the clocks. The answer counts as given halfway between the question
// and its arrival.
func (c *databaseClock) measure(ctx context.Context, db querier) error {
	asked := c.wall()
	now, err := databaseTime(ctx, db)
	if err != nil {
		return err
	}
	c.ahead.Store(int64(now.Sub(asked.Add(c.wall().Sub(asked) / 2))))
	return nil
}

// keep compares the clocks from time to time until the context ends. While the
// database cannot be asked, the last comparison stands.
func (c *databaseClock) keep(ctx context.Context, db querier) {
	ticker := time.NewTicker(measureClockEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			asking, cancel := context.WithTimeout(ctx, probeFor)
			_ = c.measure(asking, db) // The outage is told of by whoever watches the database.
			cancel()
		}
	}
}

// rescueAfter is when a job counts as left behind, for the queue's rescuer, which
// compares this machine's clock with the time that the database noted. It is never
// earlier than meant: a job that is under way would be begun a second time.
func (c *databaseClock) rescueAfter() time.Duration {
	return rescueAfter + max(0, -time.Duration(c.ahead.Load()))
}

// ClockNote tells when this machine's clock and the database's are apart. Work is set
// by the database's clock and goes on; what else knows the time does not: certificates,
// tokens, and what "today" is.
func ClockNote(ctx context.Context, pool *pgxpool.Pool) error {
	return clockNote(ctx, pool, newDatabaseClock(nil))
}

func clockNote(ctx context.Context, pool *pgxpool.Pool, clock *databaseClock) error {
	if err := clock.measure(ctx, pool); err != nil {
		return err
	}
	ahead, which := time.Duration(clock.ahead.Load()), "behind"
	if ahead < 0 {
		ahead, which = -ahead, "ahead of"
	}
	if ahead < clocksApart {
		return nil
	}
	return &Note{fmt.Sprintf("this machine's clock is %s %s the database's; let both be set by the same time service", ahead.Round(time.Second), which)}
}
