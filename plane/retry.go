package plane

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// The retry rules: 429 at most three times, after what Retry-After asks for, else after 1, 2 and 4 seconds with
// jitter, and not beyond X-RateLimit-Reset; 5xx, timeouts, cut connections and answers that are not Plane's own once, after 2 seconds, and only where
// repeating does no harm.
const (
	maxRateRetries  = 3
	firstRateWait   = time.Second
	serverRetryWait = 2 * time.Second
	maxRetryAfter   = 10 * time.Minute
)

// retries counts what one call has used up.
type retries struct{ rate, server int }

// next says how long to wait before trying again, and whether to.
func (u *retries) next(cl call, err error) (time.Duration, bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, false
	}
	switch e.Kind {
	case KindRateLimited:
		u.rate++
		return untilReset(e, rateWait(u.rate, e.RetryAfter)), u.rate <= maxRateRetries
	case KindServer, KindForeign, KindInterrupted, KindUnreachable:
		u.server++
		return serverRetryWait, u.server == 1 && (cl.repeat || e.Kind == KindUnreachable)
	default:
		return 0, false
	}
}

// rateWait never waits less than Retry-After; the jitter on top keeps replicas from coming back together.
func rateWait(attempt int, asked time.Duration) time.Duration {
	backoff := firstRateWait << (attempt - 1)
	jitter := rand.N(backoff / 4) // #nosec G404 -- spreads retries, guards nothing
	if asked > 0 {
		return asked + jitter
	}
	return backoff + jitter
}

// untilReset bounds a wait for which the server named no time: when its window ends there is room.
func untilReset(e *Error, wait time.Duration) time.Duration {
	if e.RetryAfter > 0 || e.windowReset.IsZero() {
		return wait
	}
	return min(wait, max(time.Until(e.windowReset), 0))
}

// do runs a call: budget, request, check, and the retries that do no harm. It is the one way to the server.
func (c *Client) do(ctx context.Context, cl call) (*response, error) {
	return c.withItemStyle(cl, func(cl call) (*response, error) { return c.withRetries(ctx, cl) })
}

func (c *Client) withRetries(ctx context.Context, cl call) (*response, error) {
	var used retries
	start := time.Now()
	for {
		r, err := c.once(ctx, cl)
		if err == nil || ctx.Err() != nil {
			return r, err
		}
		wait, again := used.next(cl, err)
		if !again {
			return nil, err
		}
		if errors.Is(err, ErrRateLimited) {
			if busy := CheckMaxWait(ctx, start, time.Now().Add(wait), err); busy != nil {
				return nil, busy
			}
		}
		if ended := sleep(ctx, wait); ended != nil {
			return nil, errors.Join(err, ended)
		}
	}
}

// createOnce sends a create. When its outcome is unknown it looks for the record once: finding it ends the matter. Not
// finding it proves nothing, because a server goes on with a request whose client has gone, so the create is not
// repeated and the caller gets ErrUncertain: after SettledAfter it may look again, and create again. find is nil where
// there is nothing to look by.
func createOnce[T any](ctx context.Context, c *Client, cl call, find func() (T, error)) (T, error) {
	made, err := fetch[T](ctx, c, cl)
	if find == nil || !errors.Is(err, ErrUncertain) || ctx.Err() != nil {
		return made, err
	}
	if ended := sleep(ctx, serverRetryWait); ended != nil {
		return made, errors.Join(err, ended)
	}
	found, lookErr := find()
	switch {
	case lookErr == nil:
		return found, nil
	case errors.Is(lookErr, ErrNotFound):
		return made, err
	default:
		return made, errors.Join(err, lookErr)
	}
}
