package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// checkLinks tells of work items that are not as Odoo wants them.
func (a *app) checkLinks(ctx context.Context) plane.Finding {
	return noted("links", "no link carries an error", engine.LinksNote(ctx, mapping.NewStore(a.pool)),
		"See what each says; it is tried again by itself, or at once by `mappings repair`.")
}

// checkWebhook fails while Plane's webhook is silent: only a person can switch it on.
func (a *app) checkWebhook(ctx context.Context) plane.Finding {
	const do = "Look at the webhook in the workspace's settings in Plane and switch it on again: docs/runbooks/webhook-silent.md."
	err := sweep.SilenceNote(ctx, a.pool)
	var note *bridge.Note
	if errors.As(err, &note) {
		return failed("webhook", note, do)
	}
	return noted("webhook", "no change is known that it should have told of and did not", err, do)
}

// checkPanics tells of faults of the bridge itself.
func (a *app) checkPanics(ctx context.Context) plane.Finding {
	return noted("panics", "none within the last hour", queue.PanicsNote(ctx, a.pool), "Report it, with the stack from the log.")
}

// checkClock tells when this machine and the database disagree about the time.
func (a *app) checkClock(ctx context.Context) plane.Finding {
	return noted("clock", "this machine and the database agree about the time", queue.ClockNote(ctx, a.pool),
		"Set both by one time service (NTP). Work goes on by the database's clock meanwhile.")
}

// noted is the finding of a check that passes with a note, or fails with an error.
func noted(name, fine string, err error, do string) plane.Finding {
	var note *bridge.Note
	switch {
	case errors.As(err, &note):
		return plane.Finding{Name: name, Grade: plane.GradeNote, Found: note.Text, Do: do}
	case err != nil:
		return failed(name, err, "May the role read schema ops?")
	default:
		return ok(name, fine)
	}
}

// checkBrake fails while a brake holds: only a person can say whether what is gone is
// meant to be.
func (a *app) checkBrake(ctx context.Context) plane.Finding {
	held, err := ledger.HeldBrakes(ctx, a.pool)
	if err != nil {
		return failed("brake", err, "May the role read schema ops?")
	}
	if len(held) == 0 {
		return ok("brake", "holds nothing")
	}
	var found []error
	do := make(map[string]bool)
	for _, brake := range held {
		found = append(found, errors.New(brake.String()))
		do[toRelease(brake.Direction)] = true
	}
	return failed("brake", errors.Join(found...), strings.Join(slices.Sorted(maps.Keys(do)), " "))
}

// toRelease says how a person lets a brake go.
func toRelease(direction ledger.BrakeDirection) string {
	if direction == ledger.BrakeFromPlane {
		return "Look at the project in Plane; `reconcile --release` lets it go for one run."
	}
	return "Look at the records in Odoo; `sync --release` lets it go for one run."
}

// alarms are what only a person can end, besides the brake of the flow's own sync,
// which tells of that itself.
func (a *app) alarms(ctx context.Context, flow bridge.Flow) ([]string, error) {
	held, err := ledger.HeldBrakes(ctx, a.pool)
	if err != nil {
		return nil, err
	}
	var alarms []string
	for _, brake := range held {
		if brake.Flow != flow.Scope().Flow || brake.Direction != ledger.BrakeToPlane {
			alarms = append(alarms, brake.String())
		}
	}
	err = sweep.SilenceNote(ctx, a.pool)
	if note := new(bridge.Note); errors.As(err, &note) {
		return append(alarms, note.Text), nil
	}
	return alarms, err
}
