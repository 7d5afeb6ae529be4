package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

const (
	// writeBackBatch is how many records are brought up to date at a time: what goes
	// into one call to Odoo.
	writeBackBatch = 1000
)

// statusWriter brings what Odoo shows up to date, from the links alone.
type statusWriter struct {
	links  *mapping.Store
	flows  flows
	logger *slog.Logger
}

// writeBack shows every link that changed since it was shown. A crash in between
// makes the same comparison once more.
func (w *statusWriter) writeBack(ctx context.Context, flowName string) Verdict {
	flow, found := w.flows.byName(flowName)
	keeper, keeps := flow.(StatusKeeper)
	if !found || !keeps {
		return Ignored("flow " + flowName + " shows no state in Odoo")
	}
	shown := 0
	for after := int64(0); ; {
		due, err := w.links.StatusDue(ctx, flow.Scope(), after, writeBackBatch)
		if err != nil {
			return RetryLater(CauseOurs, err)
		}
		if len(due) == 0 {
			return Done(fmt.Sprintf("%d shown in Odoo", shown))
		}
		n, err := w.show(ctx, keeper, due)
		switch {
		case errors.Is(err, ErrNoStatusFields):
			return Ignored(err.Error())
		case err != nil:
			return verdictOfFlow(err)
		}
		shown, after = shown+n, due[len(due)-1].ID
	}
}

// show brings a batch up to date. What Odoo refuses for good is not offered again
// before the link changes; what failed for a while is.
func (w *statusWriter) show(ctx context.Context, keeper StatusKeeper, due []mapping.Link) (shown int, err error) {
	statuses := make([]SyncStatus, len(due))
	for i, link := range due {
		statuses[i] = statusOf(link)
	}
	failed, err := keeper.KeepStatus(ctx, statuses)
	if err != nil {
		return 0, err
	}
	var settled []mapping.Link
	for _, link := range due {
		failure := failed[link.OdooID]
		if failure == nil {
			shown++
		} else {
			w.logger.WarnContext(ctx, "Odoo does not show the state of a record", slog.String("key", string(link.Key)), slog.Any("error", failure))
		}
		if failure == nil || verdictOfFlow(failure).kind == verdictDead {
			settled = append(settled, link)
		}
	}
	return shown, w.links.StatusShown(ctx, settled)
}
