package plane

import (
	"context"
	"fmt"
	"time"
)

// Lane says how urgent a request is when the budget is short: a person's change goes before a backfill, a
// backfill before a sweep. A lower lane leaves a reserve that only the higher ones may use.
type Lane int

// The lanes, most urgent first.
const (
	LaneInteractive Lane = iota // a person changed something and looks at the screen
	LaneBackfill                // scheduled mirroring; what a context without a lane gets
	LaneSweep                   // reconciliation that may take its time
)

func (l Lane) String() string {
	switch l {
	case LaneInteractive:
		return "interactive"
	case LaneBackfill:
		return "backfill"
	case LaneSweep:
		return "sweep"
	}
	return fmt.Sprintf("lane %d", int(l))
}

type laneKey struct{}

// WithLane returns a context whose requests are counted in lane.
func WithLane(ctx context.Context, lane Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, lane)
}

// LaneOf returns the lane that ctx carries, LaneBackfill when it carries none.
func LaneOf(ctx context.Context) Lane {
	if lane, ok := ctx.Value(laneKey{}).(Lane); ok {
		return lane
	}
	return LaneBackfill
}

type maxWaitKey struct{}

// WithMaxWait returns a context whose requests wait at most d for the budget. One that would wait longer gets
// *BusyError at once, so that a job can be snoozed instead of holding a worker.
func WithMaxWait(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, maxWaitKey{}, d)
}

// MaxWaitOf returns the longest wait that ctx allows, and whether it sets one.
func MaxWaitOf(ctx context.Context) (time.Duration, bool) {
	d, ok := ctx.Value(maxWaitKey{}).(time.Duration)
	return d, ok
}

// BusyError says that the budget has no room within the wait that the caller allows. Nothing was sent after it arose.
type BusyError struct {
	// Until is when trying again is worth it.
	Until time.Time
	// Cause is the server's rate-limit answer when there was one, else nil.
	Cause error
}

func (e *BusyError) Error() string {
	return "plane: rate budget exhausted until " + e.Until.UTC().Format(time.RFC3339)
}

// Unwrap returns the server's answer, so that errors.Is(err, ErrRateLimited) tells whether the server or only our
// own budget said no.
func (e *BusyError) Unwrap() error { return e.Cause }

// CheckMaxWait returns *BusyError when waiting until at breaks the limit that ctx set for a wait begun at start. It is
// the one place that says when a wait is too long: for the client's own budget, for one that others share, and for the
// pauses between tries. cause is the server's answer, if it is what makes the wait.
func CheckMaxWait(ctx context.Context, start, at time.Time, cause error) error {
	if limit, ok := MaxWaitOf(ctx); ok && at.Sub(start) > limit {
		return &BusyError{Until: at, Cause: cause}
	}
	return nil
}
