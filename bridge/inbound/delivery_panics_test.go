package inbound

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// stumblingFlow panics when it is told of a work item.
type stumblingFlow struct{ tellingFlow }

func (*stumblingFlow) FromPlane(context.Context, mapping.Link, bridge.WorkItemState) bridge.Verdict {
	var nothing *bridge.WorkItemState
	return bridge.Done(nothing.ID)
}

func TestADeliveryThatPanicsIsMarkedAndKeepsNothing(t *testing.T) {
	t.Parallel()
	pool, entity := pgtest.Pool(t), uuid.NewString()
	process, id := deliveryOf(t, pool, entity, &stumblingFlow{})
	verdict := process.Process(t.Context(), id, false)
	if _, panicked := queue.PanicOf(verdict.Err); !panicked || verdict.Cause != bridge.CauseOurs {
		t.Errorf("verdict = %+v, want a panic of ours", verdict)
	}
	var status, cause string
	var rows int
	err := pool.QueryRow(t.Context(), `SELECT status, cause, (SELECT count(*) FROM ops.work_items) FROM ops.plane_webhook_deliveries WHERE delivery_id = $1`, id).
		Scan(&status, &cause, &rows)
	if err != nil || status != "failed" || cause != "ours" || rows != 0 {
		t.Errorf("the delivery is %s by %s beside %d rows, %v; want failed by ours, and nothing kept", status, cause, rows, err)
	}
}

// deliveryOf accepts one webhook of a linked work item.
func deliveryOf(t *testing.T, pool *pgxpool.Pool, entity string, flow bridge.Flow) (*Worker, uuid.UUID) {
	t.Helper()
	queue, err := queue.New(pool, queue.Config{InstanceID: t.Name(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO ops.plane_sync_mappings
			(flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, plane_issue_id, state)
		VALUES ('told', 'm', 7, 'm,7', 'w', 'p', $1, 'linked')`, entity); err != nil {
		t.Fatal(err)
	}
	delivery, err := ledger.NewDelivery(uuid.New(), "issue", map[string]string{}, []byte(fmt.Sprintf(`{"event": "issue", "action": "created", "data": {"id": %q, "name": "tea", "updated_at": "2026-11-21T20:44:30Z", "state": {"id": "a9213c44-c29a-4b65-9213-01f3e436a0ea", "name": "Todo", "group": "unstarted"}}}`, entity)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.NewInbox(pool, queue).Accept(t.Context(), delivery); err != nil {
		t.Fatal(err)
	}
	return &Worker{
		Pool: pool, Workspace: "w", Flows: bridge.Flows{flow}, Links: mapping.NewStore(pool), Queue: queue, Logger: slog.New(slog.DiscardHandler),
	}, delivery.ID
}
