package reminder

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// person is a user of Odoo who may be reminded.
type person struct {
	ID    int64  `odoo:"id"`
	Login string `odoo:"login"`
	Zone  string `odoo:"tz"`
}

// person finds who is reminded: whoever the settings name, else the first of the
// makers, else the bridge's own user. Users who have left, who come from outside, or
// who do not see the company are passed over; OdooBot is one who counts as left.
func (d Desk) person(ctx context.Context, r Reminder) (person, error) {
	session, err := d.Odoo.Connect(ctx)
	if err != nil {
		return person{}, odooflow.Classify(fmt.Errorf("connecting to Odoo: %w", err))
	}
	candidates := append(slices.Clone(r.Makers), session.UserID)
	who := odoo.Where("id", "in", candidates)
	if d.User != "" {
		who = odoo.Or(odoo.Where("login", "=", d.User), who)
	}
	found, err := d.users(ctx, who, r.Company.ID)
	if err != nil {
		return person{}, err
	}
	if i := slices.IndexFunc(found, func(p person) bool { return p.Login == d.User }); i >= 0 {
		return found[i], nil
	}
	if d.User != "" {
		d.Logger.WarnContext(ctx, "the user who is to be reminded cannot be, so somebody else is; `check` says why",
			slog.String("setting", d.Setting), slog.String("company", r.Company.Name))
	}
	for _, id := range candidates {
		if i := slices.IndexFunc(found, func(p person) bool { return p.ID == id }); i >= 0 {
			return found[i], nil
		}
	}
	return person{ID: session.UserID, Login: "the bridge's own user"}, nil
}

// users are the active users of the office that a domain finds and who see a
// company.
func (d Desk) users(ctx context.Context, who odoo.Domain, company int64) ([]person, error) {
	domain := odoo.And(who, odoo.Where("share", "=", false), odoo.Where("company_ids", "in", []int64{company}))
	var found []person
	if err := d.Odoo.SearchRead(ctx, "res.users", domain, odoo.ReadOptions{Fields: odoo.FieldsOf[person]()}, &found); err != nil {
		return nil, odooflow.Classify(fmt.Errorf("finding the user to remind: %w", err))
	}
	return found, nil
}

// dueDay is the day of a reminder: when it happened, as the
// person's calendar shows it, but neither after today nor after Due.
func (p person) dueDay(r Reminder, now time.Time) odoo.Date {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		zone = time.UTC // As Odoo does for a zone that it does not know.
	}
	day := odoo.DateIn(now, zone)
	if completed := odoo.DateIn(r.At, zone); !r.At.IsZero() && completed.Compare(day) < 0 {
		day = completed
	}
	if r.Due.Compare(day) < 0 {
		day = r.Due
	}
	return day
}
