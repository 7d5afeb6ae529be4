package bir

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
)

var _ bridge.Checker = (*Flow)(nil)

// Check says how many deadlines the bridge's user sees, whether what BIR_ON_COMPLETED
// asks for can be done in Odoo, and who is reminded.
func (f *Flow) Check(ctx context.Context) []bridge.Finding {
	return append([]bridge.Finding{f.checkDeadlines(ctx)}, f.checkReminders(ctx)...)
}

func advice(err error) string { return odooflow.Advice(err, Model, "Accounting / Administrator") }

func (f *Flow) checkDeadlines(ctx context.Context) bridge.Finding {
	n, err := f.config.Odoo.SearchCount(ctx, Model, nil)
	if err != nil {
		return bridge.Failed("deadlines", err, advice(err))
	}
	return bridge.Fine("deadlines", fmt.Sprintf("%d in Odoo", n))
}

func (f *Flow) checkReminders(ctx context.Context) []bridge.Finding {
	const name = "reminders"
	missing, err := f.MissingRights(ctx)
	if err != nil {
		return []bridge.Finding{bridge.Failed(name, err, advice(err))}
	}
	var findings []bridge.Finding
	for _, lack := range missing {
		findings = append(findings, unfit(name, lack))
	}
	if choice := cmp.Or(f.config.OnCompleted, Remind); choice != Remind {
		if len(findings) == 0 {
			findings = []bridge.Finding{bridge.Fine(name, "none; "+onCompletedSetting+" is "+string(choice))}
		}
		return findings
	}
	who, err := f.Reminded(ctx)
	switch {
	case err != nil:
		return append(findings, unfit(name, err))
	case f.config.ReminderUser == "":
		return append(findings, bridge.Noted(name, "go to "+who,
			"Set "+reminderUserSetting+" to the login of a person, if nobody looks at that list of activities."))
	default:
		return append(findings, bridge.Fine(name, "go to "+who))
	}
}

// unfit is a finding about the set-up of Odoo that the settings do not fit.
func unfit(name string, err error) bridge.Finding {
	var setup *odooflow.SetupError
	if errors.As(err, &setup) {
		return bridge.Failed(name, errors.New(setup.Problem), setup.Do+" (docs/odoo-setup.md).")
	}
	return bridge.Failed(name, err, advice(err))
}
