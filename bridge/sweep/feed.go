package sweep

import (
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// feed puts a finding through the inbox. Its key holds the sweep's time: a later sweep
// that finds the same again, because the repair failed, is worked on, and a sweep that runs
// again from its start is recognised.
func (s *sweep) feed(ctx context.Context, action plane.Action, item shown.Item) error {
	found := item.Shown
	found.ID = item.ID
	key := fmt.Sprintf("sweep:%s:%s", s.report.Started.Format("20060102T150405.000000Z"), item.ID)
	delivery, err := ledger.NewFinding(key, s.report.Started, ledger.Finding{Action: action, ProjectID: item.ProjectID, WorkItem: found})
	if err != nil {
		return err
	}
	_, err = s.Inbox.Accept(ctx, delivery)
	return err
}
