package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// gone looks at the entity that a deleted record stood for. Another record may
// have taken its place by now, under the same key and another id.
func (m *mirroring) gone(ctx context.Context, flow Flow, id int64) Verdict {
	link, err := m.mirror.links.ByOdooID(ctx, flow.Scope(), flow.Model(), id)
	if errors.Is(err, mapping.ErrNoLink) {
		return Ignored(fmt.Sprintf("%s %d is gone and was not mirrored", flow.Model(), id))
	}
	if err != nil {
		return RetryLater(CauseOurs, err)
	}
	return m.entity(ctx, mirrorJob{Flow: flow.Scope().Flow, Key: link.Key})
}
