package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// waitsFor is what a job that waits leaves in its row: the cause of its failure, or of
// its wait, by which it is found when the cause is over.
type waitsFor struct {
	Cause bridge.Cause `json:"waits_for"`
}

const (
	sqlReadOnly = `SELECT current_setting('transaction_read_only')::bool`

	sqlWaitingFor = `SELECT metadata -> 'output' ->> 'waits_for' AS cause, count(*)::int AS jobs
		FROM ops.river_job WHERE state IN ('retryable', 'scheduled') AND metadata -> 'output' ->> 'waits_for' <> '' GROUP BY 1`

	// All of them begin at one time, so that the queue takes them by priority and then
	// in the order in which they came. Their tries begin anew: those of an outage say
	// nothing about the work, and in a server that comes and goes they would add up to
	// waits of a quarter of an hour, or to the last try.
	sqlBringForward = `UPDATE ops.river_job SET state = 'available', scheduled_at = now(), attempt = 0
		WHERE state IN ('retryable', 'scheduled') AND metadata -> 'output' ->> 'waits_for' = ANY($1)`

	sqlTakeUpLost = `UPDATE ops.river_job SET state = 'available', scheduled_at = now()
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1 AND NOT id = ANY($2)`
)

// errReadOnly is a database that answers and takes nothing.
var errReadOnly = errors.New("the database takes no writes: its transactions are read-only")

// waitingFor counts the jobs that wait because of a server, by the cause. A database
// that takes no writes fails it, because nothing can be done with one.
func (q *Queue) waitingFor(ctx context.Context) (map[bridge.Cause]int, error) {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	var readOnly bool
	if err := q.pool.QueryRow(ctx, sqlReadOnly).Scan(&readOnly); err != nil {
		return nil, fmt.Errorf("asking whether the database takes writes: %w", err)
	}
	if readOnly {
		return nil, errReadOnly
	}
	rows, err := q.pool.Query(ctx, sqlWaitingFor)
	if err != nil {
		return nil, fmt.Errorf("reading what work waits for: %w", err)
	}
	type line struct {
		Cause bridge.Cause
		Jobs  int
	}
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByName[line])
	if err != nil {
		return nil, fmt.Errorf("reading what work waits for: %w", err)
	}
	waiting := make(map[bridge.Cause]int, len(lines))
	for _, l := range lines {
		waiting[l.Cause] = l.Jobs
	}
	return waiting, nil
}

// bringForward ends the wait of the jobs that wait for one of the causes to be over.
func (q *Queue) bringForward(ctx context.Context, causes []bridge.Cause) error {
	if _, err := q.pool.Exec(ctx, sqlBringForward, causes); err != nil {
		return fmt.Errorf("bringing work forward: %w", err)
	}
	return nil
}

// takeUpLost returns to the queue what this instance was doing when it lost the
// database, and is not doing any more. A job whose end is just being noted may be
// worked on twice by it, which every job stands.
func (q *Queue) takeUpLost(ctx context.Context) error {
	tag, err := q.pool.Exec(ctx, sqlTakeUpLost, q.config.InstanceID, q.inHand.ids())
	if err != nil {
		return fmt.Errorf("taking up what was under way: %w", err)
	}
	if tag.RowsAffected() > 0 {
		q.config.Logger.InfoContext(ctx, "took up work whose end could not be noted", slog.Int64("jobs", tag.RowsAffected()))
	}
	return nil
}

// inHand are the jobs that this process is working on.
type inHand struct {
	mu   sync.Mutex
	jobs map[int64]bool
}

func (h *inHand) take(id int64) (give func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.jobs == nil {
		h.jobs = map[int64]bool{}
	}
	h.jobs[id] = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.jobs, id)
	}
}

func (h *inHand) ids() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]int64, 0, len(h.jobs))
	for id := range h.jobs {
		ids = append(ids, id)
	}
	return ids
}
