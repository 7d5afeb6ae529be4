package bir

import (
	"context"
	"errors"
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

func (o OnCompleted) deliver(ctx context.Context, f *Flow, d deadline, key mapping.Key, m message) (outcome string, err error) {
	if name, found := strings.CutPrefix(string(o), "field:"); found {
		return f.mark(ctx, d, name, m.kind == tellCompleted)
	}
	switch {
	case o == Nothing:
		return "BIR_ON_COMPLETED says to do nothing", nil
	case m.kind == tellSettled:
		return f.takeBack(ctx, key, m)
	default:
		return f.remind(ctx, d, key, m)
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

// takeBack removes a reminder that holds no longer. The reminder is the bridge's
// own; one that somebody has dealt with is gone already.
func (f *Flow) takeBack(ctx context.Context, key mapping.Key, m message) (outcome string, err error) {
	identity, err := parseKey(key)
	if err != nil {
		return "", err
	}
	id, err := odoo.NewExternalID(identity.externalName(string(tellCompleted)))
	if err != nil {
		return "", err
	}
	_, activity, err := f.config.Odoo.Resolve(ctx, id)
	if errors.Is(err, odoo.ErrMissing) {
		return m.why + "; the reminder is gone already", nil
	}
	if err == nil {
		err = f.config.Odoo.Unlink(ctx, "mail.activity", activity)
	}
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("taking the reminder of %s back: %w", key, err))
	}
	return m.why + "; the reminder is taken back", nil
}
