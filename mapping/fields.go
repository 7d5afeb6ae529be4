package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Fields are the parts of a work item that the bridge writes. The zero value of
// a field means "empty", not "unknown".
type Fields struct {
	Name            string `json:"name"`
	DescriptionHTML string `json:"description_html"`
	// TargetDate is YYYY-MM-DD, or empty for none.
	TargetDate string `json:"target_date"`
	// Priority is one of urgent, high, medium, low, none.
	Priority string `json:"priority"`
	// Group is a state group: backlog, unstarted, started, completed, cancelled.
	Group string `json:"group"`
	// Labels are the names of the labels the bridge manages on this item, sorted.
	// Labels that people add are not in it.
	Labels []string `json:"labels"`
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
var AllFields = []Field{FieldName, FieldDescription, FieldTargetDate, FieldPriority, FieldState, FieldLabels}

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
		switch field {
		case FieldName:
			f.Name = from.Name
		case FieldDescription:
			f.DescriptionHTML = from.DescriptionHTML
		case FieldTargetDate:
			f.TargetDate = from.TargetDate
		case FieldPriority:
			f.Priority = from.Priority
		case FieldState:
			f.Group = from.Group
		case FieldLabels:
			f.Labels = from.Labels
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
	return slices.DeleteFunc(slices.Clone(AllFields), func(field Field) bool { return f.value(field) == other.value(field) })
}

// value is one field as text, by which it is compared. Labels hold no line break.
func (f Fields) value(field Field) string {
	switch field {
	case FieldName:
		return f.Name
	case FieldDescription:
		return f.DescriptionHTML
	case FieldTargetDate:
		return f.TargetDate
	case FieldPriority:
		return f.Priority
	case FieldState:
		return f.Group
	case FieldLabels:
		return strings.Join(sorted(f.Labels), "\n")
	default:
		return ""
	}
}

// withValue is this content with one field that value gave as text.
func (f Fields) withValue(field Field, value string) Fields {
	switch field {
	case FieldName:
		f.Name = value
	case FieldDescription:
		f.DescriptionHTML = value
	case FieldTargetDate:
		f.TargetDate = value
	case FieldPriority:
		f.Priority = value
	case FieldState:
		f.Group = value
	case FieldLabels:
		f.Labels = Values{field: value}.Labels()
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
