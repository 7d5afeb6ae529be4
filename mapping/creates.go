package mapping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrLinked says that no work item is to be created for a record, because it has
// one.
var ErrLinked = errors.New("the record is linked to a work item already")

const (
	// DO UPDATE, not DO NOTHING, so that the row comes back either way; xmax is
	// zero only on a row that this statement inserted. A row in another state does
	// not come back.
	sqlIntend = `INSERT INTO ops.plane_sync_mappings AS known
			(flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, state, last_pushed, create_sent_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'intended', $7, clock_timestamp())
		ON CONFLICT ON CONSTRAINT one_link_per_entity DO UPDATE
		SET last_pushed = EXCLUDED.last_pushed, create_sent_at = EXCLUDED.create_sent_at, updated_at = now()
		WHERE known.state = 'intended'
		RETURNING (xmax = 0) AS fresh`

	sqlClaim = `INSERT INTO ops.plane_sync_mappings (flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, state)
		VALUES ($1, $2, $3, $4, $5, $6, 'intended')
		ON CONFLICT ON CONSTRAINT one_link_per_entity DO NOTHING`

	sqlWithdraw = `DELETE FROM ops.plane_sync_mappings
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3 AND state = 'intended'`

	sqlIntends = `SELECT EXISTS (SELECT FROM ops.plane_sync_mappings
		WHERE plane_workspace = $1 AND plane_project_id = $2 AND state = 'intended')`

	sqlNoteCreate = `UPDATE ops.plane_sync_mappings SET create_sent_at = clock_timestamp(), updated_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	sqlSettleCreate = `UPDATE ops.plane_sync_mappings SET create_sent_at = NULL, updated_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	// What was synced after a create was sent knows what became of it.
	sqlCreateSent = `SELECT clock_timestamp() - create_sent_at FROM ops.plane_sync_mappings
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3
			AND create_sent_at > coalesce(last_synced_at, '-infinity')`
)

// Intends reports whether any record of a project has an intention whose work item is not
// known yet.
func (s *Store) Intends(ctx context.Context, workspace, projectID string) (intends bool, err error) {
	rows, err := s.db.Query(ctx, sqlIntends, workspace, projectID)
	if err != nil {
		return false, fmt.Errorf("looking for intentions in project %s: %w", projectID, err)
	}
	intends, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("looking for intentions in project %s: %w", projectID, err)
	}
	return intends, nil
}

// Intend notes that a work item is about to be created for key with this content,
// and reports whether the intention is new. It must be committed before the create
// is sent, and be called no earlier than right before: from then on a create counts
// as sent. ErrLinked says that there is a work item by now.
func (s *Store) Intend(ctx context.Context, scope Scope, key Key, odooID int64, content Fields) (fresh bool, err error) {
	model, _, err := key.Parse()
	if err != nil {
		return false, err
	}
	rows, err := s.db.Query(ctx, sqlIntend, scope.Flow, model, odooID, key, scope.Workspace, scope.ProjectID, content)
	if err != nil {
		return false, fmt.Errorf("noting the intention to create a work item for %s: %w", key, err)
	}
	fresh, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("noting the intention to create a work item for %s: %w", key, ErrLinked)
	}
	if err != nil {
		return false, fmt.Errorf("noting the intention to create a work item for %s: %w", key, err)
	}
	return fresh, nil
}

// Claim notes that a record is about to be bound to a work item that is there
// already. Nothing is created, so there is nothing to wait for.
func (s *Store) Claim(ctx context.Context, scope Scope, key Key, odooID int64) error {
	model, _, err := key.Parse()
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, sqlClaim, scope.Flow, model, odooID, key, scope.Workspace, scope.ProjectID); err != nil {
		return fmt.Errorf("noting that %s is about to be linked: %w", key, err)
	}
	return nil
}

// Withdraw forgets an intention of which nothing came.
func (s *Store) Withdraw(ctx context.Context, scope Scope, key Key) error {
	return s.change(ctx, "withdrawing the intention for "+string(key), sqlWithdraw, key, scope.Workspace, scope.ProjectID)
}

// NoteCreate notes that something is about to be created for a record that has its
// work item: a comment on it. Like an intention it is committed right before the
// create is sent.
func (s *Store) NoteCreate(ctx context.Context, scope Scope, key Key) error {
	return s.change(ctx, "noting a create for "+string(key), sqlNoteCreate, key, scope.Workspace, scope.ProjectID)
}

// SettleCreate notes that the outcome of the last create is known. Bind and Close
// do so by themselves.
func (s *Store) SettleCreate(ctx context.Context, scope Scope, key Key) error {
	return s.change(ctx, "noting the outcome of a create for "+string(key), sqlSettleCreate, key, scope.Workspace, scope.ProjectID)
}

// CreateSent reports whether a create was sent for a record of which nobody knows
// what became, and how long ago by the database's clock. It may have taken effect,
// and while it is young it may yet do so.
func (s *Store) CreateSent(ctx context.Context, scope Scope, key Key) (ago time.Duration, sent bool, err error) {
	rows, err := s.db.Query(ctx, sqlCreateSent, key, scope.Workspace, scope.ProjectID)
	if err != nil {
		return 0, false, fmt.Errorf("reading when a create for %s was sent: %w", key, err)
	}
	ago, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Duration])
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("reading when a create for %s was sent: %w", key, err)
	}
	return ago, true, nil
}
