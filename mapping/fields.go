package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Fields are the parts of a work item that the bridge writes. The zero value of
// a field means "empty", not "unknown".
//
// What one of them is called in plans and reports, and how it is told that Plane shows
// it, stands in its tags, from which everything in this package follows: comparing,
// hashing, noting, confirming. How it is read from a work item and written to one is a
// row of the table in bridge/shown, which knows Plane.
type Fields struct {
	Name            string `json:"name" field:"name" shows:"trimmed"`
	DescriptionHTML string `json:"description_html" field:"description" shows:"cleaned"`
	// TargetDate is YYYY-MM-DD, or empty for none.
	TargetDate string `json:"target_date" field:"target_date"`
	// Priority is one of urgent, high, medium, low, none.
	Priority string `json:"priority" field:"priority"`
	// Group is a state group: backlog, unstarted, started, completed, cancelled.
	Group string `json:"group" field:"state"`
	// Labels are the names of the labels the bridge manages on this item, sorted.
	// Labels that people add are not in it.
	Labels []string `json:"labels" field:"labels" shows:"among others"`
}

// Field names one part of Fields.
type Field string

// The fields, by the names that plans and reports print.
const (
	FieldName        Field = "name"
	FieldDescription Field = "description"
	FieldTargetDate  Field = "target_date"
	FieldPriority    Field = "priority"
	FieldState       Field = "state"
	FieldLabels      Field = "labels"
)

// AllFields are all fields, in the order in which plans and reports name them.
var AllFields = namesOf(parts)

// Names lists fields as plans and reports name them.
func Names(fields []Field) string {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = string(field)
	}
	return strings.Join(names, ", ")
}

// Closed reports whether the state says that nothing is left to do.
func (f Fields) Closed() bool { return f.Group == "completed" || f.Group == "cancelled" }

// With is this content with the given fields of another one.
func (f Fields) With(from Fields, fields ...Field) Fields {
	for _, field := range fields {
		if value, known := f.of(field); known {
			given, _ := from.of(field)
			value.Set(given)
		}
	}
	return f
}

// Hash is a short name for this content; equal fields have equal hashes.
func (f Fields) Hash() string {
	f.Labels = sorted(f.Labels)
	content, err := json.Marshal(f)
	if err != nil {
		// Strings always marshal; reaching this line is a programming error.
		panic(fmt.Sprintf("hashing fields: %v", err))
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Differing lists the fields in which two contents differ, in a fixed order.
func (f Fields) Differing(other Fields) []Field {
	return slices.DeleteFunc(slices.Clone(AllFields), func(field Field) bool { return f.Text(field) == other.Text(field) })
}

// Text is one field as text, by which it is compared: a list has one entry a line, in
// order, whatever the order in which it is kept.
func (f Fields) Text(field Field) string {
	value, known := f.of(field)
	switch {
	case !known:
		return ""
	case value.Kind() == textKind:
		return value.String()
	default:
		return strings.Join(sorted(value.Interface().([]string)), "\n")
	}
}

// WithText is this content with one field as Text gave it.
func (f Fields) WithText(field Field, text string) Fields {
	value, known := f.of(field)
	switch {
	case !known:
	case value.Kind() == textKind:
		value.SetString(text)
	default:
		value.Set(reflect.ValueOf(entries(text)))
	}
	return f
}

// MergeLabels gives the label list to write: what is on the item now, without
// the labels that the bridge wrote last time, plus those it wants now. Plane
// replaces the whole list on a write, so leaving a person's label out would
// delete it.
func MergeLabels(current, lastPushed, wanted []string) []string {
	merged := make([]string, 0, len(current)+len(wanted))
	for _, label := range current {
		if !slices.Contains(lastPushed, label) {
			merged = append(merged, label)
		}
	}
	return slices.Compact(sorted(append(merged, wanted...)))
}

func sorted(labels []string) []string {
	if len(labels) == 0 {
		return []string{}
	}
	return slices.Sorted(slices.Values(labels))
}

// entries are the lines of a text, none for an empty one.
func entries(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
