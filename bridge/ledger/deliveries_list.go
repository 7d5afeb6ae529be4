package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// DeliveryFilter chooses deliveries; a field left empty does not choose.
type DeliveryFilter struct {
	ID     uuid.UUID
	Status Status
	Cause  bridge.Cause
	Event  string
	Entity string
	Since  time.Time
	// Limit is the most to return; 0 is 100.
	Limit int
}

const (
	sqlChoose = ` FROM ops.plane_webhook_deliveries
		WHERE ($1::uuid IS NULL OR delivery_id = $1) AND ($2 = '' OR status = $2) AND ($3 = '' OR cause = $3)
			AND ($4 = '' OR event = $4) AND ($5 = '' OR entity_id = $5) AND ($6::timestamptz IS NULL OR received_at >= $6)
		ORDER BY received_at DESC, delivery_id LIMIT $7`

	sqlReopen = `UPDATE ops.plane_webhook_deliveries
		SET status = 'received', cause = NULL, last_error = NULL, outcome = NULL, processed_at = NULL,
			attempts = CASE WHEN $2 THEN 0 ELSE attempts END
		WHERE delivery_id = $1`

	sqlRevivable = `SELECT delivery_id FROM ops.plane_webhook_deliveries
		WHERE status = 'dead' AND cause = $1 AND attempts < $2 ORDER BY received_at LIMIT 500`
)

// List returns the newest deliveries that a filter chooses.
func (l Deliveries) List(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	var id *uuid.UUID
	if f.ID != uuid.Nil {
		id = &f.ID
	}
	var since *time.Time
	if !f.Since.IsZero() {
		since = &f.Since
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := l.db.Query(ctx, "SELECT "+sqlDeliveryColumns+sqlChoose, id, f.Status, f.Cause, f.Event, f.Entity, since, limit)
	if err != nil {
		return nil, fmt.Errorf("listing deliveries: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Delivery])
	if err != nil {
		return nil, fmt.Errorf("listing deliveries: %w", err)
	}
	return found, nil
}

// Reopen lets a finished delivery be worked through once more; anew forgets how often
// it was tried.
func (l Deliveries) Reopen(ctx context.Context, id uuid.UUID, anew bool) error {
	tag, err := l.db.Exec(ctx, sqlReopen, id, anew)
	if err != nil {
		return fmt.Errorf("opening delivery %s again: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("opening delivery %s again: %w", id, ErrNoDelivery)
	}
	return nil
}

// Dead lists dead letters of a cause that were tried less often than a cap.
func (l Deliveries) Dead(ctx context.Context, cause bridge.Cause, tries int) ([]uuid.UUID, error) {
	rows, err := l.db.Query(ctx, sqlRevivable, cause, tries)
	if err != nil {
		return nil, fmt.Errorf("looking for dead letters: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("looking for dead letters: %w", err)
	}
	return ids, nil
}
