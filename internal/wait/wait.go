// Package wait pauses work for a time that may be cut short.
package wait

import (
	"context"
	"time"
)

// For waits for d, or for the end of ctx, which alone is an error.
func For(ctx context.Context, d time.Duration) error { return ForNews(ctx, d, nil) }

// ForNews is For, and ends without an error as well when news is closed.
func ForNews(ctx context.Context, d time.Duration, news <-chan struct{}) error {
	if wait, driven := ctx.Value(driver{}).(func(context.Context)); driven {
		wait(ctx)
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-news:
	case <-timer.C:
	}
	return nil
}

type driver struct{}

// Driven lets wait decide how long waits under this context take, in place of the
// clock: a test that explores schedules lets others go on meanwhile.
func Driven(ctx context.Context, wait func(context.Context)) context.Context {
	return context.WithValue(ctx, driver{}, wait)
}
