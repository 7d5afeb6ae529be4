package sim

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// search finds records: domain, the silent "active" filter, order, window.
func (tx *Tx) search(t *table, domain []any, order string, offset, limit int64) ([]Row, error) {
	matches, err := tx.compile(t, domain)
	if err != nil {
		return nil, err
	}
	onlyActive := tx.hidesArchived(t, domain)
	found := []Row{}
	for _, r := range t.sorted() {
		if onlyActive && r["active"] == false || !tx.passesRule(t, r, "read") {
			continue
		}
		ok, err := matches(r)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, r)
		}
	}
	if err := tx.sort(t, found, order); err != nil {
		return nil, err
	}
	return window(found, offset, limit), nil
}

func window(rows []Row, offset, limit int64) []Row {
	rows = rows[min(max(offset, 0), int64(len(rows))):]
	if limit > 0 {
		rows = rows[:min(limit, int64(len(rows)))]
	}
	return rows
}

// hidesArchived is Odoo's rule that archived records stay out of a search that does not speak of
// "active" itself.
func (tx *Tx) hidesArchived(t *table, domain []any) bool {
	if _, ok := t.byName["active"]; !ok || tx.context["active_test"] == false {
		return false
	}
	return !slices.ContainsFunc(domain, func(term any) bool {
		leaf, ok := term.([]any)
		return ok && len(leaf) == 3 && leaf[0] == "active"
	})
}

type sortKey struct {
	field      *Field
	descending bool
}

func (tx *Tx) sort(t *table, rows []Row, order string) error {
	if order == "" {
		order = t.Order
	}
	keys, err := sortKeys(t, order)
	if err != nil {
		return err
	}
	sort.SliceStable(rows, func(i, j int) bool {
		for _, key := range keys {
			result := compareForSort(rows[i][key.field.name], rows[j][key.field.name])
			if result != 0 {
				return (result < 0) != key.descending
			}
		}
		return false
	})
	return nil
}

func sortKeys(t *table, order string) ([]sortKey, error) {
	keys := []sortKey{}
	for part := range strings.SplitSeq(order, ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words) > 2 || !slices.Contains([]string{"asc", "desc"}, direction(words)) {
			return nil, badOrder(order)
		}
		f, ok := t.byName[words[0]]
		if !ok {
			return nil, badOrder(order)
		}
		keys = append(keys, sortKey{field: f, descending: direction(words) == "desc"})
	}
	return keys, nil
}

func direction(words []string) string {
	if len(words) < 2 {
		return "asc"
	}
	return strings.ToLower(words[1])
}

func badOrder(order string) error {
	return UserError("Invalid \"order\" specified (%s). A valid \"order\" specification is a comma-separated list "+
		"of valid field names (optionally followed by asc/desc for the direction)", order)
}

// compareForSort puts records without a value last, as PostgreSQL does.
func compareForSort(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	if at, ok := a.(time.Time); ok {
		if bt, ok := b.(time.Time); ok {
			return at.Compare(bt)
		}
	}
	if result, ok := compareValues(a, b); ok {
		return result
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}
