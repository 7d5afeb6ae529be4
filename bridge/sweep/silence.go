package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	// manyMissed is how many changes without a webhook are no accident of one webhook.
	manyMissed = 3
	// shortestSilence and longestSilence bound how long a webhook is waited for before
	// fewer changes count as a silence.
	shortestSilence = 5 * time.Minute
	longestSilence  = 24 * time.Hour
)

const (
	// What was refused was refused before anybody could read which project it was about,
	// or while the database was away, so it counts for all. Of a webhook that is older
	// than what the ledger keeps, the work items still know.
	sqlLastWebhook = `SELECT greatest(
			(SELECT max(received_at) FROM ops.plane_webhook_deliveries WHERE origin = 'webhook' AND project_id = $1),
			(SELECT max(reported_at) FROM ops.work_items WHERE project_ref = $1),
			(SELECT max(last_at) FROM ops.refused_webhooks))`

	// The usual time between two webhooks: nine of ten came sooner.
	sqlUsualGap = `SELECT coalesce(extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY gap)), 0)::float8 FROM (
			SELECT received_at - lag(received_at) OVER (ORDER BY received_at) AS gap FROM ops.plane_webhook_deliveries
			WHERE origin = 'webhook' AND project_id = $1 AND received_at > now() - interval '7 days') AS gaps`

	// A silence lasts until a webhook comes.
	sqlSilences = `SELECT s.flow, s.plane_project_id, min(s.finished_at) AS since FROM ops.sweeps s
		WHERE s.webhook_silent AND NOT EXISTS (SELECT FROM ops.plane_webhook_deliveries d
			WHERE d.origin = 'webhook' AND d.project_id = s.plane_project_id AND d.received_at > s.started_at)
		AND NOT EXISTS (SELECT FROM ops.work_items w WHERE w.project_ref = s.plane_project_id AND w.reported_at > s.started_at)
		GROUP BY s.flow, s.plane_project_id ORDER BY since`
)

// judgeWebhook says whether Plane has stopped telling. A webhook that was refused is a
// sign of life as well: the change that it told of is found by the sweep. What Plane
// did not tell of before the last sign of life says nothing, and one change since then
// may be one webhook that was lost; it counts as a silence only when the next is
// overdue by the usual rhythm.
func (s *sweep) judgeWebhook(ctx context.Context) error {
	if len(s.missed) == 0 {
		return nil
	}
	var last *time.Time
	if err := s.Pool.QueryRow(ctx, sqlLastWebhook, s.report.ProjectID).Scan(&last); err != nil {
		return fmt.Errorf("reading when the last webhook came: %w", err)
	}
	if last == nil {
		s.report.WebhookSilent = true
		return nil
	}
	since := slices.DeleteFunc(slices.Clone(s.missed), func(at time.Time) bool { return !at.After(*last) })
	if len(since) == 0 {
		return nil
	}
	var gap float64
	if err := s.Pool.QueryRow(ctx, sqlUsualGap, s.report.ProjectID).Scan(&gap); err != nil {
		return fmt.Errorf("reading the usual time between webhooks: %w", err)
	}
	usual := min(max(time.Duration(gap*float64(time.Second)), shortestSilence), longestSilence)
	oldest := slices.MinFunc(since, time.Time.Compare)
	s.report.WebhookSilent = len(since) >= manyMissed || s.report.Started.Sub(oldest) >= usual
	return nil
}

// isOurs reports whether a work item that nobody told of is one that the bridge made,
// as it left it: nothing was missed.
func (s *sweep) isOurs(item shown.Item) bool {
	_, known := s.known[item.ID]
	link, linked := s.linked[item.ID]
	return !known && linked && link.State == mapping.Linked && item.Assignee == "" && len(link.Written.Differing(ours(item, link))) == 0
}

// ours is what a work item shows, without the labels that people added.
func ours(item shown.Item, link mapping.Link) mapping.Fields {
	fields := item.Fields
	fields.Labels = mapping.Common(link.Written.Labels, fields.Labels)
	return fields
}

// webhookTells reports whether a webhook should have told of what a work item shows.
// Community sends none when one is taken out of the archive, when dates are dragged
// in the timeline, and when a state is renamed, so these are no sign of a silence.
func (s *sweep) webhookTells(ctx context.Context, item shown.Item) (bool, error) {
	row, known := s.known[item.ID]
	if !known {
		return true, nil
	}
	if row.Gone() {
		return false, nil
	}
	if row.Title != item.Fields.Name || !sameName(row.Assignee, item.Assignee) {
		return true, nil
	}
	if link, linked := s.linked[item.ID]; linked && link.State == mapping.Linked {
		for _, field := range link.Written.Differing(ours(item, link)) {
			if field != mapping.FieldTargetDate && field != mapping.FieldState {
				return true, nil
			}
		}
	}
	return s.moved(ctx, item, row)
}

// moved reports whether a work item is in another state, rather than its state having
// another name.
func (s *sweep) moved(ctx context.Context, item shown.Item, row ledger.WorkItem) (bool, error) {
	if item.StateName == "" || item.StateName == row.Status {
		return false, nil
	}
	states, err := s.Reader.Catalog.States(ctx, s.report.ProjectID)
	if err != nil {
		return false, fmt.Errorf("reading whether a state was renamed: %w", err)
	}
	for _, state := range states {
		if state.Name == row.Status {
			return true, nil
		}
	}
	return false, nil
}

// silence is a project whose webhook is silent, and since when that is known.
type silence struct {
	Flow      string    `db:"flow"`
	ProjectID string    `db:"plane_project_id"`
	Since     time.Time `db:"since"`
}

func silences(ctx context.Context, db *pgxpool.Pool) ([]silence, error) {
	rows, err := db.Query(ctx, sqlSilences)
	if err != nil {
		return nil, fmt.Errorf("reading whether webhooks are silent: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[silence])
	if err != nil {
		return nil, fmt.Errorf("reading whether webhooks are silent: %w", err)
	}
	return found, nil
}

// SilenceNote tells of a webhook that is silent. It is a note: what it does not tell
// of is found by the sweep, only later.
func SilenceNote(ctx context.Context, pool *pgxpool.Pool) error {
	found, err := silences(ctx, pool)
	if err != nil || len(found) == 0 {
		return err
	}
	return &bridge.Note{Text: fmt.Sprintf("Plane's webhook is silent since %s or longer for project %s: changes were made and none was reported; "+
		"Plane has probably switched it off", found[0].Since.UTC().Format(time.DateTime+" MST"), found[0].ProjectID)}
}

// ProjectsNote tells of projects that the key does not see any more, or that are
// archived. Each costs one request. That Plane cannot be asked now is no failure of
// this check: another tells whether Plane is there, and while a backfill takes the
// whole rate limit nobody is to take the bridge out of service.
func ProjectsNote(ctx context.Context, client *plane.Client, pool *pgxpool.Pool, all []bridge.Flow) error {
	asking := shown.NewPresence(client, pool, mapping.NewStore(pool))
	var notes []error
	for _, flow := range all {
		scope := flow.Scope()
		at, err := asking.Project(ctx, scope.ProjectID)
		if err != nil {
			notes = append(notes, fmt.Errorf("the project of flow %s could not be asked for now: %w", scope.Flow, err))
		} else if at != shown.PlaceHere {
			notes = append(notes, fmt.Errorf("the work items of flow %s are %s (%s)", scope.Flow, at, scope.ProjectID))
		}
	}
	if len(notes) == 0 {
		return nil
	}
	return &bridge.Note{Text: errors.Join(notes...).Error()}
}
