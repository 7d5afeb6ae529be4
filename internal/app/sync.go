package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// CarryOut carries out a plan and calls step after each of its steps. What is under
// way when the context ends is finished.
func (a *App) CarryOut(ctx context.Context, flow bridge.Flow, plan mirror.Plan, extent mirror.Extent, step func()) (outbound.Result, error) {
	inHand, cancel := a.InHand(ctx)
	defer cancel()
	result, err := outbound.Run{
		Mirror: a.Engine.Mirror(), Flow: flow, Extent: extent, Stop: ctx, Step: step, Logger: a.Logger,
	}.CarryOut(inHand, plan)
	if all := new(outbound.AllFailedError); errors.As(err, &all) {
		err = fmt.Errorf("the first work items all failed%s; the last: %w", whyAll(all.Steps, all.Last), all.Last)
	}
	return result, err
}

// whyAll says why work items fail one after the other, where that is certain: who
// answers and refuses is not away.
func whyAll(n int, err error) string {
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case slices.ContainsFunc([]error{plane.ErrForbidden, plane.ErrBadKey, plane.ErrUnauthorized, bridge.ErrKeyMissing}, is):
		return fmt.Sprintf(", %d of them because Plane refuses them", n)
	case slices.ContainsFunc([]error{odoo.ErrDenied, odoo.ErrAccess, odoo.ErrUser, odoo.ErrValidation}, is):
		return fmt.Sprintf(", %d of them because Odoo refuses them", n)
	case slices.ContainsFunc([]error{plane.ErrServer, plane.ErrUnreachable, plane.ErrForeign, plane.ErrUncertain, odoo.ErrBusy, odoo.ErrUncertain, odoo.ErrDatabase}, is):
		return fmt.Sprintf(", %d of them because a server is away", n)
	default:
		return ""
	}
}

// InHand returns the context for work that is finished before the process stops. It
// outlives the process's own by the drain time; nothing new is begun in it then, and
// nothing waited for.
func (a *App) InHand(process context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(process))
	release := context.AfterFunc(process, func() {
		a.Logger.InfoContext(ctx, "told to stop; what is under way is finished first, and another Ctrl-C ends it at once",
			slog.Duration("within", engine.DrainTime))
		time.AfterFunc(engine.DrainTime, func() { cancel(context.Cause(process)) })
	})
	return plane.WithStop(ctx, process), func() {
		release()
		cancel(nil)
	}
}

// ShowStatus brings the fields in Odoo up to date. A failure is none of the sync's:
// what is not shown stays due.
func (a *App) ShowStatus(ctx context.Context) {
	for _, flow := range a.Engine.Flows() {
		if err := a.Engine.ShowStatus(ctx, flow); err != nil {
			a.Logger.WarnContext(ctx, "Odoo does not show the new states yet; the next write-back does", slog.Any("error", err))
		}
	}
}
