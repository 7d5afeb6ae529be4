package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Mirror writes work items into Plane and keeps the links. It creates each work
// item once, whatever fails in between: the intention is stored before the call,
// one creator at a time holds the key, and an intention that was left behind is
// looked up before anything is created again.
type Mirror struct {
	pool    *pgxpool.Pool
	links   *mapping.Store
	plane   *plane.Client
	catalog *plane.Catalog
	metrics *Metrics
	logger  *slog.Logger
}

// NewMirror returns a mirror that writes through a Plane client.
func NewMirror(pool *pgxpool.Pool, client *plane.Client, metrics *Metrics, logger *slog.Logger) *Mirror {
	return &Mirror{
		pool: pool, links: mapping.NewStore(pool), plane: client, catalog: plane.NewCatalog(client),
		metrics: metrics, logger: logger,
	}
}

// Apply brings one record's work item to what is wanted and returns what it took.
// It decides again under the record's lock, so a plan that is out of date, or
// another replica at the same work, does no harm.
func (m *Mirror) Apply(ctx context.Context, scope mapping.Scope, item WantedItem, extent Extent) (Step, error) {
	var step Step
	err := withLock(ctx, m.pool, "mirror:"+string(item.Key), func(pgx.Tx) error {
		link, err := m.links.ByKey(ctx, scope, item.Key)
		if err != nil && !errors.Is(err, mapping.ErrNoLink) {
			return err
		}
		step = decide(item, link, err == nil, extent)
		return m.carryOut(ctx, scope, step, link)
	})
	if err != nil {
		m.noteError(ctx, scope, item.Key, err)
		return step, err
	}
	m.metrics.mirror(scope.Flow, step.Action)
	return step, nil
}

func (m *Mirror) carryOut(ctx context.Context, scope mapping.Scope, step Step, link mapping.Link) error {
	err := m.try(ctx, scope, step, link)
	if !errors.Is(err, plane.ErrInvalid) {
		return err
	}
	// A state or label that the catalogue remembers may be gone: read it anew, once.
	m.catalog.Forget(scope.ProjectID)
	return m.try(ctx, scope, step, link)
}

func (m *Mirror) try(ctx context.Context, scope mapping.Scope, step Step, link mapping.Link) error {
	switch step.Action {
	case ActionCreate:
		return m.create(ctx, scope, step.Item)
	case ActionChange:
		return m.change(ctx, scope, step, link)
	default:
		return nil
	}
}

func (m *Mirror) create(ctx context.Context, scope mapping.Scope, item WantedItem) error {
	fresh, err := m.links.Intend(ctx, scope, item.Key, item.OdooID)
	if err != nil {
		return err
	}
	// A crash from here on leaves an intention, and maybe a work item.
	if !fresh {
		existing, err := m.plane.WorkItemByExternalID(ctx, scope.ProjectID, mapping.ExternalSource, string(item.Key), plane.View{})
		if err == nil {
			return m.adopt(ctx, scope, item, existing)
		}
		if !errors.Is(err, plane.ErrNotFound) {
			return fmt.Errorf("looking up the work item of %s: %w", item.Key, err)
		}
	}
	content, err := m.newWorkItem(ctx, scope, item)
	if err != nil {
		return err
	}
	created, err := m.plane.CreateWorkItem(ctx, scope.ProjectID, content)
	if errors.Is(err, plane.ErrConflict) {
		return m.adoptExisting(ctx, scope, item)
	}
	if err != nil {
		return fmt.Errorf("creating the work item of %s: %w", item.Key, err)
	}
	return m.links.Bind(ctx, scope, item.Key, item.OdooID, created.ID, item.Fields)
}

// adoptExisting takes over the work item that made Plane refuse a create.
func (m *Mirror) adoptExisting(ctx context.Context, scope mapping.Scope, item WantedItem) error {
	existing, err := m.plane.WorkItemByExternalID(ctx, scope.ProjectID, mapping.ExternalSource, string(item.Key), plane.View{})
	if err != nil {
		return fmt.Errorf("looking up the work item of %s: %w", item.Key, err)
	}
	return m.adopt(ctx, scope, item, existing)
}

// adopt binds a work item that exists and brings it to what is wanted. Its state
// stays as people left it unless Odoo says that the matter is closed.
func (m *Mirror) adopt(ctx context.Context, scope mapping.Scope, item WantedItem, existing plane.WorkItem) error {
	if !existing.ArchivedAt.IsZero() {
		return m.breakLink(ctx, scope, item, existing.ID)
	}
	patch, err := m.patch(ctx, scope, item.Fields, mapping.Fields{}, ownedFields(item.Fields), existing.Labels.IDs())
	if err != nil {
		return err
	}
	if _, err := m.plane.UpdateWorkItem(ctx, scope.ProjectID, existing.ID, patch); err != nil {
		return fmt.Errorf("adopting work item %s for %s: %w", existing.ID, item.Key, err)
	}
	m.logger.InfoContext(ctx, "adopted a work item that was there already",
		slog.String("key", string(item.Key)), slog.String("work_item", existing.ID))
	return m.links.Bind(ctx, scope, item.Key, item.OdooID, existing.ID, item.Fields)
}

// breakLink notes a work item that somebody archived. It is neither changed nor
// made again: whoever archived it meant it.
func (m *Mirror) breakLink(ctx context.Context, scope mapping.Scope, item WantedItem, issueID string) error {
	if err := m.links.Bind(ctx, scope, item.Key, item.OdooID, issueID, item.Fields); err != nil {
		return err
	}
	return m.links.SetState(ctx, scope, item.Key, mapping.Broken, "the work item is archived in Plane")
}

func (m *Mirror) change(ctx context.Context, scope mapping.Scope, step Step, link mapping.Link) error {
	item, issue := step.Item, link.Issue()
	current, err := m.currentLabels(ctx, scope, step, issue)
	if err == nil {
		var patch plane.WorkItemPatch
		if patch, err = m.patch(ctx, scope, item.Fields, link.LastPushed, step.Fields, current); err != nil {
			return err
		}
		_, err = m.plane.UpdateWorkItem(ctx, scope.ProjectID, issue, patch)
	}
	if errors.Is(err, plane.ErrNotFound) {
		return m.healMissing(ctx, scope, item, issue)
	}
	if err != nil {
		return fmt.Errorf("changing the work item of %s: %w", item.Key, err)
	}
	// A crash before this line writes the same values once more; that is all.
	return m.links.Bind(ctx, scope, item.Key, item.OdooID, issue, item.Fields)
}

// healMissing decides what a 404 on a linked work item means: an archived one is
// still found by its external id, a deleted one is not. What Odoo owns is made
// again after a delete.
func (m *Mirror) healMissing(ctx context.Context, scope mapping.Scope, item WantedItem, issue string) error {
	_, err := m.plane.WorkItemByExternalID(ctx, scope.ProjectID, mapping.ExternalSource, string(item.Key), plane.View{})
	if err == nil {
		return m.breakLink(ctx, scope, item, issue)
	}
	if !errors.Is(err, plane.ErrNotFound) {
		return fmt.Errorf("looking up the work item of %s: %w", item.Key, err)
	}
	m.logger.WarnContext(ctx, "a work item was deleted in Plane; it is created again, because Odoo still has its record",
		slog.String("key", string(item.Key)), slog.String("work_item", issue))
	if err := m.links.Unbind(ctx, scope, item.Key); err != nil {
		return err
	}
	return m.create(ctx, scope, item)
}

func (m *Mirror) currentLabels(ctx context.Context, scope mapping.Scope, step Step, issue string) ([]string, error) {
	if step.Requests() < 2 {
		return nil, nil
	}
	current, err := m.plane.WorkItem(ctx, scope.ProjectID, issue, plane.View{})
	if err != nil {
		return nil, err
	}
	return current.Labels.IDs(), nil
}

func (m *Mirror) noteError(ctx context.Context, scope mapping.Scope, key mapping.Key, cause error) {
	var busy *plane.BusyError
	if errors.Is(cause, ErrLocked) || errors.As(cause, &busy) {
		return
	}
	err := m.links.SetError(context.WithoutCancel(ctx), scope, key, cause.Error())
	if err != nil && !errors.Is(err, mapping.ErrNoLink) {
		m.logger.WarnContext(ctx, "the error of a link could not be noted", slog.String("key", string(key)), slog.Any("error", err))
	}
}
