package engine

import (
	"context"
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
)

// Alarms are what only a person can end, besides the brake of the flow's own sync,
// which tells of that itself.
func (b *Engine) Alarms(ctx context.Context, flow bridge.Flow) ([]string, error) {
	held, err := ledger.HeldBrakes(ctx, b.config.Pool)
	if err != nil {
		return nil, err
	}
	var alarms []string
	for _, brake := range held {
		if brake.Flow != flow.Scope().Flow || brake.Direction != ledger.BrakeToPlane {
			alarms = append(alarms, brake.String())
		}
	}
	err = sweep.SilenceNote(ctx, b.config.Pool)
	if note := new(bridge.Note); errors.As(err, &note) {
		return append(alarms, note.Text), nil
	}
	return alarms, err
}
