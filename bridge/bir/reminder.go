package bir

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/reminder"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// remind leaves a reminder of a completion, once for each. It hangs on the linked
// return; the deadline itself has no chatter.
func (f *Flow) remind(ctx context.Context, d deadline, key mapping.Key, m message) (string, error) {
	name, err := reminderName(key, m.completion)
	if err != nil {
		return "", err
	}
	makers, err := f.makersOf(ctx, d)
	if err != nil {
		return "", err
	}
	left := reminder.Reminder{
		Name: name, About: string(key), Summary: m.summary, Note: m.note, At: m.at, Due: d.Due, Company: d.Company, Makers: makers,
	}
	if !d.Return.IsZero() {
		left.Place = reminder.Place{Name: "on the return", ModelID: f.returnModelID(), Record: d.Return.ID}
	}
	return f.reminders.Leave(ctx, left)
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

func reminderName(key mapping.Key, completion int) (string, error) {
	identity, err := parseKey(key)
	if err != nil {
		return "", odooflow.BadData(err)
	}
	return identity.reminderName(completion), nil
}

// returnModelID is the external id of the return's model, by which it is found
// without the right to read ir.model.
func (f *Flow) returnModelID() string { return f.config.Module + ".model_" + underscored(returnModel) }

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

// takeBack takes the reminder of one completion back.
func (f *Flow) takeBack(ctx context.Context, key mapping.Key, m message) (outcome string, err error) {
	name, err := reminderName(key, m.completion)
	if err != nil {
		return "", err
	}
	outcome, err = f.reminders.TakeBack(ctx, name, string(key))
	if err != nil {
		return "", err
	}
	return m.why + "; " + outcome, nil
}
