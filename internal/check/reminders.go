package check

import (
	"context"
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
)

// checkReminders says whether what BIR_ON_COMPLETED asks for can be done in Odoo,
// and who is reminded.
func (c checks) checkReminders(ctx context.Context) []bridge.Finding {
	const name = "reminders"
	flow, choice := c.app.BIRFlow(), c.app.Settings.BIROnCompleted
	missing, err := flow.MissingRights(ctx)
	if err != nil {
		return []bridge.Finding{bridge.Failed(name, err, adviceForOdoo(err))}
	}
	var findings []bridge.Finding
	for _, lack := range missing {
		findings = append(findings, unfit(name, lack))
	}
	if bir.OnCompleted(choice) != bir.Remind {
		if len(findings) == 0 {
			findings = []bridge.Finding{bridge.Fine(name, "none; BIR_ON_COMPLETED is "+string(choice))}
		}
		return findings
	}
	who, err := flow.Reminded(ctx)
	switch {
	case err != nil:
		return append(findings, unfit(name, err))
	case c.app.Settings.BIRReminderUser == "":
		return append(findings, bridge.Noted(name, "go to "+who, "Set BIR_REMINDER_USER to the login of a person, if nobody looks at that list of activities."))
	default:
		return append(findings, bridge.Fine(name, "go to "+who))
	}
}

// unfit is a finding about the set-up of Odoo that the settings do not fit.
func unfit(name string, err error) bridge.Finding {
	var setup *bir.SetupError
	if errors.As(err, &setup) {
		return bridge.Failed(name, errors.New(setup.Problem), setup.Do+" (docs/odoo-setup.md).")
	}
	return bridge.Failed(name, err, adviceForOdoo(err))
}
