package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/internal/wait"
)

const (
	// owedAfter is how long refusals are collected before a sweep looks for what they
	// would have told: whatever refused one usually refuses several.
	owedAfter = 10 * time.Second
	// owedEvery is the least time between two such sweeps. Anybody may send what is
	// refused, and a sweep spends Plane's rate limit.
	owedEvery = time.Minute
	// owedRetry is how soon asking for a sweep is tried again while the database is
	// away.
	owedRetry = 5 * time.Second
)

// sweepOwed brings the next sweep forward after webhooks were refused. It holds one
// bit, so that it works while the database is away and costs nothing however many
// were refused. A process that ends with it set leaves the work to the schedule.
type sweepOwed struct {
	owed   chan struct{}
	queue  func(context.Context) error
	logger *slog.Logger
}

func newSweepOwed(queue func(context.Context) error, logger *slog.Logger) *sweepOwed {
	return &sweepOwed{owed: make(chan struct{}, 1), queue: queue, logger: logger}
}

// note says that something was refused. It never waits.
func (s *sweepOwed) note() {
	select {
	case s.owed <- struct{}{}:
	default:
	}
}

// run asks for sweeps until the context ends.
func (s *sweepOwed) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.owed:
		}
		if wait.For(ctx, owedAfter) != nil || s.ask(ctx) != nil || wait.For(ctx, owedEvery-owedAfter) != nil {
			return
		}
	}
}

// ask queues a sweep, and fails only when the context ends.
func (s *sweepOwed) ask(ctx context.Context) error {
	for {
		// What is refused from here on is owed another sweep.
		select {
		case <-s.owed:
		default:
		}
		err := s.queue(ctx)
		if err == nil {
			s.logger.WarnContext(ctx, "webhooks were refused; the next sweep is brought forward, because Plane may not send them again")
			return nil
		}
		s.logger.WarnContext(ctx, "webhooks were refused and no sweep can be queued yet; trying again", slog.Any("error", err))
		if err := wait.For(ctx, owedRetry); err != nil {
			return err
		}
	}
}

const sqlNoteRefused = `INSERT INTO ops.refused_webhooks (reason) VALUES ('not kept')
	ON CONFLICT (reason) DO UPDATE SET last_at = now()`

// noteRefused keeps that webhooks were refused since it was last called. The sweep
// that follows finds what they told of, and must not take it for a sign that Plane
// has stopped telling.
func (b *Engine) noteRefused(ctx context.Context) error {
	if !b.refused.Swap(false) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ledger.AcceptTimeout)
	defer cancel()
	if _, err := b.config.Pool.Exec(ctx, sqlNoteRefused); err != nil {
		b.refused.Store(true)
		return fmt.Errorf("noting that webhooks were refused: %w", err)
	}
	return nil
}
