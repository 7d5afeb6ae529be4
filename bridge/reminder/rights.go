package reminder

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// noContacts names the right that reminders take.
func (d Desk) noContacts() *odooflow.SetupError {
	return &odooflow.SetupError{
		Problem: "the bridge's user may not write contacts in Odoo, and reminders hang on the contact of a " + d.Record + "'s company",
		Do:      "Give it the group Contact / Creation (base.group_partner_manager)",
	}
}

func (d Desk) hidden(company odoo.Many2One) *odooflow.SetupError {
	return &odooflow.SetupError{
		Problem: "the bridge's user in Odoo does not see company " + company.Name + ", which has " + d.Record + "s",
		Do:      "Add the company to the Allowed Companies of that user",
	}
}

// MissingRights lists what the bridge's user lacks in Odoo for reminders that concern
// the companies.
func (d Desk) MissingRights(ctx context.Context, companies []odoo.Many2One) ([]error, error) {
	may, err := d.Odoo.May(ctx, contactModel, "write")
	if err != nil {
		return nil, odooflow.Classify(fmt.Errorf("asking whether contacts may be written: %w", err))
	}
	var missing []error
	if !may {
		missing = append(missing, d.noContacts())
	}
	for _, company := range companies {
		if _, err := d.contactOf(ctx, company); errors.As(err, new(*odooflow.SetupError)) {
			missing = append(missing, d.hidden(company))
		} else if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// Own is the login of the bridge's own user, who is reminded where nobody else can be.
func (d Desk) Own(ctx context.Context) (login string, err error) {
	session, err := d.Odoo.Connect(ctx)
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("connecting to Odoo: %w", err))
	}
	own, err := d.user(ctx, odoo.Where("id", "=", session.UserID))
	return own.Login, err
}

// CheckUser says why User cannot be reminded of what concerns the companies: a
// *odooflow.SetupError.
func (d Desk) CheckUser(ctx context.Context, companies []odoo.Many2One) error {
	login := d.User
	user, err := d.user(ctx, odoo.Where("login", "=", login))
	if err != nil {
		return err
	}
	do := "Set " + d.Setting + " to the login of an active user of the office"
	switch {
	case user.ID == 0:
		return &odooflow.SetupError{Problem: d.Setting + " is " + login + ", and Odoo shows the bridge no user with this login", Do: do}
	case !user.Active:
		return &odooflow.SetupError{Problem: d.Setting + " is " + login + ", who is archived in Odoo", Do: do}
	case user.Share:
		return &odooflow.SetupError{Problem: d.Setting + " is " + login + ", a portal user, who has no list of activities", Do: do}
	}
	for _, company := range companies {
		found, err := d.users(ctx, odoo.Where("id", "=", user.ID), company.ID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return &odooflow.SetupError{
				Problem: d.Setting + " is " + login + ", who does not see company " + company.Name + ", which has " + d.Record + "s",
				Do:      "Add the company to the Allowed Companies of that user, or name somebody who sees it",
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
func (d Desk) user(ctx context.Context, who odoo.Domain) (account, error) {
	var found []account
	options := odoo.ReadOptions{Fields: odoo.FieldsOf[account](), Limit: 1, Context: odoo.Values{"active_test": false}}
	if err := d.Odoo.SearchRead(ctx, "res.users", who, options, &found); err != nil {
		return account{}, odooflow.Classify(fmt.Errorf("finding the user to remind: %w", err))
	}
	if len(found) == 0 {
		return account{}, nil
	}
	return found[0], nil
}
