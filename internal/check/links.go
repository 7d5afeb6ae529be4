package check

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
)

// checkLinks tells of work items that are not as Odoo wants them.
func (c checks) checkLinks(ctx context.Context) bridge.Finding {
	return noted("links", "no link carries an error", engine.LinksNote(ctx, mapping.NewStore(c.app.Pool)),
		"See what each says; it is tried again by itself, or at once by `mappings repair`.")
}

// checkWebhook fails while Plane's webhook is silent: only a person can switch it on.
func (c checks) checkWebhook(ctx context.Context) bridge.Finding {
	const do = "Look at the webhook in the workspace's settings in Plane and switch it on again: docs/runbooks/webhook-silent.md."
	err := sweep.SilenceNote(ctx, c.app.Pool)
	var note *bridge.Note
	if errors.As(err, &note) {
		return bridge.Failed("webhook", note, do)
	}
	return noted("webhook", "no change is known that it should have told of and did not", err, do)
}

// checkPanics tells of faults of the bridge itself.
func (c checks) checkPanics(ctx context.Context) bridge.Finding {
	return noted("panics", "none within the last hour", queue.PanicsNote(ctx, c.app.Pool), "Report it, with the stack from the log.")
}

// checkClock tells when this machine and the database disagree about the time.
func (c checks) checkClock(ctx context.Context) bridge.Finding {
	return noted("clock", "this machine and the database agree about the time", queue.ClockNote(ctx, c.app.Pool),
		"Set both by one time service (NTP). Work goes on by the database's clock meanwhile.")
}

// noted is the finding of a check that passes with a note, or fails with an error.
func noted(name, fine string, err error, do string) bridge.Finding {
	var note *bridge.Note
	switch {
	case errors.As(err, &note):
		return bridge.Noted(name, note.Text, do)
	case err != nil:
		return bridge.Failed(name, err, "May the role read schema ops?")
	default:
		return bridge.Fine(name, fine)
	}
}

// checkBrake fails while a brake holds: only a person can say whether what is gone is
// meant to be.
func (c checks) checkBrake(ctx context.Context) bridge.Finding {
	held, err := ledger.HeldBrakes(ctx, c.app.Pool)
	if err != nil {
		return bridge.Failed("brake", err, "May the role read schema ops?")
	}
	if len(held) == 0 {
		return bridge.Fine("brake", "holds nothing")
	}
	var found []error
	do := make(map[string]bool)
	for _, brake := range held {
		found = append(found, errors.New(brake.String()))
		do[toRelease(brake.Direction)] = true
	}
	return bridge.Failed("brake", errors.Join(found...), strings.Join(slices.Sorted(maps.Keys(do)), " "))
}

// toRelease says how a person lets a brake go.
func toRelease(direction ledger.BrakeDirection) string {
	if direction == ledger.BrakeFromPlane {
		return "Look at the project in Plane; `reconcile --release` lets it go for one run."
	}
	return "Look at the records in Odoo; `sync --release` lets it go for one run."
}
