package mapping

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	sqlStatusDue = `SELECT ` + sqlColumns + ` FROM ops.plane_sync_mappings
		WHERE flow = $1 AND plane_workspace = $2 AND plane_project_id = $3 AND id > $4
			AND status_written IS DISTINCT FROM updated_at
		ORDER BY id LIMIT $5`

	// A link that changed meanwhile has a newer updated_at and stays due.
	sqlStatusShown = `UPDATE ops.plane_sync_mappings m SET status_written = seen.at
		FROM unnest($1::bigint[], $2::timestamptz[]) AS seen (id, at) WHERE m.id = seen.id`
)

// StatusDue returns links that changed since their state was last shown in Odoo,
// by id, at most limit of those above after.
func (s *Store) StatusDue(ctx context.Context, scope Scope, after int64, limit int) ([]Link, error) {
	rows, err := s.db.Query(ctx, sqlStatusDue, scope.Flow, scope.Workspace, scope.ProjectID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading which links are to be shown in Odoo: %w", err)
	}
	links, err := pgx.CollectRows(rows, pgx.RowToStructByName[Link])
	if err != nil {
		return nil, fmt.Errorf("reading which links are to be shown in Odoo: %w", err)
	}
	return links, nil
}

// StatusShown notes that Odoo shows these links as they were read.
func (s *Store) StatusShown(ctx context.Context, links []Link) error {
	ids, times := make([]int64, len(links)), make([]time.Time, len(links))
	for i, link := range links {
		ids[i], times[i] = link.ID, link.UpdatedAt
	}
	if _, err := s.db.Exec(ctx, sqlStatusShown, ids, times); err != nil {
		return fmt.Errorf("noting which links are shown in Odoo: %w", err)
	}
	return nil
}
