package bir

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// todoActivity is an external id of Odoo's own. load() finds it by name, also for a
// user who may not read the table behind it.
const todoActivity = "mail.mail_activity_data_todo"

// deliver leaves a message in Odoo once, whoever sends it how often: the record
// is made by external id, and one that is there already is not touched.
func (f *Flow) deliver(ctx context.Context, d deadline, key mapping.Key, m message) (outcome string, err error) {
	switch m.kind {
	case tellCompleted, tellSettled:
		return f.config.OnCompleted.deliver(ctx, f, d, key, m)
	case tellStarted:
		return f.note(ctx, d, key, m)
	default:
		return m.why, nil
	}
}

// remind leaves an activity: on the linked return where there is one, because it
// has a chatter and people look there; else on the deadline; else on no document,
// with a link in its text.
func (f *Flow) remind(ctx context.Context, d deadline, key mapping.Key, m message) (string, error) {
	user, err := f.reminded(ctx)
	if err != nil {
		return "", err
	}
	var refusal error
	for _, place := range f.placesFor(d, user) {
		created, err := f.once(ctx, "mail.activity", key, m.kind, append(place.columns,
			column{"activity_type_id/id", todoActivity}, column{"summary", m.summary}, column{"note", string(m.note)},
			column{"date_deadline", d.Due.String()}))
		switch {
		case err == nil && created:
			return "reminder left in Odoo " + place.name, nil
		case err == nil:
			return "the reminder in Odoo was there already", nil
		case !errors.Is(err, odoo.ErrValidation):
			return "", fmt.Errorf("leaving a reminder in Odoo for %s: %w", key, err)
		}
		// The module that defines the model has another name here, or the model
		// takes no activities: the next place is tried.
		refusal = err
	}
	return "", fmt.Errorf("leaving a reminder in Odoo for %s: no place takes it: %w", key, refusal)
}

// column is one field of a record as load() takes it.
type column struct{ name, text string }

// activityPlace is where an activity may hang.
type activityPlace struct {
	name    string
	columns []column
}

// placesFor lists where a reminder may hang, best first. A deadline has no
// chatter, and an activity on such a model fails with an assignee; so for
// somebody by name it hangs on no document and shows in that person's own list.
func (f *Flow) placesFor(d deadline, user int64) []activityPlace {
	var places []activityPlace
	on := func(model string, id int64) []column {
		return []column{{"res_model_id/id", f.config.Module + ".model_" + underscored(model)}, {"res_id", strconv.FormatInt(id, 10)}}
	}
	assignee := column{"user_id/.id", strconv.FormatInt(user, 10)}
	if !d.Return.IsZero() {
		places = append(places, activityPlace{"on the return", append(on(returnModel, d.Return.ID), assignee)})
	}
	if f.config.ReminderUser == "" {
		places = append(places, activityPlace{"on the deadline", append(on(Model, d.ID), column{"user_id/.id", ""})})
	}
	return append(places, activityPlace{"on no document", []column{assignee}})
}

// note leaves a line in the chatter of the linked return. A deadline without one
// has no place for it, and a reminder would be too much.
func (f *Flow) note(ctx context.Context, d deadline, key mapping.Key, m message) (string, error) {
	if d.Return.IsZero() {
		return "the deadline has no return whose chatter could take a note", nil
	}
	created, err := f.once(ctx, "mail.message", key, m.kind, []column{
		{"model", returnModel},
		{"res_id", strconv.FormatInt(d.Return.ID, 10)},
		{"body", string(m.note)},
		{"message_type", "comment"},
		{"subtype_id/id", odooflow.NoteSubtype},
	})
	if err != nil {
		return "", fmt.Errorf("leaving a note in Odoo for %s: %w", key, err)
	}
	if !created {
		return "the note in Odoo was there already", nil
	}
	return "note left on the return in Odoo", nil
}

// once leaves a message about a deadline unless it is there already.
func (f *Flow) once(ctx context.Context, model string, key mapping.Key, kind messageKind, columns []column) (created bool, err error) {
	identity, err := parseKey(key)
	if err != nil {
		return false, odooflow.BadData(err)
	}
	return f.load(ctx, model, identity.externalName(string(kind)), columns)
}

// load makes a record by external id unless it is there already. A crash after
// load() finds it there the next time.
func (f *Flow) load(ctx context.Context, model, name string, columns []column) (created bool, err error) {
	id, err := odoo.NewExternalID(name)
	if err != nil {
		return false, odooflow.BadData(err)
	}
	if _, _, err := f.config.Odoo.Resolve(ctx, id); err == nil {
		return false, nil
	} else if !errors.Is(err, odoo.ErrMissing) {
		return false, odooflow.Classify(err)
	}
	fields, row := []string{"id"}, []string{string(id)}
	for _, c := range columns {
		fields, row = append(fields, c.name), append(row, c.text)
	}
	if _, err := f.config.Odoo.Load(ctx, model, fields, [][]string{row}); err != nil {
		return false, odooflow.Classify(err)
	}
	return true, nil
}

// reminded is the id of the user who is to be reminded: the one that is set, else
// the bridge's own, because an activity on no document has to belong to somebody.
func (f *Flow) reminded(ctx context.Context) (int64, error) {
	session, err := f.config.Odoo.Connect(ctx)
	if err != nil {
		return 0, odooflow.Classify(fmt.Errorf("connecting to Odoo: %w", err))
	}
	if f.config.ReminderUser == "" {
		return session.UserID, nil
	}
	ids, err := f.config.Odoo.Search(ctx, "res.users", odoo.Where("login", "=", f.config.ReminderUser), odoo.ReadOptions{Limit: 1})
	if err != nil {
		return 0, odooflow.Classify(fmt.Errorf("finding the user to remind: %w", err))
	}
	if len(ids) == 0 {
		f.config.Logger.WarnContext(ctx, "BIR_REMINDER_USER names no user of Odoo; the bridge's own user is reminded")
		return session.UserID, nil
	}
	return ids[0], nil
}
