package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// WorkItem is one row of ops.work_items.
type WorkItem struct {
	Ref        string    `db:"work_item_ref"`
	System     string    `db:"system"`
	ExternalID string    `db:"external_id"`
	Title      string    `db:"title"`
	Status     string    `db:"status"`
	Assignee   *string   `db:"assignee"`
	URL        *string   `db:"url"`
	ProjectRef *string   `db:"project_ref"`
	UpdatedAt  time.Time `db:"updated_at"`
	// ReportedAt is when the newest webhook came that this row counts with, AskedAt when
	// the newest answer was asked for, both by the database's clock.
	ReportedAt *time.Time `db:"reported_at"`
	AskedAt    *time.Time `db:"asked_at"`
	// Content is a short name for all that was shown.
	Content string `db:"content_hash"`
	// Key is the record that the work item says it stands for, linked or not.
	Key *string `db:"entity_key"`
}

// Gone reports whether the row says that the work item is not there any more.
func (w WorkItem) Gone() bool { return w.Status == statusOfDeleted }

// WorkItems writes ops.work_items.
type WorkItems struct{ db mapping.DB }

// WorkItemsIn returns the work items as a pool or a transaction sees them.
func WorkItemsIn(db mapping.DB) WorkItems { return WorkItems{db} }

const (
	sqlWorkItemColumns = `work_item_ref, system, external_id, title, status, assignee, url, project_ref, updated_at, reported_at, asked_at,
		content_hash, entity_key`

	// Whether a state is news is decided before, under the lock of the work item
	// (standing). The condition holds the rule that cannot be a matter of order: what
	// was asked for is never overwritten by what was reported or asked for before. A webhook
	// that says the same once more, such as an old one that is replayed, does not make
	// the row older: what came between would pass for news.
	sqlUpsertWorkItem = `INSERT INTO ops.work_items AS known (` + sqlWorkItemColumns + `)
		VALUES ('plane:' || $1, 'plane', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (work_item_ref) DO UPDATE
		SET title = EXCLUDED.title, status = coalesce(nullif(EXCLUDED.status, ''), known.status), assignee = EXCLUDED.assignee, url = EXCLUDED.url,
			project_ref = EXCLUDED.project_ref,
			updated_at = CASE WHEN EXCLUDED.asked_at IS NULL AND known.content_hash = EXCLUDED.content_hash
				THEN greatest(known.updated_at, EXCLUDED.updated_at) ELSE EXCLUDED.updated_at END,
			content_hash = EXCLUDED.content_hash,
			entity_key = coalesce(EXCLUDED.entity_key, known.entity_key),
			reported_at = greatest(known.reported_at, EXCLUDED.reported_at), asked_at = greatest(known.asked_at, EXCLUDED.asked_at)
		WHERE known.asked_at IS NULL OR known.asked_at <= coalesce(EXCLUDED.asked_at, EXCLUDED.reported_at)`

	sqlWorkItem = `SELECT ` + sqlWorkItemColumns + ` FROM ops.work_items WHERE work_item_ref = 'plane:' || $1`

	sqlWorkItemsInProject = `SELECT ` + sqlWorkItemColumns + ` FROM ops.work_items WHERE project_ref = $1 AND system = 'plane'`

	// A delete carries no state, so the row keeps its title. It counts from the
	// moment it was reported.
	sqlDeleteWorkItem = `INSERT INTO ops.work_items AS known
			(work_item_ref, system, external_id, title, status, project_ref, updated_at, reported_at, asked_at)
		VALUES ('plane:' || $1, 'plane', $1, $2, 'deleted', $3, $4, $5, $6)
		ON CONFLICT (work_item_ref) DO UPDATE
		SET status = 'deleted', updated_at = greatest(known.updated_at, EXCLUDED.updated_at), content_hash = '',
			reported_at = greatest(known.reported_at, EXCLUDED.reported_at), asked_at = greatest(known.asked_at, EXCLUDED.asked_at)`
)

// Upsert writes the state of a work item.
func (w WorkItems) Upsert(ctx context.Context, item WorkItem) error {
	item = item.kept()
	_, err := w.db.Exec(ctx, sqlUpsertWorkItem, item.ExternalID, item.Title, item.Status, item.Assignee, item.URL,
		item.ProjectRef, item.UpdatedAt, item.ReportedAt, item.AskedAt, item.Content, item.Key)
	if err != nil {
		return fmt.Errorf("writing work item %s: %w", item.ExternalID, err)
	}
	return nil
}

// kept is the work item as the table holds it: project and status are indexed, and
// an index takes no long entries.
func (item WorkItem) kept() WorkItem {
	item.Status = keptName(item.Status)
	if item.ProjectRef != nil {
		item.ProjectRef = knownID(*item.ProjectRef)
	}
	if item.Key != nil {
		item.Key = Known(keptName(*item.Key))
	}
	return item
}

// ByID returns what is known of one work item; nil when nothing is.
func (w WorkItems) ByID(ctx context.Context, id string) (*WorkItem, error) {
	rows, err := w.db.Query(ctx, sqlWorkItem, id)
	if err != nil {
		return nil, fmt.Errorf("reading work item %s: %w", id, err)
	}
	item, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[WorkItem])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading work item %s: %w", id, err)
	}
	return item, nil
}

// InProject lists what is known of a project, deleted ones included.
func (w WorkItems) InProject(ctx context.Context, projectID string) ([]WorkItem, error) {
	rows, err := w.db.Query(ctx, sqlWorkItemsInProject, projectID)
	if err != nil {
		return nil, fmt.Errorf("reading the known work items of project %s: %w", projectID, err)
	}
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[WorkItem])
	if err != nil {
		return nil, fmt.Errorf("reading the known work items of project %s: %w", projectID, err)
	}
	return items, nil
}

// Delete marks a work item as deleted.
func (w WorkItems) Delete(ctx context.Context, item WorkItem) error {
	item = item.kept()
	_, err := w.db.Exec(ctx, sqlDeleteWorkItem, item.ExternalID, item.Title, item.ProjectRef, item.UpdatedAt, item.ReportedAt, item.AskedAt)
	if err != nil {
		return fmt.Errorf("marking work item %s deleted: %w", item.ExternalID, err)
	}
	return nil
}

// Words that ops.work_items.status holds besides the names of states.
const (
	statusOfDeleted  = "deleted"
	StatusOfArchived = "archived"
)
