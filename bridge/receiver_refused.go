package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// noteRefusedEvery bounds how often a refusal is written: anybody may send what is
// refused.
const noteRefusedEvery = 10 * time.Second

const sqlNoteTooLarge = `INSERT INTO ops.refused_webhooks (reason) VALUES ('too large')
	ON CONFLICT (reason) DO UPDATE SET last_at = now()`

// refusals keeps when the last webhook was refused because it was too large. Its
// change is found by the sweep, which must not take the missing webhook for a sign
// that Plane has stopped sending any.
type refusals struct {
	mu   sync.Mutex
	last time.Time
}

// due reports whether the refusal has to be written now.
func (f *refusals) due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.last) < noteRefusedEvery {
		return false
	}
	f.last = now
	return true
}

// RefusedTooLarge keeps that a webhook was refused because of its size.
func (in *Inbox) RefusedTooLarge(ctx context.Context) error {
	if !in.refusals.due(time.Now()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	if _, err := in.pool.Exec(ctx, sqlNoteTooLarge); err != nil {
		return fmt.Errorf("noting that a webhook was too large: %w", err)
	}
	return nil
}

// refusalKeeper is an inbox that keeps what was refused.
type refusalKeeper interface {
	RefusedTooLarge(ctx context.Context) error
}

// tooLarge is told of each webhook that is refused because of its size, however it
// came. What it told of is found by a sweep, and the refusal is a sign of life.
func (r *Receiver) tooLarge(ctx context.Context) {
	r.refused()
	keeper, keeps := r.inbox.(refusalKeeper)
	if !keeps {
		return
	}
	if err := keeper.RefusedTooLarge(ctx); err != nil {
		r.logger.WarnContext(ctx, "a webhook was too large, and that could not be noted", slog.Any("error", err))
	}
}
