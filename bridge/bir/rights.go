package bir

import (
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// MissingRights lists what the bridge's user lacks in Odoo for what BIR_ON_COMPLETED
// says.
func (f *Flow) MissingRights(ctx context.Context) ([]error, error) {
	if f.config.OnCompleted == Nothing {
		return nil, nil
	}
	if field, marks := f.config.OnCompleted.field(); marks {
		return f.cannotMark(ctx, field)
	}
	companies, err := f.companies(ctx)
	if err != nil {
		return nil, err
	}
	return f.reminders.MissingRights(ctx, companies)
}

// cannotMark says why a field of deadlines cannot be set. A field without a column
// takes every write and keeps nothing.
func (f *Flow) cannotMark(ctx context.Context, name string) ([]error, error) {
	fields, err := f.config.Odoo.FieldsGet(ctx, Model, "type", "store")
	if err != nil {
		return nil, odooflow.Classify(fmt.Errorf("reading the fields of %s: %w", Model, err))
	}
	const do = "Name a boolean field of " + Model + " in BIR_ON_COMPLETED, or set it to remind"
	switch field, found := fields[name]; {
	case !found:
		return []error{&odooflow.SetupError{Problem: "BIR_ON_COMPLETED names field " + name + ", which " + Model + " does not have", Do: do}}, nil
	case field.Type != "boolean":
		return []error{&odooflow.SetupError{Problem: "BIR_ON_COMPLETED names field " + name + " of " + Model + ", which is of type " + field.Type, Do: do}}, nil
	case !field.Store:
		return []error{&odooflow.SetupError{Problem: "BIR_ON_COMPLETED names field " + name + " of " + Model + ", which Odoo does not store", Do: do}}, nil
	}
	may, err := f.config.Odoo.May(ctx, Model, "write")
	if err != nil {
		return nil, odooflow.Classify(fmt.Errorf("asking whether deadlines may be written: %w", err))
	}
	if !may {
		return []error{&odooflow.SetupError{Problem: "the bridge's user may not write " + Model, Do: "Give it the group Accounting / Administrator (account.group_account_manager)"}}, nil
	}
	return nil, nil
}

// companies are those that have deadlines.
func (f *Flow) companies(ctx context.Context) ([]odoo.Many2One, error) {
	var companies []odoo.Many2One
	seen := map[int64]bool{}
	options := odoo.ReadOptions{Fields: []string{"company_id"}}
	for page, err := range odoo.SearchReadPages[deadlineCompany](ctx, f.config.Odoo, Model, nil, options, pageSize) {
		if err != nil {
			return nil, odooflow.Classify(fmt.Errorf("reading the companies of deadlines: %w", err))
		}
		for _, d := range page {
			if !seen[d.Company.ID] {
				companies, seen[d.Company.ID] = append(companies, d.Company), true
			}
		}
	}
	return companies, nil
}

type deadlineCompany struct {
	ID      int64         `odoo:"id"`
	Company odoo.Many2One `odoo:"company_id"`
}

// Reminded says who is reminded, and whether BIR_REMINDER_USER can be: a
// *odooflow.SetupError says why not.
func (f *Flow) Reminded(ctx context.Context) (who string, err error) {
	if f.config.ReminderUser == "" {
		own, err := f.reminders.Own(ctx)
		if err != nil {
			return "", err
		}
		return "whoever made the return or the deadline, else " + own + ", the bridge's own user", nil
	}
	companies, err := f.companies(ctx)
	if err != nil {
		return "", err
	}
	return f.config.ReminderUser, f.reminders.CheckUser(ctx, companies)
}
