package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/world"
)

const (
	sqlWorkItems = `SELECT external_id, title, status, coalesce(assignee, ''), coalesce(project_ref, '') FROM ops.work_items`
	sqlLinks     = `SELECT entity_key, state, coalesce(plane_issue_id, ''), coalesce(last_error, ''), coalesce(refused, '{}')::text FROM ops.plane_sync_mappings`
	sqlOpen      = `SELECT
		(SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status IN ('received', 'failed')) AS deliveries,
		(SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'dead') AS dead,
		(SELECT count(*) FROM ops.river_job WHERE finalized_at IS NULL AND state <> 'running'
			AND (state = 'retryable' OR kind IN ('plane_delivery', 'mirror_entity', 'odoo_change')))
		+ (SELECT count(*) FROM ops.river_job WHERE state = 'running' AND kind IN ('plane_delivery', 'mirror_entity', 'odoo_change')) AS jobs`
)

// tables notes what the bridge's own tables say.
func (s *stage) tables(ctx context.Context, f facts, servers world.State) error {
	v := newView(s.story, servers)
	names, deleted := map[string]string{}, map[string]bool{}
	for _, item := range servers.Items {
		names[item.ID], deleted[item.ID] = v.of(item), item.Deleted
	}
	projects := map[string]string{s.world.BIR: "bir", s.world.Tasks: "task"}
	rows, err := s.pool.Query(ctx, sqlWorkItems)
	if err != nil {
		return fmt.Errorf("reading ops.work_items: %w", err)
	}
	var id, title, status, assignee, project string
	if _, err := pgx.ForEachRow(rows, []any{&id, &title, &status, &assignee, &project}, func() error {
		switch name, known := names[id]; {
		case !known:
			f.add("rows of ops.work_items without a work item", title)
		case deleted[id] && status == "deleted":
			// It may also be unknown: nobody heard of it before it was deleted.
		case v.putAway(names[id]) && (status == "deleted" || status == "archived"):
			// Nobody is shown any more how it was last, nor which of the two it is.
			f.add("ops.work_items of "+name, "put away")
		default:
			f.add("ops.work_items of "+name, fmt.Sprintf("%s, %s, assigned to %q, in %s", title, status, assignee, projects[project]))
		}
		return nil
	}); err != nil {
		return fmt.Errorf("reading ops.work_items: %w", err)
	}
	return s.links(ctx, f, v, names, deleted)
}

func (s *stage) links(ctx context.Context, f facts, v view, names map[string]string, deleted map[string]bool) error {
	rows, err := s.pool.Query(ctx, sqlLinks)
	if err != nil {
		return fmt.Errorf("reading the links: %w", err)
	}
	var key, state, issue, lastError, refused string
	if _, err := pgx.ForEachRow(rows, []any{&key, &state, &issue, &lastError, &refused}, func() error {
		to := "no work item"
		if issue != "" {
			to = fmt.Sprintf("the work item of %s (deleted: %t)", names[issue], deleted[issue])
		}
		f.add("link of "+v.handle["odoo "+key], fmt.Sprintf("%s, %s, error %q, refused %s", state, to, lastError, refused))
		return nil
	}); err != nil {
		return fmt.Errorf("reading the links: %w", err)
	}
	return nil
}

// open is what the bridge still has to do.
type open struct {
	Deliveries int `db:"deliveries" json:"deliveries"`
	Dead       int `db:"dead" json:"dead"`
	Jobs       int `db:"jobs" json:"jobs"`
}

func (o open) none() bool { return o == open{} }

func (s *stage) open(ctx context.Context) (open, error) {
	rows, err := s.pool.Query(ctx, sqlOpen)
	if err != nil {
		return open{}, fmt.Errorf("counting what is open: %w", err)
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[open])
}

// waiting describes the work that is left, for whoever looks for the reason.
func (s *stage) waiting(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT format('%s %s: %s after %s tries, next in %s; %s', kind, args, state, attempt,
		date_trunc('second', scheduled_at - now()), coalesce(left(errors[array_upper(errors, 1)]->>'error', 300), ''))
		FROM ops.river_job WHERE finalized_at IS NULL AND (state = 'retryable' OR kind IN ('plane_delivery', 'mirror_entity', 'odoo_change'))
		UNION ALL SELECT format('delivery of %s %s: %s after %s tries; %s', event, action, status, attempts, left(last_error, 300))
		FROM ops.plane_webhook_deliveries WHERE status IN ('received', 'failed', 'dead')`)
	if err != nil {
		return nil, fmt.Errorf("listing what is open: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// rounds counts how often each kind of schedule has come round.
func (s *stage) rounds(ctx context.Context) (int, error) {
	var n int
	err := s.pool.QueryRow(ctx, `SELECT coalesce(min(n), 0) FROM (SELECT count(*) FILTER (WHERE j.id IS NOT NULL) AS n
		FROM (VALUES ('sync', 'bir'), ('sync', 'task'), ('reconcile', 'bir'), ('reconcile', 'task')) AS k (kind, flow)
		LEFT JOIN ops.river_job j ON j.kind = k.kind AND j.args->>'flow' = k.flow AND j.state = 'completed' GROUP BY k.kind, k.flow) AS counts`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the rounds of the schedules: %w", err)
	}
	return n, nil
}
