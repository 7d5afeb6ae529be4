package mapping

import (
	"fmt"
	"reflect"
)

// part is one field of Fields, as its tags describe it.
type part struct {
	field Field
	// index is its place in the struct.
	index int
	shows showing
}

const textKind = reflect.String

// parts are the fields of Fields. Everything that goes through all of them, or finds one
// by its name, goes through this list.
var parts = partsOf(reflect.TypeFor[Fields]())

var partByName = byName(parts)

// partsOf reads the tags of a content. A field without a name, of a kind that cannot be
// compared as text or with an unknown rule stops the program at its start.
func partsOf(content reflect.Type) []part {
	read := make([]part, 0, content.NumField())
	for i := range content.NumField() {
		field := content.Field(i)
		p := part{field: Field(field.Tag.Get("field")), index: i}
		rule, known := showings[field.Tag.Get("shows")]
		p.shows = rule
		if p.field == "" || !known || field.Type.Kind() != textKind && field.Type != reflect.TypeFor[[]string]() {
			panic(fmt.Sprintf("mapping: field %s of a content needs a name, a known rule, and to be text or a list of texts", field.Name))
		}
		read = append(read, p)
	}
	return read
}

func namesOf(parts []part) []Field {
	names := make([]Field, len(parts))
	for i, p := range parts {
		names[i] = p.field
	}
	return names
}

func byName(parts []part) map[Field]part {
	named := make(map[Field]part, len(parts))
	for _, p := range parts {
		named[p.field] = p
	}
	return named
}

// of is one field of a content, to be read and set. A name that is no field's, as a link
// may hold that another release wrote, finds nothing.
func (f *Fields) of(field Field) (value reflect.Value, known bool) {
	p, known := partByName[field]
	if !known {
		return reflect.Value{}, false
	}
	return reflect.ValueOf(f).Elem().Field(p.index), true
}
