package planetest

import (
	"slices"
	"strconv"
)

// missingField stands for a required field that the body does not have.
type missingField struct{}

// fill sets the fields of an item from a request body, and tells what is wrong
// with them. The draft is of no use when something is. Unknown fields (such as
// due_date) are passed over, as Plane does.
func (s *Server) fill(draft *workItem, body object) object {
	faults := fieldErrors{}
	draft.assignees = faults.references(body, "assignees", orEmpty(draft.assignees), s.personExists)
	draft.labels = faults.references(body, "labels", orEmpty(draft.labels), s.labelExists)
	draft.point = faults.point(body, draft.point)
	draft.name = faults.itemName(body, draft.name)
	html := faults.text(body, "description_html", draft.descriptionHTML, 0)
	draft.priority = faults.choice(body, "priority", draft.priority, priorities)
	draft.startDate = faults.date(body, "start_date", draft.startDate)
	draft.targetDate = faults.date(body, "target_date", draft.targetDate)
	draft.sortOrder = faults.float(body, "sort_order", draft.sortOrder)
	draft.archivedAt = faults.date(body, "archived_at", draft.archivedAt)
	draft.draft = faults.truth(body, "is_draft", draft.draft)
	draft.source = faults.nullableText(body, "external_source", draft.source, 255)
	draft.externalID = faults.nullableText(body, "external_id", draft.externalID, 255)
	draft.parent = faults.reference(body, "parent", draft.parent, s.itemExists)
	draft.estimatePoint = faults.reference(body, "estimate_point", draft.estimatePoint, s.estimatePointExists)
	state := faults.reference(body, "state", draft.state.id, s.stateExists)
	if faults.any() {
		return faults.object()
	}
	return s.agree(draft, body, html, state)
}

// agree checks what concerns several fields, or another record.
func (s *Server) agree(draft *workItem, body object, html, state string) object {
	if draft.startDate != "" && draft.targetDate != "" && draft.startDate > draft.targetDate {
		return nonField("Start date cannot exceed target date")
	}
	if _, given := body.lookup("description_html"); given {
		clean, ok := sanitise(html)
		if !ok {
			return nonField("Invalid HTML passed")
		}
		draft.descriptionHTML = clean
	}
	// Labels of another project, and people who are no members, are dropped
	// without a word.
	draft.labels = slices.DeleteFunc(slices.Clone(draft.labels), func(id string) bool {
		return draft.project.labelByID(id) == nil
	})
	draft.assignees = slices.DeleteFunc(slices.Clone(draft.assignees), func(id string) bool {
		return draft.project.members[id] == 0
	})
	if state == draft.state.id {
		return nil // Also one that no body may name: Intake's.
	}
	if state == "" {
		draft.state = draft.project.defaultState()
		return nil
	}
	if draft.state = draft.project.stateByID(state); draft.state == nil {
		return nonField("State is not valid please pass a valid state_id")
	}
	return nil
}

func nonField(message string) object {
	return object{{"non_field_errors", []string{message}}}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (e *fieldErrors) itemName(body object, current string) string {
	if _, absent := body.get("name").(missingField); absent {
		e.add("name", "This field is required.")
		return current
	}
	name := e.text(body, "name", current, 255)
	if name == "" && !e.has("name") {
		e.add("name", notBlank)
	}
	return name
}

func (e *fieldErrors) point(body object, current any) any {
	value, given := body.lookup("point")
	if !given || value == nil {
		return orCurrent(given, nil, current)
	}
	n, err := strconv.Atoi(pythonText(value))
	switch {
	case err != nil:
		e.add("point", "A valid integer is required.")
	case n < 0:
		e.add("point", "Ensure this value is greater than or equal to 0.")
	case n > 12:
		e.add("point", "Ensure this value is less than or equal to 12.")
	}
	return n
}

func orCurrent(given bool, value, current any) any {
	if given {
		return value
	}
	return current
}

func (e *fieldErrors) float(body object, field string, current float64) float64 {
	value, given := body.lookup(field)
	if !given {
		return current
	}
	f, err := strconv.ParseFloat(pythonText(value), 64)
	if err != nil {
		e.add(field, "A valid number is required.")
	}
	return f
}

func (e *fieldErrors) truth(body object, field string, current bool) bool {
	value, given := body.lookup(field)
	if !given {
		return current
	}
	truth, isBool := value.(bool)
	if !isBool {
		e.add(field, "Must be a valid boolean.")
	}
	return truth
}

func (s *Server) personExists(id string) bool {
	_, err := s.person(id)
	return err == nil
}

func (s *Server) labelExists(id string) bool {
	return slices.ContainsFunc(s.projects, func(p *project) bool { return p.labelByID(id) != nil })
}

func (s *Server) stateExists(id string) bool {
	return slices.ContainsFunc(s.projects, func(p *project) bool { return p.stateByID(id) != nil })
}

func (s *Server) estimatePointExists(id string) bool {
	return slices.ContainsFunc(s.projects, func(p *project) bool { return slices.Contains(p.points, id) })
}

func (s *Server) itemExists(id string) bool { return s.itemByID(id) != nil }
