package odoo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"
)

// plain turns a value into what all three protocols can carry: nil, bool, int64, float64, string, []any and
// map[string]any. It is the one place that knows how Go values look to Odoo.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case Date:
		return orFalse(v.String()), nil
	case DateTime:
		return orFalse(v.String()), nil
	case time.Time:
		return nil, fmt.Errorf("time.Time is ambiguous: use odoo.At or odoo.DateIn")
	case Many2One:
		if v.IsZero() {
			return false, nil
		}
		return v.ID, nil
	case []byte:
		return base64.StdEncoding.EncodeToString(v), nil
	case json.Number:
		return plainNumber(v)
	}
	return plainReflected(reflect.ValueOf(v))
}

func plainNumber(n json.Number) (any, error) {
	if whole, err := n.Int64(); err == nil {
		return whole, nil
	}
	fraction, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("number %q: %w", clip(n.String(), 40), err)
	}
	return fraction, nil
}

func plainReflected(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > math.MaxInt64 {
			return nil, fmt.Errorf("number %d is too large", v.Uint())
		}
		return int64(v.Uint()), nil // #nosec G115 -- the line above holds it within range.
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return nil, fmt.Errorf("number %v cannot be sent", v.Float())
		}
		return v.Float(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
		return plain(v.Elem().Interface())
	case reflect.Slice, reflect.Array:
		return plainList(v)
	case reflect.Map:
		return plainMap(v)
	default:
		return nil, fmt.Errorf("a %s cannot be sent to Odoo", v.Type())
	}
}

func plainList(v reflect.Value) (any, error) {
	list := make([]any, v.Len())
	for i := range list {
		item, err := plain(v.Index(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		list[i] = item
	}
	return list, nil
}

func plainMap(v reflect.Value) (any, error) {
	if v.Type().Key().Kind() != reflect.String {
		return nil, fmt.Errorf("a %s cannot be sent to Odoo: keys must be text", v.Type())
	}
	members := make(map[string]any, v.Len())
	for keys := v.MapRange(); keys.Next(); {
		member, err := plain(keys.Value().Interface())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keys.Key(), err)
		}
		members[keys.Key().String()] = member
	}
	return members, nil
}
