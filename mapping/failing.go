package mapping

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// An archived work item is somebody's choice and no failure.
const sqlFailing = `SELECT count(*) AS links, coalesce(min(entity_key), '') AS key,
		coalesce((array_agg(left(last_error, 300) ORDER BY entity_key))[1], '') AS why
	FROM ops.plane_sync_mappings WHERE last_error IS NOT NULL AND state <> 'broken'`

// Failing is how many links carry an error, with the first of them as an example.
type Failing struct {
	Links int    `db:"links"`
	Key   Key    `db:"key"`
	Why   string `db:"why"`
}

// Failing counts the links whose work item is not as Odoo wants it: the last write
// failed, Plane did not take a field, or the work item cannot be written now.
func (s *Store) Failing(ctx context.Context) (Failing, error) {
	rows, err := s.db.Query(ctx, sqlFailing)
	if err != nil {
		return Failing{}, fmt.Errorf("counting links with an error: %w", err)
	}
	failing, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Failing])
	if err != nil {
		return Failing{}, fmt.Errorf("counting links with an error: %w", err)
	}
	return failing, nil
}
