package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// predicate decides whether a record belongs to a search domain.
type predicate func(Row) (bool, error)

// compile turns a domain in Odoo's prefix notation into a predicate. Terms without an operator
// before them are joined by "and".
func (tx *Tx) compile(t *table, domain []any) (predicate, error) {
	p := &domainParser{tx: tx, table: t, terms: domain}
	all := []predicate{}
	for len(p.terms) > 0 {
		term, err := p.next()
		if err != nil {
			return nil, err
		}
		all = append(all, term)
	}
	return allOf(all...), nil
}

type domainParser struct {
	tx    *Tx
	table *table
	terms []any
}

func (p *domainParser) next() (predicate, error) {
	if len(p.terms) == 0 {
		return nil, valueError("Domain() invalid item in domain: missing term")
	}
	term := p.terms[0]
	p.terms = p.terms[1:]
	switch term {
	case "&", "|":
		return p.binary(term == "&")
	case "!":
		inner, err := p.next()
		if err != nil {
			return nil, err
		}
		return func(r Row) (bool, error) {
			ok, err := inner(r)
			return !ok, err
		}, nil
	}
	leaf, ok := term.([]any)
	if !ok || len(leaf) != 3 {
		return nil, valueError("Domain() invalid item in domain: %s", pythonRepr(term))
	}
	return p.tx.leaf(p.table, leaf)
}

func (p *domainParser) binary(and bool) (predicate, error) {
	left, err := p.next()
	if err != nil {
		return nil, err
	}
	right, err := p.next()
	if err != nil {
		return nil, err
	}
	if and {
		return allOf(left, right), nil
	}
	return func(r Row) (bool, error) {
		if ok, err := left(r); ok || err != nil {
			return ok, err
		}
		return right(r)
	}, nil
}

func allOf(terms ...predicate) predicate {
	return func(r Row) (bool, error) {
		for _, term := range terms {
			if ok, err := term(r); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	}
}

func always(Row) (bool, error) { return true, nil }

// leaf compiles one condition. [1,"=",1] and [0,"=",1] are the constants true and false.
func (tx *Tx) leaf(t *table, leaf []any) (predicate, error) {
	path, ok := leaf[0].(string)
	if !ok {
		if sameValue(leaf[0], leaf[2]) {
			return always, nil
		}
		return func(Row) (bool, error) { return false, nil }, nil
	}
	operator, ok := leaf[1].(string)
	if !ok {
		return nil, valueError("Invalid operator %s", pythonRepr(leaf[1]))
	}
	name, rest, dotted := strings.Cut(path, ".")
	f, ok := t.byName[name]
	if !ok {
		return nil, valueError("Invalid field %s.%s in condition (%s, %s, %s)",
			t.Name, name, pythonRepr(path), pythonRepr(operator), pythonRepr(leaf[2]))
	}
	if dotted {
		return tx.related(f, rest, operator, leaf[2])
	}
	return tx.condition(f, operator, leaf[2])
}

// related follows a relational field: true when one of the records behind it matches.
func (tx *Tx) related(f *Field, rest, operator string, value any) (predicate, error) {
	other, err := tx.table(f.relation)
	if err != nil {
		return nil, err
	}
	inner, err := tx.leaf(other, []any{rest, operator, value})
	if err != nil {
		return nil, err
	}
	return func(r Row) (bool, error) {
		ids, err := wantIDs(tx.wire(f, r, false))
		if err != nil {
			return false, err
		}
		for _, target := range other.find(ids) {
			if ok, err := inner(target); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}, nil
}

func (tx *Tx) condition(f *Field, operator string, value any) (predicate, error) {
	switch operator {
	case "=", "==", "in":
		return tx.membership(f, value)
	case "!=", "<>", "not in":
		inside, err := tx.membership(f, value)
		if err != nil {
			return nil, err
		}
		return func(r Row) (bool, error) {
			ok, err := inside(r)
			return !ok, err
		}, nil
	case "<", "<=", ">", ">=":
		return tx.comparison(f, operator, value)
	case "like", "ilike", "=like", "=ilike", "not like", "not ilike":
		return tx.pattern(f, operator, value), nil
	}
	return nil, valueError("Invalid operator %s in condition", pythonRepr(operator))
}

// membership is "=" and "in" at once: a single value is a list of one.
func (tx *Tx) membership(f *Field, value any) (predicate, error) {
	values, ok := value.([]any)
	if !ok {
		values = []any{value}
	}
	wanted := make([]any, len(values))
	for i, v := range values {
		comparable, err := comparableValue(f, v)
		if err != nil {
			return nil, err
		}
		wanted[i] = comparable
	}
	return func(r Row) (bool, error) {
		stored := tx.plain(f, r)
		if ids, ok := stored.([]int64); ok {
			return slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(wanted, any(id)) }) ||
				len(ids) == 0 && slices.Contains(wanted, any(false)), nil
		}
		return slices.ContainsFunc(wanted, func(want any) bool { return tx.equals(f, stored, want) }), nil
	}, nil
}

// equals also lets a many2one be compared with a name.
func (tx *Tx) equals(f *Field, stored, want any) bool {
	if name, ok := want.(string); ok && f.kind == typeMany2one {
		id, ok := stored.(int64)
		return ok && tx.displayName(f.relation, id) == name
	}
	return stored == want
}

// plain is a value in the form in which domains compare: false for nothing, datetimes in whole
// seconds.
func (tx *Tx) plain(f *Field, r Row) any { return tx.wire(f, r, false) }

// comparableValue refuses datetimes with fractions' worth of zone marks and cuts fractions off, as
// the real server does: ">" the last second seen skips what was written later in that second.
func comparableValue(f *Field, value any) (any, error) {
	if value == nil {
		return emptyValue(f.kind), nil
	}
	text, ok := value.(string)
	if !ok {
		return value, nil
	}
	switch f.kind {
	case typeDatetime:
		whole, _, _ := strings.Cut(text, ".")
		parsed, err := parseDatetime(whole)
		if err != nil {
			return nil, err
		}
		if t, ok := parsed.(time.Time); ok {
			return t.Format(datetimeLayout), nil
		}
	case typeDate:
		return parseDate(text)
	}
	return value, nil
}

func (tx *Tx) comparison(f *Field, operator string, value any) (predicate, error) {
	bound, err := comparableValue(f, value)
	if err != nil {
		return nil, err
	}
	return func(r Row) (bool, error) {
		stored := tx.plain(f, r)
		if stored == false && f.kind != typeBoolean {
			return false, nil
		}
		order, ok := compareValues(stored, bound)
		if !ok {
			return false, nil
		}
		switch operator {
		case "<":
			return order < 0, nil
		case "<=":
			return order <= 0, nil
		case ">":
			return order > 0, nil
		}
		return order >= 0, nil
	}, nil
}

// compareValues orders two values of one kind; values of different kinds have no order.
func compareValues(a, b any) (int, bool) {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return strings.Compare(a, b), ok
	case int64:
		switch b := b.(type) {
		case int64:
			return int(max(-1, min(1, a-b))), true
		case float64:
			return compareFloats(float64(a), b), true
		}
	case float64:
		switch b := b.(type) {
		case int64:
			return compareFloats(a, float64(b)), true
		case float64:
			return compareFloats(a, b), true
		}
	}
	return 0, false
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (tx *Tx) pattern(f *Field, operator string, value any) predicate {
	needle := fmt.Sprint(value)
	fold := strings.Contains(operator, "ilike")
	exact := strings.HasPrefix(operator, "=")
	negated := strings.HasPrefix(operator, "not")
	return func(r Row) (bool, error) {
		stored := tx.plain(f, r)
		if id, ok := stored.(int64); ok && f.kind == typeMany2one {
			stored = tx.displayName(f.relation, id)
		}
		if stored == false {
			return negated, nil
		}
		return likeMatch(fmt.Sprint(stored), needle, fold, exact) != negated, nil
	}
}

// likeMatch knows SQL's % in the middle of a pattern; without "=" the pattern may stand anywhere.
func likeMatch(text, pattern string, fold, exact bool) bool {
	if fold {
		text, pattern = strings.ToLower(text), strings.ToLower(pattern)
	}
	if !exact {
		pattern = "%" + pattern + "%"
	}
	parts := strings.Split(pattern, "%")
	if len(parts) == 1 {
		return text == pattern
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}
