package planetest

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// fieldErrors collects what Django REST framework says about the fields of a
// body, in the order in which they were looked at.
type fieldErrors struct{ found object }

func (e *fieldErrors) any() bool      { return len(e.found) > 0 }
func (e *fieldErrors) object() object { return e.found }

func (e *fieldErrors) add(field, message string) {
	e.found = append(e.found, member{field, []string{message}})
}

const (
	notNull  = "This field may not be null."
	notBlank = "This field may not be blank."
)

// required is a text that must be there.
func (e *fieldErrors) required(body object, field string, limit int) string {
	if _, given := body.lookup(field); !given {
		e.add(field, "This field is required.")
		return ""
	}
	text := e.text(body, field, "", limit)
	if text == "" && !e.has(field) {
		e.add(field, notBlank)
	}
	return text
}

func (e *fieldErrors) has(field string) bool {
	_, found := e.found.lookup(field)
	return found
}

// text is a text that may be left out; limit 0 is none.
func (e *fieldErrors) text(body object, field, current string, limit int) string {
	value, given := body.lookup(field)
	if !given {
		return current
	}
	var text string
	switch v := value.(type) {
	case nil:
		e.add(field, notNull)
		return current
	case string:
		text = strings.TrimSpace(v)
	case number:
		text = string(v)
	default:
		e.add(field, "Not a valid string.")
		return current
	}
	if limit > 0 && utf8.RuneCountInString(text) > limit {
		e.add(field, fmt.Sprintf("Ensure this field has no more than %d characters.", limit))
		return current
	}
	return text
}

// nullableText is a text that null empties.
func (e *fieldErrors) nullableText(body object, field, current string, limit int) string {
	if value, given := body.lookup(field); given && value == nil {
		return ""
	}
	return e.text(body, field, current, limit)
}

func (e *fieldErrors) choice(body object, field, current string, choices []string) string {
	value, given := body.lookup(field)
	if !given {
		return current
	}
	if value == nil {
		e.add(field, notNull)
		return current
	}
	text := pythonText(value)
	for _, c := range choices {
		if c == text {
			return text
		}
	}
	e.add(field, fmt.Sprintf("%q is not a valid choice.", text))
	return current
}

// date is YYYY-MM-DD, or empty for null.
func (e *fieldErrors) date(body object, field, current string) string {
	value, given := body.lookup(field)
	if !given {
		return current
	}
	if value == nil {
		return ""
	}
	text, _ := value.(string)
	day, err := time.Parse("2006-1-2", text)
	if err != nil {
		e.add(field, "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")
		return current
	}
	return day.Format(time.DateOnly)
}

// reference is the id of another record; exists tells whether there is one.
func (e *fieldErrors) reference(body object, field, current string, exists func(string) bool) string {
	value, given := body.lookup(field)
	if !given {
		return current
	}
	if value == nil {
		return ""
	}
	id, fault := referenceTo(value, exists)
	if fault != "" {
		e.add(field, fault)
		return current
	}
	return id
}

// references is a list of ids. A fault is told by its place in the list.
func (e *fieldErrors) references(body object, field string, current []string, exists func(string) bool) []string {
	value, given := body.lookup(field)
	if !given {
		return current
	}
	if value == nil {
		e.add(field, notNull)
		return current
	}
	list, isList := value.([]any)
	if !isList {
		e.add(field, fmt.Sprintf("Expected a list of items but got type %q.", pythonType(value)))
		return current
	}
	var places object
	ids := []string{}
	for i, item := range list {
		id, fault := referenceTo(item, exists)
		if fault != "" {
			places = append(places, member{fmt.Sprint(i), []string{fault}})
		}
		ids = append(ids, id)
	}
	if places != nil {
		e.found = append(e.found, member{field, places})
		return current
	}
	return ids
}

func referenceTo(value any, exists func(string) bool) (id, fault string) {
	if value == nil {
		return "", notNull
	}
	text := pythonText(value)
	parsed, err := uuid.Parse(text)
	if err != nil {
		return "", "“" + text + "” is not a valid UUID."
	}
	if !exists(parsed.String()) {
		return "", fmt.Sprintf("Invalid pk %q - object does not exist.", text)
	}
	return parsed.String(), ""
}

// pythonText is how Python prints a JSON value.
func pythonText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case nil:
		return "None"
	}
	return string(webhookStyle.encode(value))
}

// pythonType is what Python calls the type of a JSON value.
func pythonType(value any) string {
	switch v := value.(type) {
	case string:
		return "str"
	case bool:
		return "bool"
	case nil:
		return "NoneType"
	case object:
		return "dict"
	case number:
		if strings.ContainsAny(string(v), ".eE") {
			return "float"
		}
		return "int"
	}
	return "list"
}
