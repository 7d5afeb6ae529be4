package main

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

// carryOut carries out a plan and shows how far it is. What is under way when the process
// is told to stop is finished.
func carryOut(p *process, a *app, flow bridge.Flow, plan mirror.Plan, extent mirror.Extent) (outbound.Result, error) {
	ctx, cancel := p.inHand(a.logger)
	defer cancel()
	progress := newProgress(p.stderr, "mirroring", len(plan.Work()))
	defer progress.Done()
	result, err := outbound.Run{
		Mirror: a.bridge.Mirror(), Flow: flow, Extent: extent, Stop: p.ctx, Step: progress.Step, Logger: a.logger,
	}.CarryOut(ctx, plan)
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

// inHand returns the context for work that is finished before the process stops. It
// outlives the process's own by the drain time; nothing new is begun in it then, and
// nothing waited for.
func (p *process) inHand(logger *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(p.ctx))
	release := context.AfterFunc(p.ctx, func() {
		logger.InfoContext(ctx, "told to stop; what is under way is finished first, and another Ctrl-C ends it at once",
			slog.Duration("within", engine.DrainTime))
		time.AfterFunc(engine.DrainTime, func() { cancel(context.Cause(p.ctx)) })
	})
	return plane.WithStop(ctx, p.ctx), func() {
		release()
		cancel(nil)
	}
}
