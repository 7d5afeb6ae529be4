package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// BrakeDirection says on which way a brake holds.
type BrakeDirection string

// The directions, as ops.brakes holds them.
const (
	// BrakeToPlane holds the cancelling of work items whose records are gone from Odoo.
	BrakeToPlane BrakeDirection = "to_plane"
	// BrakeFromPlane holds the deleting of what a list of work items lacks.
	BrakeFromPlane BrakeDirection = "from_plane"
)

// freely is how many records or work items may go in one run whatever the share:
// a single one that is deleted must not stop a company that has few.
const freely = 2

// Brakes reports whether so many are gone at once that the fault is more likely on
// the way to them than with them.
func Brakes(gone, linked int, share float64) bool {
	return gone > freely && float64(gone) > share*float64(linked)
}

// HeldBrake is a brake that holds now.
type HeldBrake struct {
	Flow      string         `db:"flow" json:"flow"`
	ProjectID string         `db:"plane_project_id" json:"project_id"`
	Direction BrakeDirection `db:"direction" json:"direction"`
	Held      int            `db:"held" json:"held"`
	Linked    int            `db:"linked" json:"linked"`
	// Why says to a person what is held, what may be the reason, and how to let it go.
	Why   string    `db:"why" json:"why"`
	Since time.Time `db:"since" json:"since"`
	// SeenAt is when a run last found it holding.
	SeenAt time.Time `db:"seen_at" json:"seen_at"`
}

// String is what logs, commands and probes say of it.
func (h HeldBrake) String() string {
	return fmt.Sprintf("the brake holds %d of %d since %s: %s", h.Held, h.Linked, h.Since.UTC().Format(time.DateTime+" MST"), h.Why)
}

const (
	// since stays as it is while the brake holds.
	sqlHoldBrake = `INSERT INTO ops.brakes AS known (flow, plane_project_id, direction, held, linked, why)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (flow, plane_project_id, direction) DO UPDATE
		SET held = EXCLUDED.held, linked = EXCLUDED.linked, why = EXCLUDED.why, seen_at = now()`

	sqlReleaseBrake = `DELETE FROM ops.brakes WHERE flow = $1 AND plane_project_id = $2 AND direction = $3`

	sqlHeldBrakes = `SELECT flow, plane_project_id, direction, held, linked, why, since, seen_at
		FROM ops.brakes ORDER BY flow, plane_project_id, direction`
)

// BrakeStore reads and writes ops.brakes.
type BrakeStore struct{ db mapping.DB }

// BrakesIn returns the brakes as a pool or a transaction sees them.
func BrakesIn(db mapping.DB) BrakeStore { return BrakeStore{db} }

// Note keeps whether a brake holds; nil says that it does not.
func (s BrakeStore) Note(ctx context.Context, scope mapping.Scope, direction BrakeDirection, brake *HeldBrake) error {
	sql, args := sqlReleaseBrake, []any{scope.Flow, scope.ProjectID, direction}
	if brake != nil {
		sql, args = sqlHoldBrake, append(args, brake.Held, brake.Linked, brake.Why)
	}
	if _, err := s.db.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("noting whether the brake of flow %s holds: %w", scope.Flow, err)
	}
	return nil
}

func (s BrakeStore) Held(ctx context.Context) ([]HeldBrake, error) {
	rows, err := s.db.Query(ctx, sqlHeldBrakes)
	if err != nil {
		return nil, fmt.Errorf("reading which brakes hold: %w", err)
	}
	held, err := pgx.CollectRows(rows, pgx.RowToStructByName[HeldBrake])
	if err != nil {
		return nil, fmt.Errorf("reading which brakes hold: %w", err)
	}
	return held, nil
}

// HeldBrakes lists the brakes that hold now, as the last sync and sweep found them.
func HeldBrakes(ctx context.Context, db mapping.DB) ([]HeldBrake, error) {
	return BrakeStore{db}.Held(ctx)
}

// BrakeNote tells what brakes hold. It is a note: everything else goes on.
func BrakeNote(ctx context.Context, pool *pgxpool.Pool) error {
	held, err := HeldBrakes(ctx, pool)
	if err != nil || len(held) == 0 {
		return err
	}
	texts := make([]string, len(held))
	for i, brake := range held {
		texts[i] = "flow " + brake.Flow + ": " + brake.String()
	}
	return &bridge.Note{Text: strings.Join(texts, "; ")}
}

const (
	sqlForgetBrakes = `DELETE FROM ops.brakes b
		WHERE NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS now (flow, project) WHERE now.flow = b.flow AND now.project = b.plane_project_id)`

	sqlForgetSilences = `UPDATE ops.sweeps s SET webhook_silent = false
		WHERE webhook_silent AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS now (flow, project)
			WHERE now.flow = s.flow AND now.project = s.plane_project_id)`
)

// ForgetFormer ends the alarms of projects that nothing is mirrored into any more: no
// sync, sweep or webhook would ever end them. Without any flow nothing is forgotten;
// a setting may only be missing for the moment.
func ForgetFormer(ctx context.Context, db mapping.DB, all []bridge.Flow) error {
	if len(all) == 0 {
		return nil
	}
	var names, projects []string
	for _, flow := range all {
		names, projects = append(names, flow.Scope().Flow), append(projects, flow.Scope().ProjectID)
	}
	for _, sql := range []string{sqlForgetBrakes, sqlForgetSilences} {
		if _, err := db.Exec(ctx, sql, names, projects); err != nil {
			return fmt.Errorf("ending the alarms of former projects: %w", err)
		}
	}
	return nil
}
