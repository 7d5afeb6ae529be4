// Package reminder leaves activities for people in Odoo: each once, for somebody who can see it, on a record
// that has a place for it, and takes back what nobody has dealt with.
package reminder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// todoActivity is an external id of Odoo's own. load() finds it by name, also for a
// user who may not read the table behind it.
const todoActivity = "mail.mail_activity_data_todo"

const activityModel = "mail.activity"

// Desk leaves the reminders of a flow and takes them back.
type Desk struct {
	Odoo *odoo.Client
	// Record is what the flow's records are called, in the singular.
	Record string
	// User is the login of whoever is reminded, and Setting the setting that says so.
	User, Setting string
	// Now is the clock.
	Now    func() time.Time
	Logger *slog.Logger
}

// Reminder is one activity to leave.
type Reminder struct {
	// Name is the name of its external id, and About what it is about, for errors.
	Name, About, Summary string
	Note                 odoo.HTML
	// At is when that happened of which somebody is reminded, and Due the day after which the reminder
	// would be too late.
	At  time.Time
	Due odoo.Date
	// Company is the company that it concerns.
	Company odoo.Many2One
	// Makers are the users of whom the first who can be reminded is, where the settings name nobody.
	Makers []int64
	// Place is a record with a chatter where people look; the zero place is none.
	Place Place
}

// Place is a record on which a reminder may hang.
type Place struct {
	// Name says where that is, ModelID is its model's external id, by which it is found without the
	// right to read ir.model, and Record its id.
	Name, ModelID string
	Record        int64
}

// Leave leaves an activity for a person, once for each name: it is made by external
// id, and one that is there already is not touched, whether it is open or done. It is
// due on the day of what it is about, because before its day an activity is not
// counted in the menu; never later than Due.
func (d Desk) Leave(ctx context.Context, r Reminder) (outcome string, err error) {
	who, err := d.person(ctx, r)
	if err != nil {
		return "", err
	}
	var refusal error
	for _, place := range d.placesFor(r) {
		values, err := place.find(ctx)
		if err != nil {
			return "", err
		}
		values["activity_type_id/id"], values["summary"], values["note"] = todoActivity, r.Summary, r.Note
		values["user_id"], values["date_deadline"] = odoo.Many2One{ID: who.ID}, who.dueDay(r, d.Now())
		created, err := odooflow.LoadOnce(ctx, d.Odoo, activityModel, r.Name, values)
		switch {
		case err == nil && created:
			return "reminder left for " + who.Login + " " + place.name, nil
		case err == nil:
			return "the reminder in Odoo was there already", nil
		case !errors.Is(err, odoo.ErrValidation):
			return "", odooflow.Classify(fmt.Errorf("leaving a reminder in Odoo for %s: %w", r.About, err))
		}
		refusal = place.explain(ctx, fmt.Errorf("leaving a reminder in Odoo for %s %s: %w", r.About, place.name, err))
	}
	return "", refusal
}

// TakeBack removes a reminder that holds no longer, by its name. One that somebody has
// ticked off stays as it is: it says what was done.
func (d Desk) TakeBack(ctx context.Context, name, about string) (outcome string, err error) {
	id, err := odoo.NewExternalID(name)
	if err != nil {
		return "", odooflow.BadData(err)
	}
	_, activity, err := d.Odoo.Resolve(ctx, id)
	if errors.Is(err, odoo.ErrMissing) {
		return "the reminder is gone already", nil
	}
	var found []struct {
		Active bool `odoo:"active"`
	}
	if err == nil {
		err = d.Odoo.Read(ctx, activityModel, []int64{activity}, []string{"active"}, &found)
	}
	if err == nil && len(found) == 1 && !found[0].Active {
		return "the reminder is done already", nil
	}
	if err == nil {
		err = d.Odoo.Unlink(ctx, activityModel, activity)
	}
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("taking the reminder of %s back: %w", about, err))
	}
	return "the reminder is taken back", nil
}
