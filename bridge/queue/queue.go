package queue

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

const (
	// JobTimeout bounds a job, and so how long it holds a record. It leaves room for one
	// call to Odoo, which may take 60 s while Odoo retries conflicts inside it.
	JobTimeout = 75 * time.Second
	// rescueAfter is when a job that nobody finished runs again. With River's look
	// every 30 s, work orphaned by a kill runs again within about two minutes.
	rescueAfter = 90 * time.Second
	// maxAttempts with the waits of retryPolicy spans about an hour and a half,
	// which outlasts a server that is being updated.
	maxAttempts = 12

	firstRetry = 2 * time.Second
	lastRetry  = 15 * time.Minute
)

// Config is what the queue needs besides the database.
type Config struct {
	// InstanceID names this replica; see settings.Settings.
	InstanceID string
	// Workers is how many deliveries are processed at a time.
	Workers int
	// PollOnly is for transaction-mode poolers, which have no LISTEN.
	PollOnly bool
	// MaxHints is how many records may wait that Odoo told of; 0 is 10,000.
	MaxHints int
	Logger   *slog.Logger
	// Now is this machine's clock; nil is time.Now.
	Now func() time.Time
}

// Queue is the durable queue: River's tables in schema ops.
type Queue struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	config Config
	clock  *databaseClock
	inHand inHand
}

// New returns a queue that can take jobs. Run works through them.
func New(pool *pgxpool.Pool, config Config) (*Queue, error) {
	q := &Queue{pool: pool, config: config, clock: newDatabaseClock(config.Now)}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: migrations.Schema, Logger: libraryLog(config.Logger), Test: river.TestConfig{Time: q.clock},
		Middleware: []rivertype.Middleware{&databaseTimes{}},
	})
	if err != nil {
		return nil, fmt.Errorf("opening the queue: %w", err)
	}
	q.client = client
	return q, nil
}

// Now is the time by the database's clock, as far as it is known.
func (q *Queue) Now() time.Time { return q.clock.Now() }

// Workers is how many deliveries are processed at a time.
func (q *Queue) Workers() int { return q.config.Workers }

// Library is the queue as its library knows it, for whoever looks at single jobs.
func (q *Queue) Library() *river.Client[pgx.Tx] { return q.client }

// TrustOwnClock lets the queue go by this machine's clock alone, for tests whose time
// flies while the database's does not.
func (q *Queue) TrustOwnClock() {
	q.clock.ask = func(context.Context, pgclock.Database) (time.Time, error) { return q.clock.own(), nil }
}

func (q *Queue) EnqueueDelivery(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	if _, err := q.client.InsertTx(ctx, tx, DeliveryJob{id}, nil); err != nil {
		return fmt.Errorf("queueing delivery %s: %w", id, err)
	}
	return nil
}

func (q *Queue) EnqueueMirror(ctx context.Context, tx pgx.Tx, job MirrorJob) error {
	if _, err := q.client.InsertTx(ctx, tx, job, nil); err != nil {
		return fmt.Errorf("queueing %s to be mirrored: %w", job.Key, err)
	}
	return nil
}

// soon is how long a sync waits that a single change asks for, so that many
// changes at once cost one sync.
const soon = 10 * time.Second

// SyncSoon queues a sync that begins shortly. Asked for more than once meanwhile,
// it still runs once, after the last of them.
func (q *Queue) SyncSoon(ctx context.Context, flow string) error {
	_, err := q.client.Insert(ctx, SyncJob{flow}, &river.InsertOpts{
		ScheduledAt: q.clock.Now().Add(soon), UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: soon},
	})
	if err != nil {
		return fmt.Errorf("queueing a sync of flow %s: %w", flow, err)
	}
	return nil
}

// sqlStranded finds open deliveries that no live job will process.
const sqlStranded = `SELECT delivery_id FROM ops.plane_webhook_deliveries d
	WHERE status IN ('received', 'failed') AND received_at < now() - interval '5 minutes'
		AND NOT EXISTS (SELECT FROM ops.river_job j WHERE j.kind = 'plane_delivery'
			AND j.args @> jsonb_build_object('delivery_id', d.delivery_id) AND j.finalized_at IS NULL)`

// sqlMarkDead ends deliveries whose job was given up by the rescuer: the process died
// each time it was at them, and would go on dying.
const sqlMarkDead = `UPDATE ops.plane_webhook_deliveries d
	SET status = 'dead', cause = 'ours', last_error = 'the process ended each time while it worked on this delivery', processed_at = NULL
	WHERE status IN ('received', 'failed') AND EXISTS (SELECT FROM ops.river_job j WHERE j.kind = 'plane_delivery'
		AND j.args @> jsonb_build_object('delivery_id', d.delivery_id) AND j.state = 'discarded')
	AND NOT EXISTS (SELECT FROM ops.river_job j WHERE j.kind = 'plane_delivery'
		AND j.args @> jsonb_build_object('delivery_id', d.delivery_id) AND j.finalized_at IS NULL)`

// RequeueStranded gives a job to every open delivery that has none.
func (q *Queue) RequeueStranded(ctx context.Context) (int, error) {
	if _, err := q.pool.Exec(ctx, sqlMarkDead); err != nil {
		return 0, fmt.Errorf("ending deliveries that no process survives: %w", err)
	}
	rows, err := q.pool.Query(ctx, sqlStranded)
	if err != nil {
		return 0, fmt.Errorf("looking for deliveries without a job: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("looking for deliveries without a job: %w", err)
	}
	var jobs []river.InsertManyParams
	for _, id := range ids {
		jobs = append(jobs, river.InsertManyParams{Args: DeliveryJob{id}})
	}
	if len(jobs) == 0 {
		return 0, nil
	}
	if _, err := q.client.InsertMany(ctx, jobs); err != nil {
		return 0, fmt.Errorf("queueing %d deliveries without a job: %w", len(jobs), err)
	}
	return len(jobs), nil
}

const sqlWaitingJobs = `SELECT DISTINCT args FROM ops.river_job
	WHERE kind = 'mirror_entity' AND args ->> 'flow' = $1
		AND state IN ('available', 'scheduled', 'retryable', 'pending')`

// sqlMirrorNow ends the wait of jobs that failed earlier: what a sync found is not
// left to the back-off of an old failure.
const sqlMirrorNow = `UPDATE ops.river_job SET state = 'available', scheduled_at = now()
	WHERE kind = 'mirror_entity' AND args ->> 'flow' = $1 AND state = 'retryable' AND args ->> 'key' = ANY($2)`

// MirrorAll queues jobs, except for those that wait in the queue already, and
// returns how many it added. A job that is running does not count: it may have
// read the record before the change.
func (q *Queue) MirrorAll(ctx context.Context, flow string, wanted []MirrorJob) (int, error) {
	rows, err := q.pool.Query(ctx, sqlWaitingJobs, flow)
	if err != nil {
		return 0, fmt.Errorf("reading what waits to be mirrored: %w", err)
	}
	waiting, err := pgx.CollectRows(rows, pgx.RowTo[MirrorJob])
	if err != nil {
		return 0, fmt.Errorf("reading what waits to be mirrored: %w", err)
	}
	seen := make(map[MirrorJob]bool, len(waiting))
	for _, job := range waiting {
		seen[job] = true
	}
	var jobs []river.InsertManyParams
	var again []string
	for _, job := range wanted {
		if seen[job] {
			again = append(again, string(job.Key))
			continue
		}
		jobs = append(jobs, river.InsertManyParams{Args: job})
	}
	if len(again) > 0 {
		if _, err := q.pool.Exec(ctx, sqlMirrorNow, flow, again); err != nil {
			return 0, fmt.Errorf("bringing forward what waits to be mirrored: %w", err)
		}
	}
	if len(jobs) == 0 {
		return 0, nil
	}
	if _, err := q.client.InsertMany(ctx, jobs); err != nil {
		return 0, fmt.Errorf("queueing %d entities to mirror: %w", len(jobs), err)
	}
	return len(jobs), nil
}

// sqlTakeUp makes available again what this instance was doing when it was killed. Without
// it the work would wait for the rescuer.
const sqlTakeUp = `UPDATE ops.river_job SET state = 'available', scheduled_at = now()
	WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`

// TakeUp returns this instance's own unfinished work to the queue. Only one
// process may run under an instance id at a time; were there two, the entity
// lock would still keep them from doing the same thing at once.
func (q *Queue) TakeUp(ctx context.Context) error {
	tag, err := q.pool.Exec(ctx, sqlTakeUp, q.config.InstanceID)
	if err != nil {
		return fmt.Errorf("taking up unfinished work: %w", err)
	}
	if tag.RowsAffected() > 0 {
		q.config.Logger.InfoContext(ctx, "took up work that this instance had left unfinished",
			slog.Int64("jobs", tag.RowsAffected()), slog.String("instance", q.config.InstanceID))
	}
	return nil
}

// Work starts the workers and returns a function that stops them: it lets what
// runs finish until its context ends, and then cancels it.
func (q *Queue) Work(ctx context.Context, workers *river.Workers, periodic []*river.PeriodicJob) (stop func(context.Context) error, err error) {
	if err := q.TakeUp(ctx); err != nil {
		return nil, err
	}
	if _, err := q.clock.measure(ctx, q.pool); err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(q.pool), q.WorkerConfig(workers, periodic))
	if err != nil {
		return nil, fmt.Errorf("opening the queue's workers: %w", err)
	}
	// The workers get a context of their own: they end by stop, which lets work
	// in hand finish, and not the moment a signal arrives.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("starting the queue's workers: %w", err)
	}
	go q.clock.keep(ctx, q.pool)
	return func(ctx context.Context) error {
		if err := client.Stop(ctx); err == nil {
			return nil
		}
		cancelling, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return client.StopAndCancel(cancelling)
	}, nil
}

// WorkerConfig says how jobs are worked through.
func (q *Queue) WorkerConfig(workers *river.Workers, periodic []*river.PeriodicJob) *river.Config {
	return &river.Config{
		Schema: migrations.Schema, Logger: libraryLog(q.config.Logger), ID: q.config.InstanceID, PollOnly: q.config.PollOnly,
		Workers: workers, PeriodicJobs: periodic, RetryPolicy: retryPolicy{q.clock}, MaxAttempts: maxAttempts,
		Middleware: []rivertype.Middleware{&databaseTimes{}},
		// River names it for tests; it is how the queue is given another clock than the machine's.
		Test:       river.TestConfig{Time: q.clock},
		JobTimeout: JobTimeout, RescueStuckJobsAfter: q.clock.rescueAfter(), FetchPollInterval: 500 * time.Millisecond,
		// With the default of 100 ms a few workers would mostly wait for the next fetch.
		FetchCooldown: 20 * time.Millisecond,
		Queues: map[string]river.QueueConfig{
			queuePlane:   {MaxWorkers: q.config.Workers},
			queueMirror:  {MaxWorkers: 2},
			queueControl: {MaxWorkers: 2},
		},
	}
}

// retryPolicy waits 2 s after the first failure and three times as long after
// each further one, a quarter of an hour at most, give or take a fifth so that
// many failures of one outage do not come back as one wave.
type retryPolicy struct{ clock *databaseClock }

// NextRetry is when a failed job runs again.
func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	wait := firstRetry
	for range job.Attempt - 1 {
		wait = min(3*wait, lastRetry)
	}
	spread := 0.8 + 0.4*rand.Float64() //nolint:gosec // jitter needs no secrecy
	return p.clock.Now().Add(time.Duration(spread * float64(wait)))
}
