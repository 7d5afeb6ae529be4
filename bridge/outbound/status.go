package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

const (
	// writeBackBatch is how many records are brought up to date at a time: what goes
	// into one call to Odoo.
	writeBackBatch = 1000
)

// StatusWriter brings what Odoo shows up to date, from the links alone.
type StatusWriter struct {
	Links  *mapping.Store
	Flows  bridge.Flows
	Logger *slog.Logger
}

// WriteBack shows every link that changed since it was shown. A crash in between
// makes the same comparison once more.
func (w *StatusWriter) WriteBack(ctx context.Context, flowName string) bridge.Verdict {
	flow, found := w.Flows.ByName(flowName)
	keeper, keeps := flow.(bridge.StatusKeeper)
	if !found || !keeps {
		return bridge.Ignored("flow " + flowName + " shows no state in Odoo")
	}
	shown := 0
	for after := int64(0); ; {
		due, err := w.Links.StatusDue(ctx, flow.Scope(), after, writeBackBatch)
		if err != nil {
			return bridge.RetryLater(bridge.CauseOurs, err)
		}
		if len(due) == 0 {
			return bridge.Done(fmt.Sprintf("%d shown in Odoo", shown))
		}
		n, err := w.show(ctx, keeper, due)
		switch {
		case errors.Is(err, bridge.ErrNoStatusFields):
			return bridge.Ignored(err.Error())
		case err != nil:
			return bridge.VerdictOfFlow(err)
		}
		shown, after = shown+n, due[len(due)-1].ID
	}
}

// show brings a batch up to date. What Odoo refuses for good is not offered again
// before the link changes; what failed for a while is.
func (w *StatusWriter) show(ctx context.Context, keeper bridge.StatusKeeper, due []mapping.Link) (shown int, err error) {
	statuses := make([]bridge.SyncStatus, len(due))
	for i, link := range due {
		statuses[i] = bridge.StatusOf(link)
	}
	failed, err := keeper.KeepStatus(ctx, statuses)
	if err != nil {
		return 0, err
	}
	var settled []mapping.Link
	var waits error
	for _, link := range due {
		switch failure := failed[link.OdooID]; {
		case failure == nil:
			shown++
			settled = append(settled, link)
		case bridge.VerdictOfFlow(failure).Kind == bridge.VerdictDead:
			w.Logger.WarnContext(ctx, "Odoo does not show the state of a record", slog.String("key", string(link.Key)), slog.Any("error", failure))
			settled = append(settled, link)
		default:
			waits = failure
		}
	}
	if waits != nil {
		// One outage fails all of them, so they are told of together.
		w.Logger.WarnContext(ctx, "Odoo does not show the state of some records yet", slog.Int("records", len(due)-len(settled)), slog.Any("error", waits))
	}
	return shown, w.Links.StatusShown(ctx, settled)
}
