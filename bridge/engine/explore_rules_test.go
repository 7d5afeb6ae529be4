package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// seen is what the rules remember from step to step.
type seen struct {
	finished map[string]ledger.Status
	updated  map[string]time.Time
}

func newSeen() seen {
	return seen{finished: map[string]ledger.Status{}, updated: map[string]time.Time{}}
}

// check says which rule does not hold after a step.
func (e *explored) check() error {
	e.flight.Lock()
	broken := errors.Join(nil)
	for _, why := range e.broken {
		broken = errors.Join(broken, errors.New(why))
	}
	e.flight.Unlock()
	return errors.Join(broken, e.oneItemEach(), e.deliveriesEnd(), e.newerWins())
}

// oneItemEach: no record has two work items.
func (e *explored) oneItemEach() error {
	alive := map[string]int{}
	for _, item := range e.plane.Items() {
		if item.ExternalSource != mapping.ExternalSource || item.Deleted {
			continue
		}
		if alive[item.ExternalID]++; alive[item.ExternalID] > 1 {
			return fmt.Errorf("%s has two work items", item.ExternalID)
		}
	}
	return nil
}

// deliveriesEnd: what is finished stays finished, and what is open has a job.
func (e *explored) deliveriesEnd() error {
	rows, err := e.queue.Query(context.Background(), `SELECT delivery_id::text, status, EXISTS (SELECT FROM ops.river_job j
			WHERE j.kind = 'plane_delivery' AND j.args ->> 'delivery_id' = d.delivery_id::text AND j.finalized_at IS NULL)
		FROM ops.plane_webhook_deliveries d`)
	if err != nil {
		return err
	}
	var id string
	var status ledger.Status
	var job bool
	_, err = pgx.ForEachRow(rows, []any{&id, &status, &job}, func() error {
		before, finished := e.seen.finished[id]
		switch {
		case finished && status != before:
			return fmt.Errorf("delivery %s was %s and is %s", id, before, status)
		case status.Finished():
			e.seen.finished[id] = status
		case !job:
			return fmt.Errorf("delivery %s is %s and no job works on it", id, status)
		}
		return nil
	})
	return err
}

// newerWins: what is known of a work item never becomes older.
func (e *explored) newerWins() error {
	rows, err := e.queue.Query(context.Background(), "SELECT external_id, updated_at FROM ops.work_items")
	if err != nil {
		return err
	}
	var id string
	var updated time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &updated}, func() error {
		if updated.Before(e.seen.updated[id]) {
			return fmt.Errorf("the row of work item %s went back from %s to %s", id, e.seen.updated[id], updated)
		}
		e.seen.updated[id] = updated
		return nil
	})
	return err
}
