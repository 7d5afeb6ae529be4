package budget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// budgetStore reads and writes ops.rate_budgets.
type budgetStore struct {
	pool *pgxpool.Pool
	// now replaces the database's clock in tests; nil otherwise.
	now func() time.Time
}

const (
	sqlReadBudget = `SELECT window_state, clock_timestamp() FROM ops.rate_budgets WHERE budget_key = $1`

	// The clock is read outside the WITH, and so after the wait for the lock:
	// nobody writes a time that lies before one that is stored already.
	sqlLockBudget = `WITH locked AS MATERIALIZED
			(SELECT window_state FROM ops.rate_budgets WHERE budget_key = $1 FOR UPDATE)
		SELECT window_state, clock_timestamp() FROM locked`

	// The state goes as text, which every way of sending parameters understands,
	// the plain one of transaction-mode poolers included.
	sqlSaveBudget = `UPDATE ops.rate_budgets SET window_state = $2::text::jsonb, updated_at = clock_timestamp()
		WHERE budget_key = $1`

	sqlNewBudget = `INSERT INTO ops.rate_budgets (budget_key) VALUES ($1) ON CONFLICT DO NOTHING`

	// What a key that was rotated away leaves behind.
	sqlForgetBudgets = `DELETE FROM ops.rate_budgets WHERE updated_at < clock_timestamp() - interval '1 day'`
)

// read returns a key's window and the time by the database's clock, without a
// lock. A key that was never used has an empty window.
func (s budgetStore) read(ctx context.Context, key Key) (plane.Window, time.Time, error) {
	w, now, err := s.scan(s.pool.QueryRow(ctx, sqlReadBudget, string(key)))
	if errors.Is(err, pgx.ErrNoRows) {
		// The time does not matter to an empty window; change brings the right one.
		return plane.Window{}, time.Now(), nil
	}
	return w, now, err
}

// change lets one caller at a time, in all replicas, change a key's window, and
// saves it when use says so. A crash leaves the window as it was before.
func (s budgetStore) change(ctx context.Context, key Key, use func(w *plane.Window, now time.Time) (save bool)) error {
	// Under a stricter isolation the wait for the lock would end in an error.
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		w, now, err := s.lock(ctx, tx, key)
		if err != nil || !use(&w, now) {
			return err
		}
		state, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("encoding the window: %w", err)
		}
		_, err = tx.Exec(ctx, sqlSaveBudget, string(key), string(state))
		return err
	})
}

func (s budgetStore) lock(ctx context.Context, tx pgx.Tx, key Key) (plane.Window, time.Time, error) {
	w, now, err := s.scan(tx.QueryRow(ctx, sqlLockBudget, string(key)))
	if !errors.Is(err, pgx.ErrNoRows) {
		return w, now, err
	}
	if _, err := tx.Exec(ctx, sqlNewBudget, string(key)); err != nil {
		return plane.Window{}, time.Time{}, err
	}
	if _, err := tx.Exec(ctx, sqlForgetBudgets); err != nil {
		return plane.Window{}, time.Time{}, err
	}
	return s.scan(tx.QueryRow(ctx, sqlLockBudget, string(key)))
}

func (s budgetStore) scan(row pgx.Row) (plane.Window, time.Time, error) {
	var w plane.Window
	var now time.Time
	if err := row.Scan(&w, &now); err != nil {
		return plane.Window{}, time.Time{}, err
	}
	if s.now != nil {
		now = s.now()
	}
	return w, now, nil
}
