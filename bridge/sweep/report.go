package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
)

const (
	sqlLastReport = `SELECT doubled, orphaned FROM ops.sweeps WHERE flow = $1 AND plane_project_id = $2 ORDER BY id DESC LIMIT 1`

	sqlForgetSweeps = `DELETE FROM ops.sweeps WHERE finished_at < now() - interval '90 days'`

	sqlSaveSweep = `INSERT INTO ops.sweeps (flow, plane_project_id, started_at, items, requests, missed, deleted, archived,
			drifted, doubled, orphaned, webhook_silent, missing, moved, in_intake, unreadable)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
)

// save keeps and logs the report, and whether the brake holds.
func (s *sweep) save(ctx context.Context) error {
	r := s.report
	_, err := s.Pool.Exec(ctx, sqlSaveSweep, r.Flow, r.ProjectID, r.Started, r.Items, r.Requests, r.Missed, r.Deleted, r.Archived,
		r.Drifted, r.Doubled, r.Orphaned, r.WebhookSilent, r.Missing, r.Moved, r.InIntake, len(r.Unreadable))
	if err != nil {
		return fmt.Errorf("keeping the sweep's report: %w", err)
	}
	heldBefore, err := s.noteBrake(ctx)
	if err != nil {
		return err
	}
	s.log(ctx, r, heldBefore)
	return nil
}

// lastReport is what the sweep before reported of what waits for a person.
type lastReport struct {
	Doubled, Orphaned int
	// Silent says that the webhook was found silent and that none has come since.
	Silent bool
}

func (s *sweep) lastReport(ctx context.Context) (lastReport, error) {
	var last lastReport
	err := s.Pool.QueryRow(ctx, sqlLastReport, s.report.Flow, s.report.ProjectID).Scan(&last.Doubled, &last.Orphaned)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return last, fmt.Errorf("reading the report of the sweep before: %w", err)
	}
	known, err := silences(ctx, s.Pool)
	for _, one := range known {
		last.Silent = last.Silent || one.Flow == s.report.Flow && one.ProjectID == s.report.ProjectID
	}
	return last, err
}

// noteBrake keeps whether the brake holds, and reports whether it held already.
func (s *sweep) noteBrake(ctx context.Context) (before bool, err error) {
	brakes, scope := ledger.BrakesIn(s.Pool), s.flow.Scope()
	all, err := brakes.Held(ctx)
	if err != nil {
		return false, err
	}
	for _, h := range all {
		before = before || h.Flow == scope.Flow && h.ProjectID == scope.ProjectID && h.Direction == ledger.BrakeFromPlane
	}
	var held *ledger.HeldBrake
	if b := s.report.Brake; b != nil {
		held = &ledger.HeldBrake{Held: b.Missing, Linked: b.Known, Why: b.String()}
	}
	return before, brakes.Note(ctx, scope, ledger.BrakeFromPlane, held)
}

// log tells of a sweep. What holds over many sweeps is an error once, when it begins.
func (s *sweep) log(ctx context.Context, report Report, heldBefore bool) {
	log := s.Logger.With(slog.String("flow", report.Flow), slog.Int("items", report.Items), slog.Int("requests", report.Requests),
		slog.Int("missed", report.Missed), slog.Int("deleted", report.Deleted), slog.Int("archived", report.Archived),
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
	case report.WebhookSilent && s.before.Silent:
		log.WarnContext(ctx, "Plane's webhook is still silent")
	case report.WebhookSilent:
		log.ErrorContext(ctx, "Plane's webhook is silent: changes were made and none was reported. Plane has probably switched it off; switch it on again in the workspace's settings")
	case report.news(s.before):
		log.WarnContext(ctx, "the sweep found changes that no webhook reported")
	default:
		log.InfoContext(ctx, "the sweep found no missed change")
	}
}

// Forget removes what was noted of sweeps long ago.
func Forget(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, sqlForgetSweeps); err != nil {
		return fmt.Errorf("removing old sweeps: %w", err)
	}
	if _, err := pool.Exec(ctx, sqlForgetLooks); err != nil {
		return fmt.Errorf("removing old look-ups: %w", err)
	}
	return nil
}
