package outbound

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// gone looks at the entity that a deleted record stood for. Another record may
// have taken its place by now, under the same key and another id.
func (m *Mirroring) gone(ctx context.Context, flow bridge.Flow, id int64) bridge.Verdict {
	link, err := m.Mirror.Links.ByOdooID(ctx, flow.Scope(), flow.Model(), id)
	if errors.Is(err, mapping.ErrNoLink) {
		return bridge.Ignored(fmt.Sprintf("%s %d is gone and was not mirrored", flow.Model(), id))
	}
	if err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	return m.Entity(ctx, queue.MirrorJob{Flow: flow.Scope().Flow, Key: link.Key})
}
