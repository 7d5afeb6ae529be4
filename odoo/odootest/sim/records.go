package sim

import (
	"slices"
	"strings"
)

// create stores one record and gives it back.
func (tx *Tx) create(t *table, values map[string]any) (Row, error) {
	r := Row{"create_date": tx.now, "create_uid": tx.user.id, "write_date": tx.now, "write_uid": tx.user.id}
	for _, f := range t.Fields {
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
	tx.note(event{table: t, id: r.ID(), created: true})
	if err := tx.createChildren(t, r, children); err != nil {
		return nil, err
	}
	return r, tx.after(t, r, nameSet(values), true)
}

// fill converts values into a record that is not stored yet; one2many commands are kept for later.
func (tx *Tx) fill(t *table, r Row, values map[string]any) (map[string]any, error) {
	children := map[string]any{}
	for name, value := range values {
		f, ok := t.byName[name]
		if !ok {
			return nil, valueError("Invalid field '%s' in '%s'", name, t.Name)
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
func (tx *Tx) createChildren(t *table, r Row, children map[string]any) error {
	for name, value := range children {
		f := t.byName[name]
		commands, ok := value.([]any)
		if !ok {
			continue
		}
		for _, item := range commands {
			command, ok := item.([]any)
			if !ok || len(command) != 3 || command[0] != int64(0) {
				return valueError("Wrong value for %s.%s: %s", t.Name, name, pythonRepr(item))
			}
			values, ok := command[2].(map[string]any)
			if !ok {
				return valueError("Wrong value for %s.%s: %s", t.Name, name, pythonRepr(item))
			}
			child := map[string]any{f.inverse: r.ID()}
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
func (tx *Tx) write(t *table, ids []int64, values map[string]any) error {
	for _, r := range t.find(ids) {
		if err := tx.permit(t, r, "write"); err != nil {
			return err
		}
		changed := map[string]bool{}
		children := map[string]any{}
		for name, value := range values {
			f, ok := t.byName[name]
			if !ok {
				return valueError("Invalid field '%s' in '%s'", name, t.Name)
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
		tx.note(event{table: t, id: r.ID(), changed: changed})
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

func (tx *Tx) after(t *table, r Row, names map[string]bool, created bool) error {
	if t.Stored == nil {
		return nil
	}
	return t.Stored(tx, r, names, created)
}

func nameSet(values map[string]any) map[string]bool {
	names := map[string]bool{}
	for name := range values {
		names[name] = true
	}
	return names
}

// refuse holds the constraints: required fields, unique fields, the model's own check.
func (tx *Tx) refuse(t *table, r Row) error {
	for _, f := range t.Fields {
		if f.required && (r[f.name] == nil || r[f.name] == "") {
			return validationError("%s", missingRequired(t, f))
		}
	}
	for name, message := range t.Unique {
		for _, other := range t.rows {
			if other.ID() != r.ID() && sameValue(other[name], r[name]) {
				return validationError("%s", message)
			}
		}
	}
	if t.Check == nil {
		return nil
	}
	return t.Check(tx, r)
}

func missingRequired(t *table, f *Field) string {
	return "Missing required value for the field '" + f.label + "' (" + f.name + ").\n" +
		"Model: '" + t.Label + "' (" + t.Name + ")\n" +
		"- create/update: a mandatory field is not set\n" +
		"- delete: another model requires the record being deleted, you can archive it instead\n"
}

// unlink deletes records, their activities and their external ids; missing ones are passed over.
func (tx *Tx) unlink(t *table, ids []int64) error {
	for _, r := range t.find(ids) {
		if err := tx.permit(t, r, "unlink"); err != nil {
			return err
		}
		tx.note(event{table: t, id: r.ID(), removed: true, payload: tx.snapshot(t, r)})
		tx.remove(t, r)
		if t.Removed != nil {
			t.Removed(tx, r)
		}
		tx.forgetReferences(t, r.ID())
		if err := tx.sudo(func() error { return tx.unlinkActivities(t.Name, r.ID()) }); err != nil {
			return err
		}
	}
	return nil
}

// unlinkActivities is what the deletion of any record does, whether its model has activities or not.
func (tx *Tx) unlinkActivities(modelName string, id int64) error {
	activities := tx.db.tables["mail.activity"]
	if activities == nil {
		return nil
	}
	var ids []int64
	for _, r := range activities.sorted() {
		if r.Text("res_model") == modelName && r.Number("res_id") == id {
			ids = append(ids, r.ID())
		}
	}
	return tx.unlink(activities, ids)
}

// forgetReferences empties what pointed at a deleted record, external ids included.
func (tx *Tx) forgetReferences(t *table, id int64) {
	data := tx.db.tables["ir.model.data"]
	for _, key := range tx.keysOf(t.Name, id) {
		tx.remove(data, data.rows[tx.db.externalIDs[key]])
	}
	for _, other := range tx.db.tables {
		for _, f := range other.Fields {
			if f.kind != typeMany2one || f.relation != t.Name {
				continue
			}
			for _, r := range other.rows {
				if r.Number(f.name) == id {
					tx.set(r, f.name, nil)
				}
			}
		}
	}
}

// keysOf lists the external ids of a record, in order.
func (tx *Tx) keysOf(modelName string, id int64) []string {
	keys := []string{}
	for _, r := range tx.db.tables["ir.model.data"].rows {
		if r.Number("res_id") == id && r.Text("model") == modelName {
			keys = append(keys, externalID(r))
		}
	}
	slices.Sort(keys)
	return keys
}

// read gives the named fields of records in RPC form, and always the id.
func (tx *Tx) read(t *table, rows []Row, names []string, pairs bool) ([]map[string]any, error) {
	fields, err := readFields(t, names)
	if err != nil {
		return nil, err
	}
	result := make([]map[string]any, len(rows))
	for i, r := range rows {
		result[i] = map[string]any{"id": r.ID()}
		for _, f := range fields {
			result[i][f.name] = tx.wire(f, r, pairs)
		}
	}
	return result, nil
}

func readFields(t *table, names []string) ([]*Field, error) {
	if len(names) == 0 {
		return t.Fields, nil
	}
	fields := make([]*Field, len(names))
	for i, name := range names {
		f, ok := t.byName[name]
		if !ok {
			return nil, valueError("Invalid field '%s' on '%s'", name, t.Name)
		}
		fields[i] = f
	}
	return fields, nil
}

// snapshot keeps a record's values for a push that is sent after the record is gone.
func (tx *Tx) snapshot(t *table, r Row) map[string]any {
	values := map[string]any{}
	for _, f := range t.Fields {
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
