package odootest

import (
	"slices"
	"strings"
)

// create stores one record and gives it back.
func (tx *transaction) create(t *table, values map[string]any) (row, error) {
	r := row{"create_date": tx.now, "create_uid": tx.user.id, "write_date": tx.now, "write_uid": tx.user.id}
	for _, f := range t.fields {
		if _, given := values[f.name]; !given && f.initial != nil {
			r[f.name] = f.initial(tx)
		}
	}
	children, err := tx.fill(t, r, values)
	if err != nil {
		return nil, err
	}
	if err := tx.refuse(t, r); err != nil {
		return nil, err
	}
	tx.insert(t, r)
	if err := tx.permit(t, r, "create"); err != nil {
		return nil, err
	}
	tx.note(event{table: t, id: r.id(), created: true})
	if err := tx.createChildren(t, r, children); err != nil {
		return nil, err
	}
	return r, tx.after(t, r, nameSet(values), true)
}

// fill converts values into a record that is not stored yet; one2many commands are kept for later.
func (tx *transaction) fill(t *table, r row, values map[string]any) (map[string]any, error) {
	children := map[string]any{}
	for name, value := range values {
		f, ok := t.byName[name]
		if !ok {
			return nil, valueError("Invalid field '%s' in '%s'", name, t.name)
		}
		if f.kind == typeOne2many {
			children[name] = value
			continue
		}
		if keptByServer(name) {
			continue
		}
		stored, err := tx.store(t, f, r[name], value)
		if err != nil {
			return nil, err
		}
		r[name] = stored
	}
	return children, nil
}

// createChildren makes the records that one2many commands [0, 0, values] describe.
func (tx *transaction) createChildren(t *table, r row, children map[string]any) error {
	for name, value := range children {
		f := t.byName[name]
		commands, ok := value.([]any)
		if !ok {
			continue
		}
		for _, item := range commands {
			command, ok := item.([]any)
			if !ok || len(command) != 3 || command[0] != int64(0) {
				return valueError("Wrong value for %s.%s: %s", t.name, name, pythonRepr(item))
			}
			values, ok := command[2].(map[string]any)
			if !ok {
				return valueError("Wrong value for %s.%s: %s", t.name, name, pythonRepr(item))
			}
			child := map[string]any{f.inverse: r.id()}
			for key, v := range values {
				child[key] = v
			}
			if _, err := tx.create(tx.db.tables[f.relation], child); err != nil {
				return err
			}
		}
	}
	return nil
}

// write changes records. Ids that do not exist are passed over without a word, as Odoo does.
// Writing what is already there still moves write_date and still counts as a write.
func (tx *transaction) write(t *table, ids []int64, values map[string]any) error {
	for _, r := range t.find(ids) {
		if err := tx.permit(t, r, "write"); err != nil {
			return err
		}
		changed := map[string]bool{}
		children := map[string]any{}
		for name, value := range values {
			f, ok := t.byName[name]
			if !ok {
				return valueError("Invalid field '%s' in '%s'", name, t.name)
			}
			if f.kind == typeOne2many {
				children[name] = value
				continue
			}
			if keptByServer(name) {
				continue
			}
			stored, err := tx.store(t, f, r[name], value)
			if err != nil {
				return err
			}
			if !sameValue(r[name], stored) {
				changed[name] = true
			}
			tx.set(r, name, stored)
		}
		tx.touch(r)
		if err := tx.refuse(t, r); err != nil {
			return err
		}
		tx.note(event{table: t, id: r.id(), changed: changed})
		if err := tx.createChildren(t, r, children); err != nil {
			return err
		}
		if err := tx.after(t, r, nameSet(values), false); err != nil {
			return err
		}
	}
	return nil
}

// keptByServer names the fields that a caller's values are ignored for.
func keptByServer(name string) bool {
	return slices.Contains([]string{"id", "display_name", "create_uid", "create_date", "write_uid", "write_date"}, name)
}

func (tx *transaction) after(t *table, r row, names map[string]bool, created bool) error {
	if t.stored == nil {
		return nil
	}
	return t.stored(tx, r, names, created)
}

func nameSet(values map[string]any) map[string]bool {
	names := map[string]bool{}
	for name := range values {
		names[name] = true
	}
	return names
}

// refuse holds the constraints: required fields, unique fields, the model's own check.
func (tx *transaction) refuse(t *table, r row) error {
	for _, f := range t.fields {
		if f.required && (r[f.name] == nil || r[f.name] == "") {
			return validationError("%s", missingRequired(t, f))
		}
	}
	for name, message := range t.unique {
		for _, other := range t.rows {
			if other.id() != r.id() && sameValue(other[name], r[name]) {
				return validationError("%s", message)
			}
		}
	}
	if t.check == nil {
		return nil
	}
	return t.check(tx, r)
}

func missingRequired(t *table, f *field) string {
	return "Missing required value for the field '" + f.label + "' (" + f.name + ").\n" +
		"Model: '" + t.label + "' (" + t.name + ")\n" +
		"- create/update: a mandatory field is not set\n" +
		"- delete: another model requires the record being deleted, you can archive it instead\n"
}

// unlink deletes records, their activities and their external ids; missing ones are passed over.
func (tx *transaction) unlink(t *table, ids []int64) error {
	for _, r := range t.find(ids) {
		if err := tx.permit(t, r, "unlink"); err != nil {
			return err
		}
		tx.note(event{table: t, id: r.id(), removed: true, payload: tx.snapshot(t, r)})
		tx.remove(t, r)
		if t.removed != nil {
			t.removed(tx, r)
		}
		tx.forgetReferences(t, r.id())
		if err := tx.sudo(func() error { return tx.unlinkActivities(t.name, r.id()) }); err != nil {
			return err
		}
	}
	return nil
}

// unlinkActivities is what the deletion of any record does, whether its model has activities or not.
func (tx *transaction) unlinkActivities(modelName string, id int64) error {
	activities := tx.db.tables["mail.activity"]
	if activities == nil {
		return nil
	}
	var ids []int64
	for _, r := range activities.sorted() {
		if r.text("res_model") == modelName && r.number("res_id") == id {
			ids = append(ids, r.id())
		}
	}
	return tx.unlink(activities, ids)
}

// forgetReferences empties what pointed at a deleted record, external ids included.
func (tx *transaction) forgetReferences(t *table, id int64) {
	data := tx.db.tables["ir.model.data"]
	for _, key := range tx.keysOf(t.name, id) {
		tx.remove(data, data.rows[tx.db.externalIDs[key]])
	}
	for _, other := range tx.db.tables {
		for _, f := range other.fields {
			if f.kind != typeMany2one || f.relation != t.name {
				continue
			}
			for _, r := range other.rows {
				if r.number(f.name) == id {
					tx.set(r, f.name, nil)
				}
			}
		}
	}
}

// keysOf lists the external ids of a record, in order.
func (tx *transaction) keysOf(modelName string, id int64) []string {
	keys := []string{}
	for _, r := range tx.db.tables["ir.model.data"].rows {
		if r.number("res_id") == id && r.text("model") == modelName {
			keys = append(keys, externalID(r))
		}
	}
	slices.Sort(keys)
	return keys
}

// read gives the named fields of records in RPC form, and always the id.
func (tx *transaction) read(t *table, rows []row, names []string, pairs bool) ([]map[string]any, error) {
	fields, err := readFields(t, names)
	if err != nil {
		return nil, err
	}
	result := make([]map[string]any, len(rows))
	for i, r := range rows {
		result[i] = map[string]any{"id": r.id()}
		for _, f := range fields {
			result[i][f.name] = tx.wire(f, r, pairs)
		}
	}
	return result, nil
}

func readFields(t *table, names []string) ([]*field, error) {
	if len(names) == 0 {
		return t.fields, nil
	}
	fields := make([]*field, len(names))
	for i, name := range names {
		f, ok := t.byName[name]
		if !ok {
			return nil, valueError("Invalid field '%s' on '%s'", name, t.name)
		}
		fields[i] = f
	}
	return fields, nil
}

// snapshot keeps a record's values for a push that is sent after the record is gone.
func (tx *transaction) snapshot(t *table, r row) map[string]any {
	values := map[string]any{}
	for _, f := range t.fields {
		values[f.name] = pushValue(tx, f, r)
	}
	return values
}

// splitExternalID separates "module.name"; a name without a module belongs to "__import__".
func splitExternalID(key string) (module, name string) {
	module, name, found := strings.Cut(key, ".")
	if !found {
		return "", key
	}
	return module, name
}
