package odoo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// readTries is how often a read is tried, readPause the wait after the first try; it doubles.
const (
	readTries = 3
	readPause = 300 * time.Millisecond
)

// repeatRead tries a read again when the server was busy or restarting, or a proxy answered in its place. A timeout is
// not tried again: its time is used up.
func (c *Client) repeatRead(ctx context.Context, call invocation, once func() (json.RawMessage, error)) (json.RawMessage, error) {
	for try := 1; ; try++ {
		raw, err := once()
		if err == nil || try == readTries || !worthRepeating(ctx, err) {
			return raw, err
		}
		c.log.Debug("repeating a read from Odoo", slog.String("model", call.model), slog.String("method", call.method), slog.Int("try", try), slog.Any("error", err))
		if !pause(ctx, readPause<<(try-1)) {
			return nil, err
		}
	}
}

func worthRepeating(ctx context.Context, err error) bool {
	return ctx.Err() == nil && ClassOf(err) == Retryable && !errors.Is(err, context.DeadlineExceeded) && !isUnsettled(err)
}

// pause waits between half and the whole of d, so that callers who failed together do not come back together. It
// reports false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d/2+1)) // #nosec G404 -- spreads load, guards nothing.
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
