package sim

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

const (
	dateLayout     = "2006-01-02"
	datetimeLayout = "2006-01-02 15:04:05"
)

// wire is a stored value as RPC shows it: false for nothing (0 for numbers), whole seconds in UTC,
// a many2one as [id, name] or, without pairs, as the bare id.
func (tx *Tx) wire(f *Field, r Row, pairs bool) any {
	value := r[f.name]
	switch {
	case f.compute != nil:
		value = f.compute(tx, r)
	case f.kind == typeOne2many:
		return tx.inverseIDs(f, r.ID())
	}
	switch v := value.(type) {
	case nil:
		return emptyValue(f.kind)
	case time.Time:
		return v.UTC().Format(datetimeLayout)
	case int64:
		if f.kind == typeMany2one && pairs {
			return []any{v, tx.displayName(f.relation, v)}
		}
	}
	return value
}

func emptyValue(kind string) any {
	switch kind {
	case typeInteger:
		return int64(0)
	case typeFloat:
		return float64(0)
	case typeMany2many, typeOne2many:
		return []int64{}
	}
	return false
}

func (tx *Tx) inverseIDs(f *Field, id int64) []int64 {
	ids := []int64{}
	other, ok := tx.db.tables[f.relation]
	if !ok {
		return ids
	}
	for _, r := range other.sorted() {
		if r.Number(f.inverse) == id {
			ids = append(ids, r.ID())
		}
	}
	return ids
}

// store converts a value from RPC into what is kept, refusing what Odoo refuses.
func (tx *Tx) store(t *table, f *Field, old, value any) (any, error) {
	if value == false && f.kind != typeBoolean {
		value = nil
	}
	if value == nil && f.kind != typeMany2many {
		return nothing(f), nil
	}
	switch f.kind {
	case typeInteger:
		return wholeNumber(value)
	case typeFloat:
		return floatNumber(value)
	case typeBoolean:
		return truth(value), nil
	case typeDate:
		return parseDate(fmt.Sprint(value))
	case typeDatetime:
		return parseDatetime(fmt.Sprint(value))
	case typeSelection:
		return storeSelection(t, f, value)
	case typeMany2one:
		return tx.storeMany2one(f, value)
	case typeMany2many:
		return tx.storeMany2many(f, old, value)
	case typeHTML:
		return sanitized(fmt.Sprint(value)), nil
	}
	return fmt.Sprint(value), nil
}

func nothing(f *Field) any {
	switch f.kind {
	case typeInteger:
		return int64(0)
	case typeBoolean:
		return false
	}
	return nil
}

// sanitized wraps bare text into a paragraph, the one thing that Odoo's HTML cleaning does to
// harmless input.
func sanitized(body string) string {
	if body == "" || strings.HasPrefix(strings.TrimSpace(body), "<") {
		return body
	}
	return "<p>" + body + "</p>"
}

func truth(value any) bool {
	switch v := value.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case nil:
		return false
	}
	return true
}

func wholeNumber(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		if v > math.MaxInt32 || v < math.MinInt32 {
			return nil, raise("builtins.OverflowError", "Python int too large to convert to C int")
		}
		return v, nil
	case float64:
		return int64(v), nil
	case bool:
		return int64(0), nil
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, valueError("invalid literal for int() with base 10: %s", pythonRepr(v))
		}
		return n, nil
	}
	return nil, typeError("int() argument must be a string, a bytes-like object or a real number")
}

func floatNumber(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	}
	return nil, valueError("could not convert string to float: %s", pythonRepr(value))
}

// parseDate cuts everything after the day without a word, as Odoo does: a zone in the value is lost.
func parseDate(text string) (any, error) {
	if len(text) > len(dateLayout) {
		text = text[:len(dateLayout)]
	}
	day, err := time.Parse(dateLayout, text)
	if err == nil {
		return day.Format(dateLayout), nil
	}
	if strings.Contains(err.Error(), "out of range") {
		return nil, valueError("day is out of range for month")
	}
	return nil, valueError("time data %s does not match format '%%Y-%%m-%%d'", pythonRepr(text))
}

// parseDatetime takes Odoo's one form and nothing else: no T, no fraction, no zone.
func parseDatetime(text string) (any, error) {
	if len(text) == len(dateLayout) {
		text += " 00:00:00"
	}
	t, err := time.Parse(datetimeLayout, text)
	if err != nil || len(text) != len(datetimeLayout) {
		return nil, valueError("time data %s does not match format '%%Y-%%m-%%d %%H:%%M:%%S'", pythonRepr(text))
	}
	return t, nil
}

func storeSelection(t *table, f *Field, value any) (any, error) {
	text := fmt.Sprint(value)
	for _, option := range f.selection {
		if option[0] == text {
			return text, nil
		}
	}
	return nil, valueError("Wrong value for %s.%s: %s", t.Name, f.name, pythonRepr(value))
}

func (tx *Tx) storeMany2one(f *Field, value any) (any, error) {
	id, ok := value.(int64)
	if !ok {
		return nil, valueError("Wrong value for %s: %s", f.name, pythonRepr(value))
	}
	other, err := tx.table(f.relation)
	if err != nil {
		return nil, err
	}
	if _, exists := other.rows[id]; !exists {
		return nil, validationError("another model requires the record being deleted, or %s(%d) does not exist",
			f.relation, id)
	}
	return id, nil
}

// storeMany2many understands the commands that make sense without screens: replace (6), add (4),
// remove (3), empty (5).
func (tx *Tx) storeMany2many(f *Field, old, value any) (any, error) {
	ids, ok := old.([]int64)
	if !ok {
		ids = []int64{}
	}
	commands, ok := value.([]any)
	if !ok {
		return ids, nil
	}
	for _, item := range commands {
		var err error
		if ids, err = applyCommand(f, ids, item); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func applyCommand(f *Field, ids []int64, item any) ([]int64, error) {
	command, ok := item.([]any)
	if !ok || len(command) == 0 {
		return nil, valueError("Wrong value for %s: %s", f.name, pythonRepr(item))
	}
	switch command[0] {
	case int64(6):
		return wantIDs(command[len(command)-1])
	case int64(5):
		return []int64{}, nil
	}
	if len(command) < 2 {
		return nil, valueError("Wrong value for %s: %s", f.name, pythonRepr(item))
	}
	id, ok := command[1].(int64)
	if !ok {
		return nil, valueError("Wrong value for %s: %s", f.name, pythonRepr(item))
	}
	kept := []int64{}
	for _, existing := range ids {
		if existing != id {
			kept = append(kept, existing)
		}
	}
	switch command[0] {
	case int64(4):
		return append(kept, id), nil
	case int64(3), int64(2):
		return kept, nil
	}
	return nil, valueError("Wrong value for %s: %s", f.name, pythonRepr(item))
}

// wantIDs reads one id or a list of ids.
func wantIDs(value any) ([]int64, error) {
	switch v := value.(type) {
	case nil, bool:
		return []int64{}, nil
	case int64:
		return []int64{v}, nil
	case []int64:
		return v, nil
	case []any:
		ids := make([]int64, len(v))
		for i, item := range v {
			id, ok := item.(int64)
			if !ok {
				return nil, typeError("unhashable or wrong record id: %s", pythonRepr(item))
			}
			ids[i] = id
		}
		return ids, nil
	}
	return nil, typeError("wrong record ids: %s", pythonRepr(value))
}

func sameValue(a, b any) bool {
	if at, ok := a.(time.Time); ok {
		bt, ok := b.(time.Time)
		return ok && at.Equal(bt)
	}
	return reflect.DeepEqual(a, b)
}
