package inbound

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// tellingFlow takes note of the state that it is shown, and of the states that it
// is shown after a newer one.
type tellingFlow struct {
	bridge.Flow
	last    time.Time
	regress int
}

func (f *tellingFlow) Scope() mapping.Scope {
	return mapping.Scope{Flow: "told", Workspace: "w", ProjectID: "p"}
}

func (f *tellingFlow) Ownership() mapping.Ownership { return nil }

func (f *tellingFlow) FromPlane(_ context.Context, _ mapping.Link, item bridge.WorkItemState) bridge.Verdict {
	if item.UpdatedAt.Before(f.last) {
		f.regress++
	}
	f.last = item.UpdatedAt
	return bridge.Done("told").Telling(item.StateName)
}

// history is what happened to one work item: its states, oldest first, each told
// by a few webhooks that differ in the field they are about.
type history struct {
	entity   string
	states   int
	reported []ledger.Delivery
}

// drawHistory draws states whose times are apart by more than clocks may disagree, or,
// with clocks that do, by a second give or take three.
func drawHistory(t *rapid.T, clocksAgree bool) history {
	h := history{entity: uuid.NewString(), states: rapid.IntRange(1, 4).Draw(t, "states")}
	begin := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	for i := range h.states {
		at := begin.Add(time.Duration(i) * 2 * shown.ClockTolerance)
		if !clocksAgree {
			at = begin.Add(time.Duration(i)*time.Second + time.Duration(rapid.IntRange(-2, 2).Draw(t, "seconds off"))*time.Second)
		}
		for field := range rapid.IntRange(1, 2).Draw(t, "webhooks") {
			body := fmt.Sprintf(`{"event": "issue", "action": "updated", "activity": {"field": "field-%d"}, "data": {"id": %q, "name": "name %d",
				"updated_at": %q, "state": {"id": "a9213c44-c29a-4b65-9213-01f3e436a0ea", "name": "state %d", "group": "started"}}}`,
				field, h.entity, i, at.Format(time.RFC3339Nano), i)
			// Each comes up to twice more: as the same delivery, and under another id.
			first, err := ledger.NewDelivery(uuid.New(), "issue", map[string]string{}, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			again := first
			again.ID = uuid.New()
			h.reported = append(h.reported, []ledger.Delivery{first, first, again}[:rapid.IntRange(1, 3).Draw(t, "times")]...)
		}
	}
	h.reported = shuffled(t, "order", h.reported)
	return h
}

// shuffled draws places and not what stands there, which keeps a failure readable.
func shuffled[T any](t *rapid.T, label string, list []T) []T {
	places := make([]int, len(list))
	for i := range places {
		places[i] = i
	}
	drawn := make([]T, 0, len(list))
	for _, place := range rapid.Permutation(places).Draw(t, label) {
		drawn = append(drawn, list[place])
	}
	return drawn
}

// Whatever the order in which webhooks come, how often, and however they fall into
// batches: the row and what the flow was told end at the newest state, and neither
// ever goes back to an older one.
func TestAnyOrderOfWebhooksEndsInTheNewestState(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	rapid.Check(t, func(t *rapid.T) {
		h, flow := drawHistory(t, true), &tellingFlow{}
		h.work(t, pool, flow, nil)
		if flow.regress > 0 {
			t.Errorf("the flow was shown %d states after a newer one", flow.regress)
		}
	})
}

// The same where two hosts of Plane wrote the times and their clocks are seconds apart:
// no time tells which state is the newest, and a look at the work item does.
func TestWhereClocksDisagreeALookEndsInTheNewestState(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, false)
		h.work(t, pool, &tellingFlow{}, shown.NewPresence(h.planeShowingTheNewest(t), pool, mapping.NewStore(pool)))
	})
}

// planeShowingTheNewest is a Plane that shows the last state, with a time of its own.
func (h history) planeShowingTheNewest(t *rapid.T) *plane.Client {
	last := h.states - 1
	body := fmt.Sprintf(`{"id": %q, "name": "name %d", "updated_at": "2026-11-21T20:00:00Z", "project": "p",
		"state": {"id": "a9213c44-c29a-4b65-9213-01f3e436a0ea", "name": "state %d", "group": "started"}}`, h.entity, last, last)
	client, err := plane.New(plane.Config{
		BaseURL: "http://plane.example", Workspace: "w", Auth: plane.APIKey("key"), Budget: plane.NewBudget(plane.WithAssumedLimit(1_000_000)),
		HTTPClient: &http.Client{Transport: answering(body)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answering answers every request with one body.
type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, Body: io.NopCloser(strings.NewReader(string(a))),
	}, nil
}

// work lets every webhook of the history be accepted and worked on, in a drawn order,
// and holds the end against the newest state.
func (h history) work(t *rapid.T, pool *pgxpool.Pool, flow *tellingFlow, presence *shown.Presence) {
	ctx := context.Background()
	queue, err := queue.New(pool, queue.Config{InstanceID: "history", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	inbox := ledger.NewInbox(pool, queue)
	process := &Worker{
		Pool: pool, Workspace: "w", Flows: bridge.Flows{flow}, Links: mapping.NewStore(pool), Presence: presence, Queue: queue, Logger: slog.New(slog.DiscardHandler),
	}
	if _, err := pool.Exec(ctx, `INSERT INTO ops.plane_sync_mappings
			(flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, plane_issue_id, state)
		VALUES ('told', 'm', 7, 'm,' || $1, 'w', 'p', $1, 'linked')`, h.entity); err != nil {
		t.Fatal(err)
	}
	var kept []uuid.UUID
	for _, d := range h.reported {
		duplicate, err := inbox.Accept(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		if !duplicate {
			kept = append(kept, d.ID)
		}
		if rapid.Bool().Draw(t, "worked on at once") {
			process.Process(ctx, d.ID, false)
		}
	}
	for _, id := range shuffled(t, "order of work", kept) {
		if v := process.Process(ctx, id, false); v.Err != nil {
			t.Fatal(v.Err)
		}
	}
	var title, status, reported string
	var open int
	err = pool.QueryRow(ctx, `SELECT w.title, w.status, m.notified,
			(SELECT count(*) FROM ops.plane_webhook_deliveries d WHERE d.entity_id = $1 AND d.status <> 'processed')
		FROM ops.work_items w JOIN ops.plane_sync_mappings m ON m.plane_issue_id = w.external_id WHERE w.external_id = $1`, h.entity).
		Scan(&title, &status, &reported, &open)
	newest := fmt.Sprintf("state %d", h.states-1)
	if err != nil || title != fmt.Sprintf("name %d", h.states-1) || status != newest || reported != newest || open > 0 {
		t.Errorf("the row says %q, %q, the flow was told %q, %d deliveries are not processed, %v; want %q", title, status, reported, open, err, newest)
	}
}
