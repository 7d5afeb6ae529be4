package plane

import (
	"bytes"
	"encoding/json"
	"time"
)

// oddValue says what sort of value cannot be read, and does not repeat it: errors end in logs.
type oddValue string

func (o oddValue) Error() string { return string(o) }

// Date is a calendar day as Plane writes it, "2006-01-02"; "" means no date. It is a string because a day
// has no hour and no zone, and comparing two days must not depend on either.
type Date string

// In returns the start of the day in loc.
func (d Date) In(loc *time.Location) (time.Time, error) {
	return time.ParseInLocation(time.DateOnly, string(d), loc)
}

// UnmarshalJSON reads a day, a timestamp (cut to its day), null and the string "None" that v2 webhooks carry for null.
func (d *Date) UnmarshalJSON(b []byte) error {
	text, err := optionalText(b)
	if err != nil || text == "" {
		*d = ""
		return err
	}
	day := text[:min(len(text), len(time.DateOnly))]
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return oddValue("a date of an unknown layout")
	}
	*d = Date(day)
	return nil
}

// MarshalJSON writes "" as null, which is how Plane clears a date.
func (d Date) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(d))
}

// Time is a moment as Plane writes it. The zero value means none. Community sends archived_at as a bare day and
// v2 webhooks were documented with Python's "2026-01-02 03:04:05.6+00:00", so all three layouts are read. Plane keeps
// times in UTC, and so one without a zone, which Python writes as easily, is one in UTC.
type Time struct{ time.Time }

var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly,
}

// UnmarshalJSON reads the layouts named at Time, null, "" and the string "None".
func (t *Time) UnmarshalJSON(b []byte) error {
	text, err := optionalText(b)
	if err != nil || text == "" {
		*t = Time{}
		return err
	}
	for _, layout := range timeLayouts {
		if parsed, err := time.Parse(layout, text); err == nil {
			t.Time = parsed.UTC()
			return nil
		}
	}
	return oddValue("a time of an unknown layout")
}

// MarshalJSON writes the zero time as null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.Time.MarshalJSON()
}

func optionalText(b []byte) (string, error) {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil {
		return "", err
	}
	if text == nil || *text == "None" {
		return "", nil
	}
	return *text, nil
}

// Ref is a reference that Plane sends as a bare id, or as the whole object where the request (expand=) or the
// webhook expands it. Value is nil unless it was expanded.
type Ref[T any] struct {
	ID    string
	Value *T
}

// UnmarshalJSON reads an id, an object with an id, or null. An object without an id points to nothing: that is what
// expand= makes of a parent that is not there. One of which no more than the id can be read is read as the id.
func (r *Ref[T]) UnmarshalJSON(b []byte) error {
	*r = Ref[T]{}
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '{' {
		var err error
		r.ID, err = optionalText(b)
		return err
	}
	var id struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(b, &id); err != nil || id.ID == "" {
		return err
	}
	r.ID, r.Value = id.ID, new(T)
	if json.Unmarshal(b, r.Value) != nil {
		r.Value = nil
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads as the same reference: the object where it was expanded, else the id, or
// null.
func (r Ref[T]) MarshalJSON() ([]byte, error) {
	if r.ID == "" {
		return []byte("null"), nil
	}
	if r.Value != nil {
		return json.Marshal(r.Value)
	}
	return json.Marshal(r.ID)
}

// Refs is a list of references: labels, assignees.
type Refs[T any] []Ref[T]

// UnmarshalJSON reads a list of what Ref reads. null, like a list that is not sent, leaves it nil: nothing is known then,
// and an empty list says that there are none. What points to nothing, null and {}, is left out. An object
// that says something and has no id is an error: a list that is written back without it would take it away.
func (r *Refs[T]) UnmarshalJSON(b []byte) error {
	var all []Ref[T]
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if *r = nil; all == nil {
		return nil
	}
	*r = make(Refs[T], 0, len(all))
	for i, ref := range all {
		if ref.ID != "" {
			*r = append(*r, ref)
		} else if isSomething(raw[i]) {
			return oddValue("a reference without an id")
		}
	}
	return nil
}

func isSomething(raw json.RawMessage) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(raw, &object) == nil && len(object) > 0
}

// IDs returns the ids in the order in which Plane sent them.
func (r Refs[T]) IDs() []string {
	ids := make([]string, len(r))
	for i, ref := range r {
		ids[i] = ref.ID
	}
	return ids
}

// Opt is one field of a patch. Its zero value is left out of the request; Set sends a value, Null sends null.
type Opt[T any] struct {
	value T
	state optState
}

type optState uint8

const (
	optUnset optState = iota
	optNull
	optSet
)

// Set returns a field that sends v.
func Set[T any](v T) Opt[T] { return Opt[T]{value: v, state: optSet} }

// Null returns a field that sends null, as for clearing a target date.
func Null[T any]() Opt[T] { return Opt[T]{state: optNull} }

// IsZero reports whether the field is left out; encoding/json asks it for omitzero.
func (o Opt[T]) IsZero() bool { return o.state == optUnset }

// Get returns the value, and whether there is one: false for a field left out and for null.
func (o Opt[T]) Get() (T, bool) { return o.value, o.state == optSet }

// MarshalJSON writes the value or null.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if o.state != optSet {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}
