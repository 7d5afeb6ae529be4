package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

const sqlTryLock = `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))`

// WithLock runs work while holding the lock of an entity, and commits work's
// transaction when it returns nil. The lock lives in that transaction: a crash
// frees it at once, and it works through a transaction-mode pooler. Statements
// that have to be durable before a remote call go through the pool instead.
func WithLock(ctx context.Context, pool *pgxpool.Pool, entity string, work func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := Lock(ctx, tx, entity); err != nil {
			return err
		}
		return work(tx)
	})
}

// Lock takes the lock of an entity until a transaction ends, or returns bridge.ErrLocked
// at once.
func Lock(ctx context.Context, tx pgx.Tx, entity string) error {
	var locked bool
	if err := tx.QueryRow(ctx, sqlTryLock, entity).Scan(&locked); err != nil {
		return fmt.Errorf("locking %s: %w", entity, err)
	}
	if !locked {
		return bridge.ErrLocked
	}
	return nil
}

// LinkOf is the lock under which the two sides of a record are compared: what one side
// is told while the other is asked would pass for a change of its own.
func LinkOf(key mapping.Key) string { return "mirror:" + string(key) }

// LockedFor is how soon work is tried again whose entity another worker holds.
const LockedFor = time.Second
