package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/robfig/cron/v3"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// A thousand deliveries, each sent three times from sixteen connections at once,
// the third time under a new delivery id, have a thousand effects.
func TestAStormOfRepeatedDeliveriesIsKeptOnce(t *testing.T) {
	t.Parallel()
	const events, connections = 1000, 16
	h := newHouse(t, knownSecrets())
	server := httptest.NewServer(h.receiver)
	defer server.Close()

	sends := make(chan func() (duplicate bool, err error))
	var duplicates, accepted atomic.Int64
	var wait sync.WaitGroup
	for range connections {
		wait.Go(func() {
			for send := range sends {
				duplicate, err := send()
				switch {
				case err != nil:
					t.Error(err)
				case duplicate:
					duplicates.Add(1)
				default:
					accepted.Add(1)
				}
			}
		})
	}
	for i := range events {
		body := fmt.Sprintf(`{"event": "issue", "action": "updated", "data": {"id": %q, "name": "event %d", "updated_at": "2026-11-21T20:44:30Z"}}`, uuid.NewString(), i)
		same, fresh := uuid.NewString(), uuid.NewString()
		for _, id := range []string{same, same, fresh} {
			sends <- func() (bool, error) { return sendWebhook(server.URL, body, id) }
		}
	}
	close(sends)
	wait.Wait()

	if accepted.Load() != events || duplicates.Load() != 2*events {
		t.Errorf("%d accepted and %d duplicates, want %d and %d", accepted.Load(), duplicates.Load(), events, 2*events)
	}
	var deliveries, jobs int
	err := h.pool.QueryRow(context.Background(),
		"SELECT (SELECT count(*) FROM ops.plane_webhook_deliveries), (SELECT count(*) FROM ops.work_queue)").Scan(&deliveries, &jobs)
	if err != nil {
		t.Fatal(err)
	}
	if deliveries != events || jobs != events {
		t.Errorf("%d deliveries and %d jobs kept, want %d each", deliveries, jobs, events)
	}
	h.workOff(t)
	var workItems, twice int
	err = h.pool.QueryRow(context.Background(), `SELECT (SELECT count(*) FROM ops.work_items),
		(SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status <> 'processed' OR attempts <> 1)`).Scan(&workItems, &twice)
	if err != nil {
		t.Fatal(err)
	}
	if workItems != events || twice != 0 {
		t.Errorf("%d effects, and %d deliveries worked through other than once; want %d and none", workItems, twice, events)
	}
}

// workOff runs a bridge without flows until no delivery is open.
func (h house) workOff(t *testing.T) {
	t.Helper()
	client, err := plane.New(plane.Config{BaseURL: "http://127.0.0.1:1", Workspace: "acme", Auth: plane.APIKey("none")})
	if err != nil {
		t.Fatal(err)
	}
	never := cron.ConstantDelaySchedule{Delay: 24 * time.Hour}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- engine.New(engine.Config{
			Pool: h.pool, Queue: h.queue, Plane: client, Workspace: "acme", Metrics: engine.NewMetrics(h.pool), Logger: quiet,
			SyncSchedule: never, ReconcileSchedule: never, CleanupSchedule: never, Retention: time.Hour,
		}).Run(ctx)
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for open := 1; open > 0; <-tick.C {
		if err := h.pool.QueryRow(ctx, "SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status IN ('received', 'failed')").Scan(&open); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func sendWebhook(url, body, id string) (duplicate bool, err error) {
	request, err := http.NewRequest(http.MethodPost, url+"/api/webhooks/plane", strings.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header.Set(plane.HeaderSignature, plane.Sign(testSecret, []byte(body)))
	request.Header.Set(plane.HeaderDelivery, id)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	var answered answer
	if err := json.NewDecoder(response.Body).Decode(&answered); err != nil {
		return false, err
	}
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("answer %d: %s", response.StatusCode, answered.Error)
	}
	return answered.Duplicate, nil
}
