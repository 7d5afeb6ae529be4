package bir

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// External ids of Odoo's own records.
const (
	todoActivity odoo.ExternalID = "mail.mail_activity_data_todo"
	noteSubtype  odoo.ExternalID = "mail.mt_note"
)

// deliver leaves a message in Odoo once, whoever sends it how often: the record
// is made by external id, and one that is there already is not touched.
func (f *Flow) deliver(ctx context.Context, d deadline, key mapping.Key, m message) (outcome string, err error) {
	switch m.kind {
	case tellCompleted:
		return f.remind(ctx, d, key, m)
	case tellStarted:
		return f.note(ctx, d, key, m)
	default:
		return m.why, nil
	}
}

// remind leaves an activity: on the linked return where there is one, because it
// has a chatter and people look there; else on the deadline; else, where the
// model cannot be found out, on no document, with a link in its text.
func (f *Flow) remind(ctx context.Context, d deadline, key mapping.Key, m message) (string, error) {
	values := odoo.Values{"summary": m.summary, "note": m.note, "date_deadline": d.Due}
	todo, err := f.place(ctx, todoActivity)
	if err != nil {
		return "", err
	}
	values["activity_type_id"] = odoo.Many2One{ID: todo}
	user, err := f.reminded(ctx)
	if err != nil {
		return "", err
	}
	where, err := f.hang(ctx, d, user, values)
	if err != nil {
		return "", err
	}
	created, err := f.once(ctx, "mail.activity", key, m.kind, values)
	if err != nil {
		return "", fmt.Errorf("leaving a reminder in Odoo for %s: %w", key, err)
	}
	if !created {
		return "the reminder in Odoo was there already", nil
	}
	return "reminder left in Odoo " + where, nil
}

// hang puts an activity where people find it. A deadline has no chatter, and an
// activity on such a model fails with an assignee; so with somebody to remind it
// hangs on no document and shows in that person's own list.
func (f *Flow) hang(ctx context.Context, d deadline, user int64, values odoo.Values) (where string, err error) {
	model, id := Model, d.ID
	if !d.Return.IsZero() {
		model, id = returnModel, d.Return.ID
	}
	if user != 0 {
		values["user_id"] = odoo.Many2One{ID: user}
	}
	modelID, err := f.modelID(ctx, model)
	if err != nil {
		return "", err
	}
	if modelID == 0 || (user != 0 && model == Model) {
		return "for the deadline, on no document", nil
	}
	values["res_model_id"], values["res_id"] = odoo.Many2One{ID: modelID}, id
	if model == Model {
		values["user_id"] = odoo.Many2One{}
		return "on the deadline", nil
	}
	return "on the return", nil
}

// note leaves a line in the chatter of the linked return. A deadline without one
// has no place for it, and a reminder would be too much.
func (f *Flow) note(ctx context.Context, d deadline, key mapping.Key, m message) (string, error) {
	if d.Return.IsZero() {
		return "the deadline has no return whose chatter could take a note", nil
	}
	subtype, err := f.place(ctx, noteSubtype)
	if err != nil {
		return "", err
	}
	created, err := f.once(ctx, "mail.message", key, m.kind, odoo.Values{
		"model": returnModel, "res_id": d.Return.ID, "body": m.note, "message_type": "comment",
		"subtype_id": odoo.Many2One{ID: subtype},
	})
	if err != nil {
		return "", fmt.Errorf("leaving a note in Odoo for %s: %w", key, err)
	}
	if !created {
		return "the note in Odoo was there already", nil
	}
	return "note left on the return in Odoo", nil
}

func (f *Flow) once(ctx context.Context, model string, key mapping.Key, kind messageKind, values odoo.Values) (created bool, err error) {
	identity, err := parseKey(key)
	if err != nil {
		return false, err
	}
	id, err := odoo.NewExternalID(identity.externalName(string(kind)))
	if err != nil {
		return false, err
	}
	_, created, err = f.config.Odoo.LoadOnce(ctx, model, id, values)
	if err != nil {
		return false, classify(err)
	}
	return created, nil
}

// modelID finds the record of ir.model that stands for a model. A user of least
// privilege may not read ir.model, but may resolve an external id, for which the
// module's name has to be known. 0 means that neither works.
func (f *Flow) modelID(ctx context.Context, model string) (int64, error) {
	id, err := f.place(ctx, odoo.ExternalID(f.config.Module+".model_"+underscored(model)))
	if !errors.Is(err, odoo.ErrMissing) && !errors.Is(err, odoo.ErrAccess) {
		return id, err
	}
	ids, err := f.config.Odoo.Search(ctx, "ir.model", odoo.Where("model", "=", model), odoo.ReadOptions{Limit: 1})
	if errors.Is(err, odoo.ErrAccess) || (err == nil && len(ids) == 0) {
		return 0, nil
	}
	if err != nil {
		return 0, classify(fmt.Errorf("finding model %s: %w", model, err))
	}
	return ids[0], nil
}

// reminded is the id of the user who is to be reminded, 0 for nobody by name.
func (f *Flow) reminded(ctx context.Context) (int64, error) {
	if f.config.ReminderUser == "" {
		return 0, nil
	}
	ids, err := f.config.Odoo.Search(ctx, "res.users", odoo.Where("login", "=", f.config.ReminderUser), odoo.ReadOptions{Limit: 1})
	if err != nil {
		return 0, classify(fmt.Errorf("finding the user to remind: %w", err))
	}
	if len(ids) == 0 {
		f.config.Logger.WarnContext(ctx, "BIR_REMINDER_USER names no user of Odoo; the reminder is left for nobody by name")
		return 0, nil
	}
	return ids[0], nil
}

// place resolves one of Odoo's own records, once per process.
func (f *Flow) place(ctx context.Context, external odoo.ExternalID) (int64, error) {
	f.places.mu.Lock()
	defer f.places.mu.Unlock()
	if id, known := f.places.ids[string(external)]; known {
		return id, nil
	}
	_, id, err := f.config.Odoo.Resolve(ctx, external)
	if err != nil {
		return 0, classify(fmt.Errorf("finding %s in Odoo: %w", external, err))
	}
	if f.places.ids == nil {
		f.places.ids = make(map[string]int64)
	}
	f.places.ids[string(external)] = id
	return id, nil
}
