package task

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// pageSize is how many tasks are read in one call. Descriptions may be long.
const pageSize = 500

// setup asks Odoo for the project's board, each time, because people change it, and
// for the fields of its version, once.
func (f *Flow) setup(ctx context.Context) (setup, error) {
	known, err := f.describe(ctx)
	if err != nil {
		return setup{}, err
	}
	s := setup{fields: known, location: f.config.Location}
	domain := odoo.Where("project_ids", "in", []int64{f.config.OdooProjectID})
	options := odoo.ReadOptions{Fields: odoo.FieldsOf[stage](), Complete: true, Order: "sequence, id"}
	if err := f.config.Odoo.SearchRead(ctx, stageModel, domain, options, &s.board); err != nil {
		return setup{}, f.failed(fmt.Errorf("reading the stages of project %d: %w", f.config.OdooProjectID, err))
	}
	return s, nil
}

func (f *Flow) describe(ctx context.Context) (fields, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fields != nil {
		return *f.fields, nil
	}
	described, err := f.config.Odoo.FieldsGet(ctx, Model, "type", "selection")
	if err != nil {
		return fields{}, odooflow.Classify(fmt.Errorf("reading the fields of %s: %w", Model, err))
	}
	known := fieldsOf(described)
	f.fields = &known
	return known, nil
}

// domain finds the project's tasks.
func (f *Flow) domain(s setup) odoo.Domain {
	domain := odoo.Where("project_id", "=", f.config.OdooProjectID)
	if s.fields.Templates {
		domain = odoo.And(domain, odoo.Where("is_template", "=", false))
	}
	return domain
}

// options read archived tasks too.
func options() odoo.ReadOptions {
	return odoo.ReadOptions{Fields: odoo.FieldsOf[task](), Complete: true, Context: odoo.Values{"active_test": false}}
}

// read returns the task that a key names, with the setup to understand it, or
// ErrNoRecord when the project does not have it.
func (f *Flow) read(ctx context.Context, key mapping.Key) (task, setup, error) {
	id, err := parseKey(key)
	if err != nil {
		return task{}, setup{}, odooflow.BadData(err)
	}
	s, err := f.setup(ctx)
	if err != nil {
		return task{}, s, err
	}
	var found []task
	domain := odoo.And(f.domain(s), odoo.Where("id", "=", id))
	if err := f.config.Odoo.SearchRead(ctx, Model, domain, options(), &found); err != nil {
		return task{}, s, f.failed(fmt.Errorf("reading task %d: %w", id, err))
	}
	if len(found) == 0 {
		return task{}, s, bridge.ErrNoRecord
	}
	return found[0], s, nil
}

// write changes a task in one call and reads it again. A task that is deleted in
// between is as if it had been before.
func (f *Flow) write(ctx context.Context, t task, values odoo.Values) (task, error) {
	if err := f.config.Odoo.Write(ctx, Model, []int64{t.ID}, values); err != nil {
		return t, f.failed(fmt.Errorf("writing task %d: %w", t.ID, err))
	}
	var found []task
	if err := f.config.Odoo.Read(ctx, Model, []int64{t.ID}, odoo.FieldsOf[task](), &found); err != nil {
		return t, f.failed(fmt.Errorf("reading task %d again: %w", t.ID, err))
	}
	if len(found) == 0 {
		return t, nil
	}
	return found[0], nil
}

// failed classifies a failure. One about a field makes the next call ask for the
// fields anew: Odoo may have been upgraded under us.
func (f *Flow) failed(err error) error {
	if errors.Is(err, odoo.ErrValue) {
		f.mu.Lock()
		f.fields = nil
		f.mu.Unlock()
	}
	return odooflow.Classify(err)
}
