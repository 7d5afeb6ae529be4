package demo

import (
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// tally is what the story did, for the account at its end.
type tally struct {
	deadlines int
	completed []planetest.Item
	// first, same and fresh count webhooks: sent once, again under the same id,
	// and again under a new one.
	first, same, fresh int
}

// account prints what stands on each side at the end, and fails when it is not
// what the story told.
func (w *world) account() error {
	processed, workItems, links, err := w.counts()
	if err != nil {
		return err
	}
	sent := w.attempts()
	activities := len(w.odoo.Records("mail.activity"))
	var rows [][]any
	for _, line := range []struct {
		side, what string
		n          int
	}{
		{"Odoo", "deadlines", len(w.odoo.Deadlines())},
		{"Odoo", "reminders of work items completed but not filed", activities},
		{"Plane", "work items mirrored", len(w.plane.Items())},
		{"Plane", "API requests made", w.plane.RequestTotal()},
		{"Plane", "API requests refused for the rate limit", w.plane.Rejected()},
		{"Plane", "webhooks sent, retries included", len(sent)},
		{"Plane", "webhooks answered with 200", len(sent) - failures(sent)},
		{"bridge", "deliveries kept", processed},
		{"bridge", "duplicates skipped, same id", w.tally.same},
		{"bridge", "duplicates skipped, new id", w.tally.fresh},
		{"bridge", "rows in ops.work_items", workItems},
		{"bridge", "links between the two", links},
	} {
		rows = append(rows, []any{"", line.side, line.what, line.n})
	}
	fmt.Fprintf(w.options.Stdout, "\nThe account\n")
	if err := terminal.Table(w.options.Stdout, rows); err != nil {
		return fmt.Errorf("printing the account: %w", err)
	}
	return errors.Join(
		expect("deadlines mirrored", links, w.tally.deadlines),
		expect("webhooks answered with 200", len(sent)-failures(sent), len(sent)),
		expect("deliveries kept", processed, len(sent)-w.tally.fresh),
		expect("reminders in Odoo", activities, len(w.tally.completed)),
		w.labelsKept(),
	)
}

func (w *world) counts() (processed, workItems, links int, err error) {
	err = w.app.Pool.QueryRow(w.ctx, `SELECT
		(SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status IN ('processed', 'ignored')),
		(SELECT count(*) FROM ops.work_items),
		(SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked')`).Scan(&processed, &workItems, &links)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("counting what the bridge keeps: %w", err)
	}
	return processed, workItems, links, nil
}

// labelsKept looks whether what people added in Plane is still there.
func (w *world) labelsKept() error {
	for _, item := range w.plane.Items() {
		if len(item.Assignees) > 0 {
			if err := expect("labels that Maria put on "+item.Name, countOf(item.Labels, "maria:mine"), 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func countOf(all []string, one string) int {
	n := 0
	for _, text := range all {
		if text == one {
			n++
		}
	}
	return n
}
