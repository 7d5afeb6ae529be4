package bridge

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// A body that was too large was refused before anybody could read which project it
	// was about, so it counts for all.
	sqlLastWebhook = `SELECT greatest(
			(SELECT max(received_at) FROM ops.plane_webhook_deliveries WHERE origin = 'webhook' AND project_id = $1),
			(SELECT last_at FROM ops.refused_webhooks WHERE reason = 'too large'))`

	sqlForgetSweeps = `DELETE FROM ops.sweeps WHERE finished_at < now() - interval '90 days'`

	sqlSaveSweep = `INSERT INTO ops.sweeps (flow, plane_project_id, started_at, items, requests, untold, deleted, archived,
			drifted, doubled, orphaned, webhook_silent, missing, moved, in_intake, unreadable, held)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`

	sqlHeldSweeps = `SELECT flow, plane_project_id, held FROM (
			SELECT DISTINCT ON (flow, plane_project_id) flow, plane_project_id, held FROM ops.sweeps
			ORDER BY flow, plane_project_id, id DESC) AS newest
		WHERE held IS NOT NULL ORDER BY flow, plane_project_id`
)

// HeldSweep is a project whose newest sweep was held by the brake.
type HeldSweep struct {
	Flow      string `db:"flow"`
	ProjectID string `db:"plane_project_id"`
	Why       string `db:"held"`
}

// HeldSweeps lists the projects whose sweep the brake is holding now.
func HeldSweeps(ctx context.Context, pool *pgxpool.Pool) ([]HeldSweep, error) {
	rows, err := pool.Query(ctx, sqlHeldSweeps)
	if err != nil {
		return nil, fmt.Errorf("reading which sweeps are held: %w", err)
	}
	held, err := pgx.CollectRows(rows, pgx.RowToStructByName[HeldSweep])
	if err != nil {
		return nil, fmt.Errorf("reading which sweeps are held: %w", err)
	}
	return held, nil
}

// save keeps and logs the report.
func (s *sweep) save(ctx context.Context) error {
	r := s.report
	before, err := HeldSweeps(ctx, s.pool)
	if err != nil {
		return err
	}
	var held *string
	if r.Brake != nil {
		held = known(r.Brake.String())
	}
	_, err = s.pool.Exec(ctx, sqlSaveSweep, r.Flow, r.ProjectID, r.Started, r.Items, r.Requests, r.Untold, r.Deleted, r.Archived,
		r.Drifted, r.Doubled, r.Orphaned, r.WebhookSilent, r.Missing, r.Moved, r.InIntake, len(r.Unreadable), held)
	if err != nil {
		return fmt.Errorf("keeping the sweep's report: %w", err)
	}
	s.log(ctx, r, isHeld(before, r))
	return nil
}

func isHeld(held []HeldSweep, r SweepReport) bool {
	for _, h := range held {
		if h.Flow == r.Flow && h.ProjectID == r.ProjectID {
			return true
		}
	}
	return false
}

// log tells of a sweep. What holds over many sweeps is an error once, when it begins.
func (r *Reconciler) log(ctx context.Context, report SweepReport, heldBefore bool) {
	log := r.logger.With(slog.String("flow", report.Flow), slog.Int("items", report.Items), slog.Int("requests", report.Requests),
		slog.Int("untold", report.Untold), slog.Int("deleted", report.Deleted), slog.Int("archived", report.Archived),
		slog.Int("moved", report.Moved), slog.Int("in_intake", report.InIntake), slog.Int("missing", report.Missing),
		slog.Int("drifted", report.Drifted), slog.Int("doubled", report.Doubled), slog.Int("orphaned", report.Orphaned))
	for _, item := range report.Unreadable {
		log.WarnContext(ctx, "a work item could not be read and is left as known", slog.String("work_item", item.ID), slog.String("why", item.Why))
	}
	if report.Project != "" && report.Brake == nil {
		log.WarnContext(ctx, "work items are missing because of their project", slog.String("they_are", report.Project))
	}
	switch {
	case report.Brake != nil && !heldBefore:
		log.ErrorContext(ctx, "the sweep is held by the brake", slog.String("why", report.Brake.String()))
	case report.Brake != nil:
		log.WarnContext(ctx, "the sweep is still held by the brake", slog.String("why", report.Brake.String()))
	case report.WebhookSilent:
		log.ErrorContext(ctx, "Plane's webhook is silent: changes were made and none was told. Plane has probably switched it off; switch it on again in the workspace's settings")
	case report.Found() > 0:
		log.WarnContext(ctx, "the sweep found what no webhook told of")
	default:
		log.InfoContext(ctx, "the sweep found nothing that webhooks had not told")
	}
}
