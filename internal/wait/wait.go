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
