package sim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// loadResult is what load() answers. It never raises for bad data or conflicts: ids is then false
// and messages say why. All rows are kept or none.
type loadResult struct {
	ids      []int64
	messages []any
}

func (r loadResult) wire() map[string]any {
	var ids any = r.ids
	if len(r.messages) > 0 {
		ids = false
	}
	messages := r.messages
	if messages == nil {
		messages = []any{}
	}
	return map[string]any{"ids": ids, "messages": messages, "nextrow": int64(0)}
}

// loadColumn is one column of load(): a plain field, "field/id" (external id), "field/.id"
// (database id), or the record's own "id" and ".id".
type loadColumn struct {
	field *Field
	// via is "", "id" or ".id".
	via string
}

// load creates or updates one record per row, found by its external or database id.
func (tx *Tx) load(t *table, names []string, data []any) (loadResult, error) {
	columns, err := loadColumns(t, names)
	if err != nil {
		return loadResult{}, err
	}
	result := loadResult{}
	failed := tx.savepoint(func() error {
		for i, item := range data {
			cells, ok := item.([]any)
			if !ok || len(cells) != len(columns) {
				return typeError("load() row %d has not the length of fields", i)
			}
			id, messages := tx.loadRow(t, columns, cells, i)
			result.ids = append(result.ids, id)
			result.messages = append(result.messages, messages...)
		}
		if len(result.messages) > 0 {
			return errRowsRefused
		}
		return nil
	})
	if failed != nil && !errors.Is(failed, errRowsRefused) {
		return loadResult{}, failed
	}
	return result, nil
}

var errRowsRefused = errors.New("rows refused")

func loadColumns(t *table, names []string) ([]loadColumn, error) {
	columns := make([]loadColumn, len(names))
	for i, name := range names {
		base, via, _ := strings.Cut(name, "/")
		switch base {
		case "id", ".id":
			columns[i] = loadColumn{via: base}
			continue
		}
		f, ok := t.byName[base]
		if !ok {
			return nil, valueError("Invalid field name '%s'", base)
		}
		columns[i] = loadColumn{field: f, via: via}
	}
	return columns, nil
}

func (tx *Tx) loadRow(t *table, columns []loadColumn, cells []any, at int) (int64, []any) {
	values := map[string]any{}
	key, id := "", int64(0)
	messages := []any{}
	for i, column := range columns {
		if column.field == nil {
			if column.via == "id" {
				key = cellText(cells[i])
			} else {
				id = cellNumber(cells[i])
			}
			continue
		}
		value, message := tx.loadCell(column, cells[i])
		if message != nil {
			message["rows"] = map[string]any{"from": int64(at), "to": int64(at)}
			message["record"], message["type"] = int64(at), "error"
			message["field"], message["field_name"] = column.field.name, column.field.label
			messages = append(messages, message)
			continue
		}
		values[column.field.name] = value
	}
	var stored int64
	err := tx.savepoint(func() (err error) {
		stored, err = tx.upsert(t, key, id, values)
		return err
	})
	if err != nil {
		messages = append(messages, rowMessage(t, values, at, err))
	}
	return stored, messages
}

// rowMessage is how load() reports an exception of the record as a whole.
func rowMessage(t *table, values map[string]any, at int, err error) map[string]any {
	message := map[string]any{
		"rows": map[string]any{"from": int64(at), "to": int64(at)}, "record": int64(at), "type": "error",
	}
	var raised *pythonError
	if !errors.As(err, &raised) {
		message["message"] = err.Error()
		return message
	}
	switch class, found := strings.CutPrefix(raised.name, "builtins."); {
	case found:
		message["message"] = fmt.Sprintf("Unknown error during import: <class '%s'>: %s", class, raised.message)
		message["moreinfo"] = "Resolve other errors first"
	default:
		message["message"] = strings.TrimPrefix(raised.message, "The operation cannot be completed: ")
		for _, f := range t.Fields {
			if f.required && values[f.name] == nil && strings.Contains(raised.message, "("+f.name+")") {
				message["field"] = f.name
			}
		}
	}
	return message
}

// upsert writes the record that the external or database id names, or creates it and binds the
// external id. A record deleted since then comes back under a new id.
func (tx *Tx) upsert(t *table, key string, id int64, values map[string]any) (int64, error) {
	if key != "" {
		modelName, bound, found := tx.resolve(key)
		if found && modelName != t.Name {
			return 0, raise("odoo.exceptions.ValidationError",
				"For external id %s when trying to create/update a record of model %s found record of different model %s (%d)",
				key, t.Name, modelName, bound)
		}
		id = bound
	}
	if _, exists := t.rows[id]; exists {
		return id, tx.write(t, []int64{id}, values)
	}
	if id != 0 && key == "" {
		return 0, raise("odoo.exceptions.ValidationError", "No matching record found for database id '%d'", id)
	}
	r, err := tx.create(t, values)
	if err != nil {
		return 0, err
	}
	if key == "" {
		return r.ID(), nil
	}
	return r.ID(), tx.bind(key, t.Name, r.ID())
}

// bind gives a record an external id. Creating the row is the server's own doing, so a user without
// rights on ir.model.data may still load().
func (tx *Tx) bind(key, modelName string, id int64) error {
	module, name := splitExternalID(key)
	data := tx.db.tables["ir.model.data"]
	if stale, ok := tx.db.externalIDs[key]; ok {
		tx.set(data.rows[stale], "res_id", id)
		return nil
	}
	_, err := tx.create(data, map[string]any{"module": module, "name": name, "model": modelName, "res_id": id})
	return err
}

// loadCell converts one cell, which load() takes as text as well as typed.
func (tx *Tx) loadCell(column loadColumn, cell any) (any, map[string]any) {
	f := column.field
	if cell == nil || cell == false || cell == "" {
		return nil, nil
	}
	switch f.kind {
	case typeMany2one, typeMany2many, typeOne2many:
		return tx.loadRelation(column, cell)
	case typeSelection:
		return loadSelection(f, cell)
	case typeDate, typeDatetime:
		return loadMoment(f, cell)
	case typeBoolean:
		text := strings.ToLower(cellText(cell))
		return text == "1" || text == "true" || text == "yes", nil
	case typeInteger:
		n, err := strconv.ParseInt(cellText(cell), 10, 64)
		if err != nil {
			return nil, map[string]any{"message": fmt.Sprintf(
				"'%s' does not seem to be an integer for field '%s'", cellText(cell), f.label)}
		}
		return n, nil
	}
	return cellText(cell), nil
}

func loadMoment(f *Field, cell any) (any, map[string]any) {
	text := cellText(cell)
	parse, kind, example := parseDatetime, "datetime", "2012-12-31 23:59:59"
	if f.kind == typeDate {
		parse, kind, example = parseDate, "date", "2012-12-31"
	}
	if _, err := parse(text); err != nil {
		return nil, map[string]any{
			"message":  fmt.Sprintf("'%s' does not seem to be a valid %s for field '%s'", text, kind, f.label),
			"moreinfo": "Use the format '" + example + "'",
		}
	}
	return text, nil
}

func loadSelection(f *Field, cell any) (any, map[string]any) {
	labels := []any{}
	for _, option := range f.selection {
		if cellText(cell) == option[0] || cellText(cell) == option[1] {
			return option[0], nil
		}
		labels = append(labels, option[1])
	}
	return nil, map[string]any{
		"message":  fmt.Sprintf("Value '%s' not found in selection field '%s'", cellText(cell), f.label),
		"moreinfo": labels,
	}
}

func (tx *Tx) loadRelation(column loadColumn, cell any) (any, map[string]any) {
	ids := []any{}
	for part := range strings.SplitSeq(cellText(cell), ",") {
		id, found := tx.loadReference(column, strings.TrimSpace(part))
		if !found {
			return nil, map[string]any{"message": fmt.Sprintf("No matching record found for %s '%s' in field '%s'",
				referenceKind(column.via), part, column.field.label)}
		}
		ids = append(ids, id)
	}
	if column.field.kind == typeMany2one {
		return ids[0], nil
	}
	return []any{[]any{int64(6), int64(0), ids}}, nil
}

func referenceKind(via string) string {
	switch via {
	case "id":
		return "external id"
	case ".id":
		return "database id"
	}
	return "name"
}

func (tx *Tx) loadReference(column loadColumn, text string) (int64, bool) {
	other, ok := tx.db.tables[column.field.relation]
	if !ok {
		return 0, false
	}
	switch column.via {
	case "id":
		modelName, id, found := tx.resolve(text)
		return id, found && modelName == other.Name
	case ".id":
		id := cellNumber(text)
		_, found := other.rows[id]
		return id, found
	}
	for _, r := range other.sorted() {
		if r.Text(other.NameField) == text {
			return r.ID(), true
		}
	}
	return 0, false
}

func cellText(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if !v {
			return ""
		}
		return "True"
	}
	return fmt.Sprint(cell)
}

func cellNumber(cell any) int64 {
	n, err := strconv.ParseInt(cellText(cell), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
