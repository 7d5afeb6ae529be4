package bir

import (
	"context"
	"fmt"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// OnCompleted is what happens in Odoo when a work item is completed in Plane and
// its deadline is not filed: "remind" (also when empty) leaves a reminder,
// "nothing" leaves Odoo alone, and "field:NAME" sets a boolean field of the
// deadline. None of them makes the deadline filed: only its return does.
type OnCompleted string

// The choices that take no field.
const (
	Remind  OnCompleted = "remind"
	Nothing OnCompleted = "nothing"
)

// field is the field that is set, if one is.
func (o OnCompleted) field() (name string, marks bool) { return strings.CutPrefix(string(o), "field:") }

// before is what was told, as far as it still stands. A field belongs to the record:
// a deadline that was generated again has lost it, so it is looked at each time.
func (o OnCompleted) before(text string) string {
	last := readNotice(text)
	if _, marks := o.field(); marks && last.kind == tellCompleted {
		last.kind = tellCompleting
	}
	return last.String()
}

// deliver leaves a message in Odoo once, whoever sends it how often: what it does is
// found done the next time.
func (f *Flow) deliver(ctx context.Context, d deadline, key mapping.Key, m message) (outcome string, err error) {
	field, marks := f.config.OnCompleted.field()
	switch {
	case m.kind == tellStarted:
		return f.note(ctx, d, key, m)
	case m.kind == tellSettled:
		return f.settle(ctx, d, key, m)
	case m.kind == tellCompleted && marks:
		return f.mark(ctx, d, field, true)
	case m.kind == tellCompleted && f.config.OnCompleted == Nothing:
		return "BIR_ON_COMPLETED says to do nothing", nil
	case m.kind == tellCompleted:
		return f.remind(ctx, d, key, m)
	default:
		return m.why, nil
	}
}

// mark sets a boolean field of the deadline unless it has the value already: a
// write of the same value would move the record's time.
func (f *Flow) mark(ctx context.Context, d deadline, field string, value bool) (outcome string, err error) {
	held, err := f.config.Odoo.SearchCount(ctx, Model, odoo.And(odoo.Where("id", "=", d.ID), odoo.Where(field, "=", value)))
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("reading %s of deadline %d: %w", field, d.ID, err))
	}
	if held > 0 {
		return field + " in Odoo has the value already", nil
	}
	if err := f.config.Odoo.Write(ctx, Model, []int64{d.ID}, odoo.Values{field: value}); err != nil {
		return "", odooflow.Classify(fmt.Errorf("writing %s of deadline %d: %w", field, d.ID, err))
	}
	return fmt.Sprintf("%s set to %t in Odoo", field, value), nil
}

// note leaves a line in the chatter of the linked return, once. A deadline without
// one has no place for it, and a reminder would be too much.
func (f *Flow) note(ctx context.Context, d deadline, key mapping.Key, m message) (string, error) {
	if d.Return.IsZero() {
		return "the deadline has no return whose chatter could take a note", nil
	}
	identity, err := parseKey(key)
	if err != nil {
		return "", odooflow.BadData(err)
	}
	created, err := odooflow.LoadOnce(ctx, f.config.Odoo, "mail.message", identity.externalName(string(tellStarted)), odoo.Values{
		"model": returnModel, "res_id": d.Return.ID, "body": m.note, "message_type": "comment", "subtype_id/id": odooflow.NoteSubtype,
	})
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("leaving a note in Odoo for %s: %w", key, err))
	}
	if !created {
		return "the note in Odoo was there already", nil
	}
	return "note left on the return in Odoo", nil
}
