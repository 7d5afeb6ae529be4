package bir

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// todoActivity is an external id of Odoo's own. load() finds it by name, also for a
// user who may not read the table behind it.
const todoActivity = "mail.mail_activity_data_todo"

const activityModel = "mail.activity"

// remind leaves an activity for a person, once for each completion: it is made by
// external id, and one that is there already is not touched, whether it is open or
// done. It is due on the day on which the work item was completed, because before
// its day an activity is not counted in the menu; never later than the deadline.
func (f *Flow) remind(ctx context.Context, d deadline, key mapping.Key, m message) (string, error) {
	name, err := reminderName(key, m.completion)
	if err != nil {
		return "", err
	}
	who, err := f.person(ctx, d)
	if err != nil {
		return "", err
	}
	var refusal error
	for _, place := range f.placesFor(d) {
		values, err := place.find(ctx)
		if err != nil {
			return "", err
		}
		values["activity_type_id/id"], values["summary"], values["note"] = todoActivity, m.summary, m.note
		values["user_id"], values["date_deadline"] = odoo.Many2One{ID: who.ID}, who.dueDay(d, m, f.config.Now())
		created, err := odooflow.LoadOnce(ctx, f.config.Odoo, activityModel, name, values)
		switch {
		case err == nil && created:
			return "reminder left for " + who.Login + " " + place.name, nil
		case err == nil:
			return "the reminder in Odoo was there already", nil
		case !errors.Is(err, odoo.ErrValidation):
			return "", odooflow.Classify(fmt.Errorf("leaving a reminder in Odoo for %s: %w", key, err))
		}
		refusal = place.explain(ctx, fmt.Errorf("leaving a reminder in Odoo for %s %s: %w", key, place.name, err))
	}
	return "", refusal
}

func reminderName(key mapping.Key, completion int) (string, error) {
	identity, err := parseKey(key)
	if err != nil {
		return "", odooflow.BadData(err)
	}
	return identity.reminderName(completion), nil
}

func reminderID(key mapping.Key, completion int) (odoo.ExternalID, error) {
	name, err := reminderName(key, completion)
	if err != nil {
		return "", err
	}
	id, err := odoo.NewExternalID(name)
	if err != nil {
		return "", odooflow.BadData(err)
	}
	return id, nil
}

// place is where an activity may hang.
type place struct {
	name string
	// find looks the record up.
	find func(ctx context.Context) (odoo.Values, error)
	// explain judges a refusal.
	explain func(ctx context.Context, refusal error) error
}

// placesFor lists where a reminder may hang, best first: on the linked return,
// because people look there; else on the contact of the deadline's company. The
// deadline itself has no chatter: an activity on it can be given to nobody and
// ticked off by nobody. Without any record it could be the bridge's own user's alone.
func (f *Flow) placesFor(d deadline) []place {
	contact := place{
		name: "on the contact of " + d.Company.Name,
		find: func(ctx context.Context) (odoo.Values, error) {
			id, err := f.contactOf(ctx, d)
			return on("base.model_res_partner", id), err
		},
		explain: f.explainContact,
	}
	if d.Return.IsZero() {
		return []place{contact}
	}
	return []place{{
		name:    "on the return",
		find:    func(context.Context) (odoo.Values, error) { return on(f.returnModelID(), d.Return.ID), nil },
		explain: func(_ context.Context, refusal error) error { return odooflow.Classify(refusal) },
	}, contact}
}

// returnModelID is the external id of the return's model, by which it is found
// without the right to read ir.model.
func (f *Flow) returnModelID() string { return f.config.Module + ".model_" + underscored(returnModel) }

func on(modelID string, record int64) odoo.Values {
	return odoo.Values{"res_model_id/id": modelID, "res_id": record}
}

// contactOf finds the contact that the deadline's company is.
func (f *Flow) contactOf(ctx context.Context, d deadline) (int64, error) {
	var found []struct {
		Partner odoo.Many2One `odoo:"partner_id"`
	}
	options := odoo.ReadOptions{Fields: []string{"partner_id"}, Limit: 1}
	err := f.config.Odoo.SearchRead(ctx, "res.company", odoo.Where("id", "=", d.Company.ID), options, &found)
	if err != nil {
		return 0, odooflow.Classify(fmt.Errorf("looking for the contact of company %s: %w", d.Company.Name, err))
	}
	if len(found) == 0 || found[0].Partner.IsZero() {
		return 0, missingRight(companyHidden(d.Company))
	}
	return found[0].Partner.ID, nil
}

// explainContact says which right is missing when the user may not write contacts:
// Odoo's own words name neither the contact nor the group.
func (f *Flow) explainContact(ctx context.Context, refusal error) error {
	may, err := f.config.Odoo.May(ctx, contactModel, "write")
	if err == nil && !may {
		return missingRight(fmt.Errorf("%w: %w", errNoContacts, refusal))
	}
	return odooflow.Classify(refusal)
}

// missingRight is a failure that lasts until somebody in Odoo gives the right.
func missingRight(err error) error {
	return &bridge.FlowError{Cause: bridge.CausePolicy, Permanent: true, Err: err}
}

// Retract takes back the reminder of a work item that is gone, or whose deadline is
// filed or gone, and counts on from its completion.
func (f *Flow) Retract(ctx context.Context, link mapping.Link) (string, error) {
	last := readNotice(link.Notified)
	if !f.ToTakeBack(link) {
		return link.Notified, nil
	}
	var d deadline
	if _, marks := f.config.OnCompleted.field(); marks {
		var err error
		if d, err = f.read(ctx, link.Key); err != nil && !errors.Is(err, bridge.ErrNoRecord) {
			return "", err
		}
	}
	settled := notice{tellSettled, last.completion}
	if _, err := f.settle(ctx, d, link.Key, message{notice: settled}); err != nil {
		return "", err
	}
	return settled.String(), nil
}

// ToTakeBack reports whether there may be a reminder of a link's work item.
func (f *Flow) ToTakeBack(link mapping.Link) bool { return readNotice(link.Notified).reminded() }

// settle undoes what a completion left in Odoo, whatever BIR_ON_COMPLETED said then.
// The zero deadline is one that is gone.
func (f *Flow) settle(ctx context.Context, d deadline, key mapping.Key, m message) (outcome string, err error) {
	outcome, err = f.takeBack(ctx, key, m)
	if field, marks := f.config.OnCompleted.field(); err == nil && marks && d.ID != 0 {
		return f.mark(ctx, d, field, false)
	}
	return outcome, err
}

// takeBack removes a reminder that holds no longer. One that somebody has ticked
// off stays as it is: it says what was done.
func (f *Flow) takeBack(ctx context.Context, key mapping.Key, m message) (outcome string, err error) {
	id, err := reminderID(key, m.completion)
	if err != nil {
		return "", err
	}
	_, activity, err := f.config.Odoo.Resolve(ctx, id)
	if errors.Is(err, odoo.ErrMissing) {
		return m.why + "; the reminder is gone already", nil
	}
	var found []struct {
		Active bool `odoo:"active"`
	}
	if err == nil {
		err = f.config.Odoo.Read(ctx, activityModel, []int64{activity}, []string{"active"}, &found)
	}
	if err == nil && len(found) == 1 && !found[0].Active {
		return m.why + "; the reminder is done already", nil
	}
	if err == nil {
		err = f.config.Odoo.Unlink(ctx, activityModel, activity)
	}
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("taking the reminder of %s back: %w", key, err))
	}
	return m.why + "; the reminder is taken back", nil
}
