package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// maxHints is how many records may wait that Odoo told of. Beyond that a sync, which
// reads everything at once, costs less than looking at each.
const maxHints = 10_000

// ErrTooManyHints says that a hint was not queued because too many wait.
var ErrTooManyHints = errors.New("too many changes wait already; the next sync finds this one")

const (
	// sqlHintLock makes hints of one record follow each other, or two at once would
	// both find none waiting.
	sqlHintLock = `SELECT pg_advisory_xact_lock(hashtextextended('odoo change:' || $1 || ',' || $2, 0))`

	// A hint that waits for another try is brought forward: the record changed, and
	// what failed may work now. One that is being worked on does not count, because it
	// may have read the record before the change.
	sqlHintWaits = `WITH waiting AS (
			SELECT id, scheduled_at FROM ops.river_job
			WHERE kind = 'odoo_change' AND state IN ('available', 'scheduled', 'retryable', 'pending')
				AND args ->> 'id' = $2 AND args ->> 'model' = $1
		), sooner AS (
			UPDATE ops.river_job j SET scheduled_at = now() FROM waiting w WHERE j.id = w.id AND w.scheduled_at > now()
		)
		SELECT EXISTS (SELECT FROM waiting)`

	sqlHintsWaiting = `SELECT count(*) FROM (SELECT FROM ops.river_job
		WHERE kind = 'odoo_change' AND state IN ('available', 'scheduled', 'retryable', 'pending') LIMIT $1) AS waiting`
)

// OdooChanged queues a look at a record of Odoo, unless one waits already.
func (q *Queue) OdooChanged(ctx context.Context, model string, id int64) error {
	err := pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlHintLock, model, strconv.FormatInt(id, 10)); err != nil {
			return err
		}
		var waits bool
		if err := tx.QueryRow(ctx, sqlHintWaits, model, strconv.FormatInt(id, 10)).Scan(&waits); err != nil || waits {
			return err
		}
		var waiting int
		if err := tx.QueryRow(ctx, sqlHintsWaiting, q.maxHints()).Scan(&waiting); err != nil {
			return err
		}
		if waiting >= q.maxHints() {
			return ErrTooManyHints
		}
		_, err := q.client.InsertTx(ctx, tx, OdooChangeJob{model, id}, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("queueing the change of %s %d: %w", model, id, err)
	}
	return nil
}

func (q *Queue) maxHints() int {
	if q.config.MaxHints > 0 {
		return q.config.MaxHints
	}
	return maxHints
}
