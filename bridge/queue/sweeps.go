package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// sqlSweepWaits says whether a sweep is queued that has not begun. One that is
// running may be past what was refused.
const sqlSweepWaits = `SELECT EXISTS (SELECT FROM ops.river_job
	WHERE kind = 'reconcile' AND args ->> 'flow' = $1 AND (args ->> 'owed')::boolean AND state IN ('available', 'scheduled', 'retryable', 'pending'))`

// SweepOwed queues a sweep that leaves no change to its webhook, unless one waits
// already.
func (q *Queue) SweepOwed(ctx context.Context, flow string) error {
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	rows, err := q.pool.Query(ctx, sqlSweepWaits, flow)
	if err != nil {
		return fmt.Errorf("looking for a queued sweep of flow %s: %w", flow, err)
	}
	waits, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return fmt.Errorf("looking for a queued sweep of flow %s: %w", flow, err)
	}
	if waits {
		return nil
	}
	if _, err := q.client.Insert(ctx, SweepJob{Flow: flow, Owed: true}, &river.InsertOpts{}); err != nil {
		return fmt.Errorf("queueing a sweep of flow %s: %w", flow, err)
	}
	return nil
}

// duplicatesAgain is how often one record's duplicates are looked at. Those that only a
// person may repair are found by every sweep.
const duplicatesAgain = 24 * time.Hour

// LookAtDuplicates queues a look at the duplicates of one record, unless there was one
// today. It is what a sweep calls that found two work items with one external pair.
func (q *Queue) LookAtDuplicates(ctx context.Context, flow string, key mapping.Key) error {
	job := MirrorJob{Flow: flow, Key: key, Task: TaskDuplicates}
	_, err := q.client.Insert(ctx, job, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: duplicatesAgain}})
	if err != nil {
		return fmt.Errorf("queueing a look at the duplicates of %s: %w", key, err)
	}
	return nil
}
