package main

import (
	"context"
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// checkReminders says whether what BIR_ON_COMPLETED asks for can be done in Odoo,
// and who is reminded.
func (a *app) checkReminders(ctx context.Context) []plane.Finding {
	const name = "reminders"
	flow, choice := a.birFlow(), a.settings.BIROnCompleted
	missing, err := flow.MissingRights(ctx)
	if err != nil {
		return []plane.Finding{failed(name, err, adviceForOdoo(err))}
	}
	var findings []plane.Finding
	for _, lack := range missing {
		findings = append(findings, unfit(name, lack))
	}
	if bir.OnCompleted(choice) != bir.Remind {
		if len(findings) == 0 {
			findings = []plane.Finding{ok(name, "none; BIR_ON_COMPLETED is "+string(choice))}
		}
		return findings
	}
	who, err := flow.Reminded(ctx)
	switch {
	case err != nil:
		return append(findings, unfit(name, err))
	case a.settings.BIRReminderUser == "":
		return append(findings, plane.Finding{
			Name: name, Grade: plane.GradeNote, Found: "go to " + who,
			Do: "Set BIR_REMINDER_USER to the login of a person, if nobody looks at that list of activities.",
		})
	default:
		return append(findings, ok(name, "go to "+who))
	}
}

// unfit is a finding about the set-up of Odoo that the settings do not fit.
func unfit(name string, err error) plane.Finding {
	var setup *bir.SetupError
	if errors.As(err, &setup) {
		return failed(name, errors.New(setup.Problem), setup.Do+" (docs/odoo-setup.md).")
	}
	return failed(name, err, adviceForOdoo(err))
}
