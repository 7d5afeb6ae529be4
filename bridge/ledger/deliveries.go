package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// Status is where a delivery stands; docs/states.md draws the transitions.
type Status string

// The states of a delivery.
const (
	StatusReceived  Status = "received"
	StatusProcessed Status = "processed"
	StatusFailed    Status = "failed"
	StatusIgnored   Status = "ignored"
	StatusDead      Status = "dead"
)

// Finished reports whether nothing more will be done unless a person asks.
func (s Status) Finished() bool {
	return s == StatusProcessed || s == StatusIgnored || s == StatusDead
}

// Delivery is one row of ops.plane_webhook_deliveries.
type Delivery struct {
	ID         uuid.UUID         `db:"delivery_id"`
	EventKey   string            `db:"event_key"`
	Origin     string            `db:"origin"`
	Event      string            `db:"event"`
	Action     *string           `db:"action"`
	EntityID   *string           `db:"entity_id"`
	ProjectID  *string           `db:"project_id"`
	ActorID    *string           `db:"actor_id"`
	Headers    map[string]string `db:"headers"`
	RawBody    []byte            `db:"raw_body"`
	Status     Status            `db:"status"`
	Cause      *bridge.Cause     `db:"cause"`
	Outcome    *string           `db:"outcome"`
	Attempts   int               `db:"attempts"`
	LastError  *string           `db:"last_error"`
	ReceivedAt time.Time         `db:"received_at"`
	// AskedAt is when the page was asked for that a sweep's delivery is about, by the
	// database's clock; nil for a webhook.
	AskedAt     *time.Time `db:"asked_at"`
	ProcessedAt *time.Time `db:"processed_at"`
}

// Entity is what deliveries are ordered and locked by. A delivery that names no
// entity stands for itself.
func (d Delivery) Entity() string {
	if d.EntityID == nil {
		return d.ID.String()
	}
	return *d.EntityID
}

// Deliveries reads and writes ops.plane_webhook_deliveries.
type Deliveries struct{ db mapping.DB }

// DeliveriesIn returns the deliveries as a pool or a transaction sees them.
func DeliveriesIn(db mapping.DB) Deliveries { return Deliveries{db} }

const (
	sqlDeliveryColumns = `delivery_id, event_key, origin, event, action, entity_id, project_id, actor_id, headers,
		raw_body, status, cause, outcome, attempts, last_error, received_at, asked_at, processed_at`

	// Without a conflict target every unique key counts: the same delivery again,
	// or the same event under another delivery id.
	sqlAccept = `INSERT INTO ops.plane_webhook_deliveries
			(delivery_id, event_key, origin, event, action, entity_id, project_id, actor_id, headers, raw_body, asked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT DO NOTHING`

	sqlDelivery = `SELECT ` + sqlDeliveryColumns + ` FROM ops.plane_webhook_deliveries WHERE delivery_id = $1`

	sqlOpenOfEntity = `SELECT ` + sqlDeliveryColumns + ` FROM ops.plane_webhook_deliveries
		WHERE entity_id = $1 AND status IN ('received', 'failed') ORDER BY received_at, delivery_id`

	sqlSettle = `UPDATE ops.plane_webhook_deliveries
		SET status = $2, outcome = $3, last_error = NULL, cause = NULL, attempts = attempts + 1, processed_at = now()
		WHERE delivery_id = ANY($1)`

	sqlFail = `UPDATE ops.plane_webhook_deliveries
		SET status = $2, cause = $3, last_error = $4, attempts = attempts + 1, processed_at = NULL
		WHERE delivery_id = $1`

	sqlFailOpen = sqlFail + ` AND status IN ('received', 'failed')`

	sqlForget = `DELETE FROM ops.plane_webhook_deliveries
		WHERE status IN ('processed', 'ignored') AND processed_at < now() - $1::interval`
)

func (l Deliveries) accept(ctx context.Context, d Delivery) (fresh bool, err error) {
	tag, err := l.db.Exec(ctx, sqlAccept, d.ID, d.EventKey, d.Origin, d.Event, d.Action, d.EntityID, d.ProjectID,
		d.ActorID, d.Headers, d.RawBody, d.AskedAt)
	if err != nil {
		return false, fmt.Errorf("keeping delivery %s: %w", d.ID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// ErrNoDelivery is returned for an id that the ledger does not hold.
var ErrNoDelivery = errors.New("no such delivery")

func (l Deliveries) ByID(ctx context.Context, id uuid.UUID) (Delivery, error) {
	rows, err := l.db.Query(ctx, sqlDelivery, id)
	if err != nil {
		return Delivery{}, fmt.Errorf("reading delivery %s: %w", id, err)
	}
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Delivery])
	if errors.Is(err, pgx.ErrNoRows) {
		return Delivery{}, ErrNoDelivery
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("reading delivery %s: %w", id, err)
	}
	return d, nil
}

func (l Deliveries) OpenOfEntity(ctx context.Context, entity string) ([]Delivery, error) {
	rows, err := l.db.Query(ctx, sqlOpenOfEntity, entity)
	if err != nil {
		return nil, fmt.Errorf("reading the open deliveries of %s: %w", entity, err)
	}
	open, err := pgx.CollectRows(rows, pgx.RowToStructByName[Delivery])
	if err != nil {
		return nil, fmt.Errorf("reading the open deliveries of %s: %w", entity, err)
	}
	return open, nil
}

func (l Deliveries) Settle(ctx context.Context, ids []uuid.UUID, status Status, outcome string) error {
	if _, err := l.db.Exec(ctx, sqlSettle, ids, status, outcome); err != nil {
		return fmt.Errorf("marking %d deliveries %s: %w", len(ids), status, err)
	}
	return nil
}

// FailOpen is fail for a delivery that may be finished by now, and stays so then.
func (l Deliveries) FailOpen(ctx context.Context, id uuid.UUID, status Status, cause bridge.Cause, why string) error {
	if _, err := l.db.Exec(ctx, sqlFailOpen, id, status, cause, why); err != nil {
		return fmt.Errorf("marking delivery %s %s: %w", id, status, err)
	}
	return nil
}

func (l Deliveries) Fail(ctx context.Context, id uuid.UUID, status Status, cause bridge.Cause, why string) error {
	if _, err := l.db.Exec(ctx, sqlFail, id, status, cause, why); err != nil {
		return fmt.Errorf("marking delivery %s %s: %w", id, status, err)
	}
	return nil
}

// Forget removes deliveries that were finished longer ago than retention, and
// returns how many. Dead ones stay until someone acts.
func (l Deliveries) Forget(ctx context.Context, retention time.Duration) (int64, error) {
	tag, err := l.db.Exec(ctx, sqlForget, retention)
	if err != nil {
		return 0, fmt.Errorf("removing old deliveries: %w", err)
	}
	return tag.RowsAffected(), nil
}
