package plane

import (
	"context"
	"net/http"
	"time"
)

type stopKey struct{}

// WithStop returns a context whose requests wait for nothing any more once stop ends: not for the budget, and not to be
// repeated. What was sent by then goes on until it is answered or ctx itself ends. So a program that is told to stop
// hears the answer to a create, and does not leave a work item behind of which nobody knows.
func WithStop(ctx, stop context.Context) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// waiting returns the context for what is waited for: it ends with ctx and with the stop that ctx carries.
func waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	stop, ok := ctx.Value(stopKey{}).(context.Context)
	if !ok {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	if stop.Err() != nil {
		cancel(context.Cause(stop)) // AfterFunc would do so a moment too late.
	}
	release := context.AfterFunc(stop, func() { cancel(context.Cause(stop)) })
	return ctx, func() { release(); cancel(nil) }
}

// takePlace waits for the budget.
func (c *Client) takePlace(ctx context.Context) error {
	waits, cancel := waiting(ctx)
	defer cancel()
	if err := waits.Err(); err != nil {
		return err // A place may be free, but nothing new is begun.
	}
	return c.budget.Wait(waits, LaneOf(ctx))
}

// sleep waits for d or until ctx or its stop ends, whichever is first.
func sleep(ctx context.Context, d time.Duration) error {
	ctx, cancel := waiting(ctx)
	defer cancel()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

type beforeCreateKey struct{}

// WithBeforeCreate returns a context whose creates call note once their place in the budget is taken and right before
// they are sent, each time they are sent. So what note stores (that a create is under way) says no more than is true:
// a create that had to wait for the budget, and was given up, leaves nothing behind. When note fails, nothing is sent,
// the place is free again, and the call returns note's error.
//
// A crash after note leaves what it stored, whether or not the create was sent.
func WithBeforeCreate(ctx context.Context, note func(context.Context) error) context.Context {
	return context.WithValue(ctx, beforeCreateKey{}, note)
}

func beforeCreate(ctx context.Context, cl call) error {
	note, ok := ctx.Value(beforeCreateKey{}).(func(context.Context) error)
	if !ok || cl.method != http.MethodPost {
		return nil
	}
	return note(ctx)
}
