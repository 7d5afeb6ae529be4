package bir

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

const contactModel = "res.partner"

// SetupError is what keeps the flow from doing in Odoo what the settings ask for,
// and what a person does about it.
type SetupError struct{ Problem, Do string }

func (e *SetupError) Error() string { return e.Problem + ". " + e.Do }

// errNoContacts names the right that reminders take.
var errNoContacts = &SetupError{
	"the bridge's user may not write contacts in Odoo, and reminders hang on the contact of a deadline's company",
	"Give it the group Contact / Creation (base.group_partner_manager)",
}

func companyHidden(company odoo.Many2One) error {
	return &SetupError{
		"the bridge's user in Odoo does not see company " + company.Name + ", which has deadlines",
		"Add the company to the Allowed Companies of that user",
	}
}

// MissingRights lists what the bridge's user lacks in Odoo for what BIR_ON_COMPLETED
// says.
func (f *Flow) MissingRights(ctx context.Context) ([]error, error) {
	if f.config.OnCompleted == Nothing {
		return nil, nil
	}
	if field, marks := f.config.OnCompleted.field(); marks {
		return f.cannotMark(ctx, field)
	}
	may, err := f.config.Odoo.May(ctx, contactModel, "write")
	if err != nil {
		return nil, odooflow.Classify(fmt.Errorf("asking whether contacts may be written: %w", err))
	}
	var missing []error
	if !may {
		missing = append(missing, errNoContacts)
	}
	companies, err := f.companies(ctx)
	if err != nil {
		return nil, err
	}
	for _, company := range companies {
		if _, err := f.contactOf(ctx, deadline{Company: company}); errors.As(err, new(*SetupError)) {
			missing = append(missing, companyHidden(company))
		} else if err != nil {
			return nil, err
		}
	}
	return missing, nil
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
		return []error{&SetupError{"BIR_ON_COMPLETED names field " + name + ", which " + Model + " does not have", do}}, nil
	case field.Type != "boolean":
		return []error{&SetupError{"BIR_ON_COMPLETED names field " + name + " of " + Model + ", which is of type " + field.Type, do}}, nil
	case !field.Store:
		return []error{&SetupError{"BIR_ON_COMPLETED names field " + name + " of " + Model + ", which Odoo does not store", do}}, nil
	}
	may, err := f.config.Odoo.May(ctx, Model, "write")
	if err != nil {
		return nil, odooflow.Classify(fmt.Errorf("asking whether deadlines may be written: %w", err))
	}
	if !may {
		return []error{&SetupError{"the bridge's user may not write " + Model, "Give it the group Accounting / Administrator (account.group_account_manager)"}}, nil
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
// *SetupError says why not.
func (f *Flow) Reminded(ctx context.Context) (who string, err error) {
	session, err := f.config.Odoo.Connect(ctx)
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("connecting to Odoo: %w", err))
	}
	if f.config.ReminderUser == "" {
		own, err := f.user(ctx, odoo.Where("id", "=", session.UserID))
		if err != nil {
			return "", err
		}
		return "whoever made the return or the deadline, else " + own.Login + ", the bridge's own user", nil
	}
	return f.config.ReminderUser, f.checkReminderUser(ctx)
}

func (f *Flow) checkReminderUser(ctx context.Context) error {
	login := f.config.ReminderUser
	user, err := f.user(ctx, odoo.Where("login", "=", login))
	if err != nil {
		return err
	}
	const do = "Set BIR_REMINDER_USER to the login of an active user of the office"
	switch {
	case user.ID == 0:
		return &SetupError{"BIR_REMINDER_USER is " + login + ", and Odoo shows the bridge no user with this login", do}
	case !user.Active:
		return &SetupError{"BIR_REMINDER_USER is " + login + ", who is archived in Odoo", do}
	case user.Share:
		return &SetupError{"BIR_REMINDER_USER is " + login + ", a portal user, who has no list of activities", do}
	}
	companies, err := f.companies(ctx)
	if err != nil {
		return err
	}
	for _, company := range companies {
		found, err := f.users(ctx, odoo.Where("id", "=", user.ID), company.ID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return &SetupError{
				"BIR_REMINDER_USER is " + login + ", who does not see company " + company.Name + ", which has deadlines",
				"Add the company to the Allowed Companies of that user, or name somebody who sees it",
			}
		}
	}
	return nil
}

// account is a user of Odoo with what decides whether one can be reminded.
type account struct {
	ID     int64  `odoo:"id"`
	Login  string `odoo:"login"`
	Active bool   `odoo:"active"`
	Share  bool   `odoo:"share"`
}

// user finds one user, an archived one as well; the zero account is nobody.
func (f *Flow) user(ctx context.Context, who odoo.Domain) (account, error) {
	var found []account
	options := odoo.ReadOptions{Fields: odoo.FieldsOf[account](), Limit: 1, Context: odoo.Values{"active_test": false}}
	if err := f.config.Odoo.SearchRead(ctx, "res.users", who, options, &found); err != nil {
		return account{}, odooflow.Classify(fmt.Errorf("finding the user to remind: %w", err))
	}
	if len(found) == 0 {
		return account{}, nil
	}
	return found[0], nil
}
