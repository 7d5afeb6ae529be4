package engine_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
)

// worked is a bridge whose jobs the test hands out one by one. Each is run by the
// bridge's registered worker and marked by River; only the fetching and the waits
// are the test's.
type worked struct {
	*engine.Engine
	w *world
}

// instance is the name of every process of a world: a process that was killed is
// succeeded by one of its own name, which takes up what it left.
const instance = "faulty"

// WorkOnce works once through every open job, oldest first. It returns how many
// jobs are finished, how many are still open, and what failed.
func (b worked) WorkOnce(ctx context.Context, queue *pgxpool.Pool) (finished, open int, failures []error) {
	for after := int64(0); ; {
		id, found := nextJob(b.w, queue, after)
		if !found || ctx.Err() != nil {
			return finished, open, failures
		}
		after = id
		job, err := b.work(ctx, queue, id)
		if err != nil {
			failures = append(failures, err)
		}
		if job == nil || job.FinalizedAt == nil {
			open++
		} else {
			finished++
		}
	}
}

// work runs one job and returns it as River left it. A process that died in the
// middle notes nothing any more: its job stays running under its name.
func (b worked) work(ctx context.Context, queue *pgxpool.Pool, id int64) (*rivertype.JobRow, error) {
	b.w.t.Helper()
	tx, err := queue.Begin(context.Background())
	b.w.must(err)
	result, failed := b.WorkJob(ctx, b.w.t, tx, id)
	if ctx.Err() != nil {
		b.w.must(tx.Rollback(context.Background()))
		_, err := queue.Exec(context.Background(), `UPDATE ops.river_job
			SET state = 'running', attempt = attempt + 1, attempted_at = now(), attempted_by = array_append(attempted_by, $2) WHERE id = $1`, id, instance)
		b.w.must(err)
		return nil, ctx.Err()
	}
	b.w.must(tx.Commit(context.Background()))
	if failed != nil {
		failed = fmt.Errorf("%s %s: %w", result.Job.Kind, result.Job.EncodedArgs, failed)
	}
	return result.Job, failed
}

func nextJob(w *world, queue *pgxpool.Pool, after int64) (id int64, found bool) {
	w.t.Helper()
	err := queue.QueryRow(context.Background(),
		"SELECT id FROM ops.river_job WHERE finalized_at IS NULL AND state <> 'running' AND id > $1 ORDER BY id LIMIT 1", after).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false
	}
	w.must(err)
	return id, true
}

// run queues a job, as the schedule does, and works on it at once.
func (b worked) run(ctx context.Context, args river.JobArgs) error {
	_, err := b.work(ctx, b.w.queue, b.insert(args))
	return err
}

func (b worked) insert(args river.JobArgs) (id int64) {
	b.w.t.Helper()
	b.w.must(pgx.BeginFunc(context.Background(), b.w.queue, func(tx pgx.Tx) (err error) {
		id, err = b.Insert(context.Background(), tx, args)
		return err
	}))
	return id
}

// SyncNow queues what differs.
func (b worked) SyncNow(ctx context.Context, flow string) error {
	return b.run(ctx, engine.SyncJob(flow))
}

// Revive tries dead letters again whose cause is over.
func (b worked) Revive(ctx context.Context) error { return b.run(ctx, engine.ReviveJob()) }

// LastTry works on a delivery's job at the last of its attempts.
func (b worked) LastTry(ctx context.Context, delivery uuid.UUID) {
	b.w.t.Helper()
	var id int64
	b.w.must(b.w.queue.QueryRow(ctx, `UPDATE ops.river_job SET attempt = max_attempts - 1
		WHERE kind = 'plane_delivery' AND args ->> 'delivery_id' = $1 AND finalized_at IS NULL RETURNING id`, delivery.String()).Scan(&id))
	job, _ := b.work(ctx, b.w.queue, id) // The test says what has to be left of it.
	if job == nil || job.FinalizedAt == nil {
		b.w.t.Errorf("the job of delivery %s is still open after its last try", delivery)
	}
}
