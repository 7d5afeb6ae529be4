package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
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
}

// workItems writes ops.work_items.
type workItems struct{ db querier }

const (
	// The condition makes the write monotonic: an event that arrives late never
	// overwrites a newer state. Equal times pass, because one change that touches
	// two fields sends two webhooks with the same time.
	sqlUpsertWorkItem = `INSERT INTO ops.work_items AS known
			(work_item_ref, system, external_id, title, status, assignee, url, project_ref, updated_at)
		VALUES ('plane:' || $1, 'plane', $1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (work_item_ref) DO UPDATE
		SET title = EXCLUDED.title, status = coalesce(nullif(EXCLUDED.status, ''), known.status), assignee = EXCLUDED.assignee, url = EXCLUDED.url,
			project_ref = EXCLUDED.project_ref, updated_at = EXCLUDED.updated_at
		WHERE known.updated_at <= EXCLUDED.updated_at`

	sqlWorkItem = `SELECT work_item_ref, system, external_id, title, status, assignee, url, project_ref, updated_at
		FROM ops.work_items WHERE work_item_ref = 'plane:' || $1`

	sqlWorkItemsInProject = `SELECT work_item_ref, system, external_id, title, status, assignee, url, project_ref, updated_at
		FROM ops.work_items WHERE project_ref = $1 AND system = 'plane'`

	// A delete carries no state, so the row keeps its title. It is as new as the
	// moment we heard of it: an update sent before it must not bring it back.
	sqlDeleteWorkItem = `INSERT INTO ops.work_items AS known
			(work_item_ref, system, external_id, title, status, project_ref, updated_at)
		VALUES ('plane:' || $1, 'plane', $1, $2, 'deleted', $3, $4)
		ON CONFLICT (work_item_ref) DO UPDATE
		SET status = 'deleted', updated_at = greatest(known.updated_at, EXCLUDED.updated_at)`
)

// upsert writes the state of a work item and reports whether it was news.
func (w workItems) upsert(ctx context.Context, item WorkItem) (news bool, err error) {
	item = item.kept()
	tag, err := w.db.Exec(ctx, sqlUpsertWorkItem, item.ExternalID, item.Title, item.Status, item.Assignee, item.URL,
		item.ProjectRef, item.UpdatedAt)
	if err != nil {
		return false, fmt.Errorf("writing work item %s: %w", item.ExternalID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// kept is the work item as the table holds it: project and status are indexed, and
// an index takes no long entries.
func (item WorkItem) kept() WorkItem {
	item.Status = keptName(item.Status)
	if item.ProjectRef != nil {
		item.ProjectRef = knownID(*item.ProjectRef)
	}
	return item
}

// byID returns what is known of one work item; nil when nothing is.
func (w workItems) byID(ctx context.Context, id string) (*WorkItem, error) {
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

// inProject lists what is known of a project, deleted ones included.
func (w workItems) inProject(ctx context.Context, projectID string) ([]WorkItem, error) {
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

// delete marks a work item as deleted.
func (w workItems) delete(ctx context.Context, item WorkItem) error {
	item = item.kept()
	_, err := w.db.Exec(ctx, sqlDeleteWorkItem, item.ExternalID, item.Title, item.ProjectRef, item.UpdatedAt)
	if err != nil {
		return fmt.Errorf("marking work item %s deleted: %w", item.ExternalID, err)
	}
	return nil
}
