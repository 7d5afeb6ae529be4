package bridge

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What the fault tables, which stand outside this package because they need a
// flow, use of its inside.

// openJob is a job of the queue that nobody has finished.
type openJob struct {
	ID   int64
	Kind string
	Args json.RawMessage
}

// WorkOnce works once through every open job, oldest first, as the queue's workers
// do and without the queue's waits. Jobs are read and finished over a connection
// of the test's own, so that faults of the database hit the work alone. It returns
// how many jobs it finished, how many are still open, and what failed.
func (b *Bridge) WorkOnce(ctx context.Context, queue *pgxpool.Pool) (finished, open int, failures []error) {
	for after := int64(0); ; {
		job, found := nextJob(queue, after)
		if !found || ctx.Err() != nil {
			return finished, open, failures
		}
		after = job.ID
		verdict := b.work(ctx, job)
		if verdict.err != nil {
			failures = append(failures, fmt.Errorf("%s %s: %w", job.Kind, job.Args, verdict.err))
		}
		switch {
		case ctx.Err() != nil:
			return finished, open + 1, failures // A process that died finishes no job.
		case verdict.kind == verdictRetry, verdict.kind == verdictPutBack:
			open++
		default:
			finishJob(queue, job.ID)
			finished++
		}
	}
}

// work gives a job to the handler that the queue's worker gives it to.
func (b *Bridge) work(ctx context.Context, job openJob) Verdict {
	switch job.Kind {
	case deliveryJob{}.Kind():
		return b.deliveries.process(ctx, arguments[deliveryJob](job).DeliveryID, false)
	case odooChangeJob{}.Kind():
		args := arguments[odooChangeJob](job)
		return b.mirroring.change(ctx, args.Model, args.ID)
	case mirrorJob{}.Kind():
		return b.mirroring.entity(ctx, arguments[mirrorJob](job))
	case syncJob{}.Kind():
		return b.mirroring.sync(ctx, arguments[syncJob](job).Flow)
	default:
		panic("the fault tables know no job " + job.Kind)
	}
}

func arguments[T any](job openJob) T {
	var args T
	if err := json.Unmarshal(job.Args, &args); err != nil {
		panic(err)
	}
	return args
}

func nextJob(queue *pgxpool.Pool, after int64) (openJob, bool) {
	rows, err := queue.Query(context.Background(),
		`SELECT id, kind, args FROM ops.river_job WHERE finalized_at IS NULL AND id > $1 ORDER BY id LIMIT 1`, after)
	if err != nil {
		panic(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[openJob])
	if err != nil {
		panic(err)
	}
	if len(jobs) == 0 {
		return openJob{}, false
	}
	return jobs[0], true
}

func finishJob(queue *pgxpool.Pool, id int64) {
	_, err := queue.Exec(context.Background(), "UPDATE ops.river_job SET state = 'completed', finalized_at = now() WHERE id = $1", id)
	if err != nil {
		panic(err)
	}
}

// LastTry works on a delivery as the queue does when it will not try again.
func (b *Bridge) LastTry(ctx context.Context, id uuid.UUID) { b.deliveries.process(ctx, id, true) }

// Revive tries dead letters again, as the schedule's job does.
func (b *Bridge) Revive(ctx context.Context) error { return b.letters.revive(ctx).err }

// HardCap is how often a delivery is tried in all.
const HardCap = hardCap

// SyncNow queues what differs, as the schedule's job does.
func (b *Bridge) SyncNow(ctx context.Context, flow string) error {
	return b.mirroring.sync(ctx, flow).err
}
