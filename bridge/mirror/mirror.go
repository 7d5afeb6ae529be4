package mirror

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Mirror writes work items into Plane and keeps the links. It creates each work
// item once, whatever fails in between: the intention is stored before the call,
// one creator at a time holds the key, and an intention that was left behind is
// waited out and looked up before anything is created again.
type Mirror struct {
	Pool    *pgxpool.Pool
	Links   *mapping.Store
	Plane   *plane.Client
	Catalog *plane.Catalog
	// Presence proves that a work item is gone before anything is concluded from it.
	Presence *shown.Presence
	// brake is the share of links whose work items may be cancelled in one run.
	brake    float64
	unlinked *unlinked
	metrics  *observe.Metrics
	Logger   *slog.Logger
	// People act for who made a change in Odoo; nil leaves everything to the bridge.
	People People
}

// New returns a mirror that writes through a Plane client.
func New(pool *pgxpool.Pool, client *plane.Client, brake float64, metrics *observe.Metrics, logger *slog.Logger, catalog ...plane.CatalogOption) *Mirror {
	links := mapping.NewStore(pool)
	return &Mirror{
		Pool: pool, Links: links, Plane: client, Catalog: plane.NewCatalog(client, catalog...), Presence: shown.NewPresence(client, pool, links),
		brake: brake, unlinked: &unlinked{projects: make(map[string]listing)}, metrics: metrics, Logger: logger,
	}
}

// Apply brings one record's work item to what is wanted and returns what it took.
// It decides again under the record's lock, so a plan that is out of date, or
// another replica at the same work, does no harm.
func (m *Mirror) Apply(ctx context.Context, flow bridge.Flow, item bridge.WantedItem, extent Extent) (Step, error) {
	return m.locked(ctx, flow, item.Key, func(link mapping.Link, found bool) (Step, error) {
		item, link, err := m.asItIs(ctx, flow, item, link)
		if errors.Is(err, bridge.ErrNoRecord) {
			return Step{Action: ActionLeave, Item: item, Reason: "Odoo has no such record any more; a sync decides about its work item"}, nil
		}
		if err != nil {
			return Step{Item: item}, err
		}
		step := decide(item, link, found, flow.Ownership(), extent)
		if item.Fields.Closed() {
			if err := bridge.Retract(ctx, m.Links, flow, &link); err != nil {
				return step, err
			}
		}
		err = m.carryOut(ctx, work{flow, flow.Scope(), flow.Ownership(), &step, link, extent})
		return step, err
	})
}

// Cancel cancels the work item of a record that is gone from Odoo.
func (m *Mirror) Cancel(ctx context.Context, flow bridge.Flow, key mapping.Key) (Step, error) {
	ctx = m.NotingCreates(ctx, flow.Scope(), key)
	return m.locked(ctx, flow, key, func(link mapping.Link, found bool) (Step, error) {
		step := Step{Action: ActionCancel, Item: bridge.WantedItem{Key: key, OdooID: link.OdooID, Fields: link.LastPushed}}
		if found {
			if err := bridge.Retract(ctx, m.Links, flow, &link); err != nil {
				return step, err
			}
		}
		w := work{flow, flow.Scope(), flow.Ownership(), &step, link, WhatChanged}
		switch {
		case found && link.State == mapping.Intended:
			return step, m.WithFreshCatalog(w.scope, func() error { return m.cancelIntended(ctx, w) })
		case found && link.State == mapping.Linked:
			if _, err := m.SentEarlier(ctx, w.scope, key); err != nil {
				return step, err
			}
			return step, m.WithFreshCatalog(w.scope, func() error { return m.cancel(ctx, w) })
		default:
			step.Action = ActionLeave
			return step, nil
		}
	})
}

func (m *Mirror) locked(ctx context.Context, flow bridge.Flow, key mapping.Key, do func(mapping.Link, bool) (Step, error)) (Step, error) {
	var step Step
	var link mapping.Link
	done, scope := false, flow.Scope()
	err := ledger.WithLock(ctx, m.Pool, ledger.LinkOf(key), func(pgx.Tx) error {
		var err error
		link, err = m.Links.ByKey(ctx, scope, key)
		if err != nil && !errors.Is(err, mapping.ErrNoLink) {
			return err
		}
		step, err = do(link, err == nil)
		done = err == nil
		return err
	})
	// The transaction holds the lock and nothing else; what was done is durable
	// even if the transaction cannot be ended.
	if err != nil && !done {
		m.noteError(ctx, scope, key, link, err)
		return step, err
	}
	m.metrics.Mirror(scope.Flow, string(step.Action))
	return step, nil
}

// work is one step under the lock of its record.
type work struct {
	flow      bridge.Flow
	scope     mapping.Scope
	ownership mapping.Ownership
	step      *Step
	link      mapping.Link
	extent    Extent
}

func (w work) item() bridge.WantedItem { return w.step.Item }

// looks reports whether the work item is read before anything is decided: for
// drift, and when the link says that what it knows is not enough.
func (w work) looks() bool {
	return w.link.State == mapping.Linked && (w.extent == WhatDrifted || w.link.LookDue)
}

func (m *Mirror) carryOut(ctx context.Context, w work) error {
	return m.WithFreshCatalog(w.scope, func() error { return m.try(ctx, w) })
}

// WithFreshCatalog does something once more with the catalogue read anew when a
// state or a label that it remembers may be gone: Plane refuses an id that it does
// not know, and a project may have got its missing state meanwhile.
func (m *Mirror) WithFreshCatalog(scope mapping.Scope, do func() error) error {
	err := do()
	if !errors.Is(err, plane.ErrInvalid) && !errors.Is(err, plane.ErrNoState) {
		return err
	}
	m.Catalog.Forget(scope.ProjectID)
	return do()
}

func (m *Mirror) try(ctx context.Context, w work) error {
	switch {
	case w.step.Action == ActionCreate:
		return m.create(ctx, w)
	case w.looks():
		return m.compareInFull(ctx, w)
	case w.step.Action == ActionChange:
		return m.change(ctx, w)
	default:
		return nil
	}
}

func (m *Mirror) noteError(ctx context.Context, scope mapping.Scope, key mapping.Key, seen mapping.Link, cause error) {
	var busy *plane.BusyError
	var underWay *bridge.UnderWayError
	if errors.Is(cause, bridge.ErrLocked) || errors.Is(cause, ErrNotWritable) || errors.Is(cause, plane.ErrAway) || errors.As(cause, &busy) || errors.As(cause, &underWay) {
		return
	}
	err := m.Links.SetError(context.WithoutCancel(ctx), scope, key, seen, cause.Error())
	if err != nil && !errors.Is(err, mapping.ErrNoLink) {
		m.Logger.WarnContext(ctx, "the error of a link could not be noted", slog.String("key", string(key)), slog.Any("error", err))
	}
}
