package odoo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// Decode reads one record or one answer, as JSON, into dst. Structs are filled by the tag `odoo:"field"`; fields
// without a tag are left alone. In every type but bool, false and null are the zero value, and nil for a pointer:
// Odoo writes false for "not set" whatever the type of the field. dst may also be a slice, a map, or anything that
// encoding/json takes.
//
// A field that does not fit is an error of kind ErrValue that names the field, the Go type and the sort of value that
// arrived, not the value. Decode is exported for the bodies that Odoo's automation rules post.
func Decode(raw []byte, dst any) error {
	target := reflect.ValueOf(dst)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("decoding an Odoo answer: want a pointer, got %T", dst)
	}
	if err := decodeInto(raw, target.Elem()); err != nil {
		return &Error{Class: Permanent, Kind: ErrValue, Message: err.Error()}
	}
	return nil
}

var unmarshalerType = reflect.TypeFor[json.Unmarshaler]()

func decodeInto(raw []byte, target reflect.Value) error {
	raw = bytes.TrimSpace(raw)
	if target.Addr().Type().Implements(unmarshalerType) {
		if err := json.Unmarshal(raw, target.Addr().Interface()); err != nil {
			return mismatch(raw, target, err)
		}
		return nil
	}
	if leavesZero(raw, target.Type()) {
		target.SetZero()
		return nil
	}
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		return decodeInto(raw, target.Elem())
	case reflect.Struct:
		return decodeStruct(raw, target)
	case reflect.Slice:
		return decodeSlice(raw, target)
	default:
		if err := json.Unmarshal(raw, target.Addr().Interface()); err != nil {
			return mismatch(raw, target, err)
		}
		return nil
	}
}

// leavesZero reports whether the value means "not set" for the type. For a bool, and for any, false is a value.
func leavesZero(raw []byte, t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Bool || t.Kind() == reflect.Interface {
		return len(raw) == 0 || string(raw) == "null"
	}
	return isEmpty(raw)
}

func decodeSlice(raw []byte, target reflect.Value) error {
	if target.Type().Elem().Kind() == reflect.Uint8 {
		if err := json.Unmarshal(raw, target.Addr().Interface()); err != nil {
			return mismatch(raw, target, err)
		}
		return nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return mismatch(raw, target, err)
	}
	list := reflect.MakeSlice(target.Type(), len(items), len(items))
	for i, item := range items {
		if err := decodeInto(item, list.Index(i)); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	target.Set(list)
	return nil
}

func decodeStruct(raw []byte, target reflect.Value) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return mismatch(raw, target, err)
	}
	for name, index := range fieldsOf(target.Type()) {
		member, sent := members[name]
		if !sent {
			continue
		}
		if err := decodeInto(member, target.FieldByIndex(index)); err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
	}
	return nil
}

// structFields remembers the tags of each struct type: reflection over a thousand rows would read them a thousand times.
var structFields sync.Map

func fieldsOf(t reflect.Type) map[string][]int {
	if known, ok := structFields.Load(t); ok {
		return known.(map[string][]int)
	}
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(t) {
		name := field.Tag.Get("odoo")
		if name == "" || name == "-" || !field.IsExported() || throughPointer(t, field.Index) {
			continue
		}
		fields[name] = field.Index
	}
	structFields.Store(t, fields)
	return fields
}

// throughPointer reports whether the field sits in an embedded pointer, which may be nil and is not followed.
func throughPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		field := t.Field(i)
		if field.Type.Kind() == reflect.Pointer {
			return true
		}
		t = field.Type
	}
	return false
}

// FieldsOf lists the field names in the `odoo` tags of T: what to ask for so that T can be filled.
func FieldsOf[T any]() []string {
	t := reflect.TypeFor[T]()
	var names []string
	if t.Kind() != reflect.Struct {
		return nil
	}
	known := fieldsOf(t)
	for _, field := range reflect.VisibleFields(t) {
		name := field.Tag.Get("odoo")
		if _, ok := known[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

// mismatch says what arrived without repeating it: a value may be personal, and an error ends in logs.
func mismatch(raw []byte, target reflect.Value, cause error) error {
	var syntax *json.SyntaxError
	if errors.As(cause, &syntax) {
		return fmt.Errorf("%s arrived where %s is wanted: broken JSON", sortOf(raw), target.Type())
	}
	return fmt.Errorf("%s arrived where %s is wanted", sortOf(raw), target.Type())
}

// sortOf names a JSON value by its first byte.
func sortOf(raw []byte) string {
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 't', 'f':
		return string(raw[:min(len(raw), len("false"))])
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// clip cuts text to at most n runes, in one line.
func clip(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n]) + "…"
}
