package bir

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

// person finds who is reminded of a deadline: whoever BIR_REMINDER_USER names, else
// who made the linked return, else who made the deadline, else the bridge's own
// user. Users who have left, who come from outside, or who do not see the
// deadline's company are passed over; OdooBot, who generates deadlines, is one who
// counts as left.
func (f *Flow) person(ctx context.Context, d deadline) (person, error) {
	session, err := f.config.Odoo.Connect(ctx)
	if err != nil {
		return person{}, odooflow.Classify(fmt.Errorf("connecting to Odoo: %w", err))
	}
	candidates, err := f.makersOf(ctx, d)
	if err != nil {
		return person{}, err
	}
	candidates = append(candidates, session.UserID)
	who := odoo.Where("id", "in", candidates)
	if f.config.ReminderUser != "" {
		who = odoo.Or(odoo.Where("login", "=", f.config.ReminderUser), who)
	}
	found, err := f.users(ctx, who, d.Company.ID)
	if err != nil {
		return person{}, err
	}
	if i := slices.IndexFunc(found, func(p person) bool { return p.Login == f.config.ReminderUser }); i >= 0 {
		return found[i], nil
	}
	if f.config.ReminderUser != "" {
		f.config.Logger.WarnContext(ctx, "BIR_REMINDER_USER names nobody who can be reminded, so somebody else is; `check` says why",
			slog.String("company", d.Company.Name))
	}
	for _, id := range candidates {
		if i := slices.IndexFunc(found, func(p person) bool { return p.ID == id }); i >= 0 {
			return found[i], nil
		}
	}
	return person{ID: session.UserID, Login: "the bridge's own user"}, nil
}

// makersOf are who made the linked return and the deadline.
func (f *Flow) makersOf(ctx context.Context, d deadline) ([]int64, error) {
	var makers []int64
	if !d.Return.IsZero() {
		var found []struct {
			Creator odoo.Many2One `odoo:"create_uid"`
		}
		if err := f.config.Odoo.Read(ctx, returnModel, []int64{d.Return.ID}, []string{"create_uid"}, &found); err != nil {
			return nil, odooflow.Classify(fmt.Errorf("reading who made return %d: %w", d.Return.ID, err))
		}
		if len(found) == 1 && !found[0].Creator.IsZero() {
			makers = append(makers, found[0].Creator.ID)
		}
	}
	if !d.Creator.IsZero() {
		makers = append(makers, d.Creator.ID)
	}
	return makers, nil
}

// users are the active users of the office that a domain finds and who see a
// company.
func (f *Flow) users(ctx context.Context, who odoo.Domain, company int64) ([]person, error) {
	domain := odoo.And(who, odoo.Where("share", "=", false), odoo.Where("company_ids", "in", []int64{company}))
	var found []person
	if err := f.config.Odoo.SearchRead(ctx, "res.users", domain, odoo.ReadOptions{Fields: odoo.FieldsOf[person]()}, &found); err != nil {
		return nil, odooflow.Classify(fmt.Errorf("finding the user to remind: %w", err))
	}
	return found, nil
}

// dueDay is the day of a reminder: when the work item was completed, as the
// person's calendar shows it, but neither after today nor after the deadline.
func (p person) dueDay(d deadline, m message, now time.Time) odoo.Date {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		zone = time.UTC // As Odoo does for a zone that it does not know.
	}
	day := odoo.DateIn(now, zone)
	if completed := odoo.DateIn(m.at, zone); !m.at.IsZero() && completed.Compare(day) < 0 {
		day = completed
	}
	if d.Due.Compare(day) < 0 {
		day = d.Due
	}
	return day
}
