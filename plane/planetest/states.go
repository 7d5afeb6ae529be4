package planetest

import (
	"slices"
	"strings"
)

var stateGroups = []string{"backlog", "unstarted", "started", "completed", "cancelled"}

func (s *Server) addState(p *project, name, group, color, actor string) *state {
	now := s.now()
	st := &state{
		id: newID(), name: name, slug: slugify(name), group: group, color: color,
		sequence: 15000, created: now, updated: s.now(), createdBy: actor,
	}
	if n := len(p.states); n > 0 {
		st.sequence = p.states[n-1].sequence + 15000
	}
	p.states = append(p.states, st)
	return st
}

func (s *Server) listStates(c *call) answer {
	source, id := c.pair()
	if source != "" && id != "" {
		st := find(c.project.states, func(st *state) bool { return st.source == source && st.externalID == id })
		if st == nil {
			return missing()
		}
		return ok(c.pick(s.stateObject(c.project, st)))
	}
	var rows []row
	for _, st := range c.project.shownStates() {
		rows = append(rows, func() object { return c.pick(s.stateObject(c.project, st)) })
	}
	return c.page(rows)
}

// shownStates are the states that lists and reads know: none of an archived
// project, and never the one of Intake.
func (p *project) shownStates() []*state {
	if !p.archived.IsZero() {
		return nil
	}
	return p.states
}

func (s *Server) getState(c *call) answer {
	st := find(c.project.shownStates(), func(st *state) bool { return st.id == c.PathValue("id") })
	if st == nil {
		return missing()
	}
	return ok(c.pick(s.stateObject(c.project, st)))
}

// createState answers 200, not 201.
func (s *Server) createState(c *call) answer {
	faults := fieldErrors{}
	name := faults.required(c.body, "name", 255)
	color := faults.required(c.body, "color", 255)
	group := faults.choice(c.body, "group", "backlog", append(slices.Clone(stateGroups), triageGroup))
	if faults.any() {
		return invalid(faults.object())
	}
	if group == triageGroup {
		return invalid(nonField("Cannot create triage state"))
	}
	source, id := c.body.text("external_source"), c.body.text("external_id")
	for _, st := range c.project.states {
		switch {
		case source != "" && id != "" && st.source == source && st.externalID == id:
			return conflict("State with the same external id and external source already exists", st.id)
		case st.name == name:
			return conflict("State with the same name already exists in the project", st.id)
		}
	}
	s.pause(s.slow)
	st := s.addState(c.project, name, group, color, c.user.ID)
	st.source, st.externalID = source, id
	return ok(s.stateObject(c.project, st))
}

func (s *Server) patchState(c *call) answer {
	st := c.project.stateByID(c.PathValue("id"))
	if st == nil {
		return missing()
	}
	faults := fieldErrors{}
	name := faults.text(c.body, "name", st.name, 255)
	color := faults.text(c.body, "color", st.color, 255)
	group := faults.choice(c.body, "group", st.group, stateGroups)
	if faults.any() {
		return invalid(faults.object())
	}
	st.name, st.color, st.group, st.slug = name, color, group, slugify(name)
	st.updated, st.updatedBy = s.now(), c.user.ID
	return ok(s.stateObject(c.project, st))
}

func (s *Server) deleteState(c *call) answer {
	st := c.project.stateByID(c.PathValue("id"))
	if st == nil {
		return missing()
	}
	if refusal := s.dropState(c.project, st); refusal != "" {
		return invalid(object{{"error", refusal}})
	}
	return noContent()
}

func (s *Server) dropState(p *project, st *state) (refusal string) {
	switch {
	case st.standard:
		return "Default state cannot be deleted"
	case slices.ContainsFunc(s.items, func(it *workItem) bool { return it.state == st && it.listed() }):
		return "The state is not empty, only empty states can be deleted"
	}
	p.states = slices.DeleteFunc(p.states, func(other *state) bool { return other == st })
	return ""
}

func (s *Server) stateObject(p *project, st *state) object {
	return object{
		{"id", st.id},
		{"created_at", st.created},
		{"updated_at", st.updated},
		{"deleted_at", nil},
		{"name", st.name},
		{"description", st.description},
		{"color", st.color},
		{"slug", st.slug},
		{"sequence", st.sequence},
		{"group", st.group},
		{"is_triage", false},
		{"default", st.standard},
		{"external_source", orNull(st.source)},
		{"external_id", orNull(st.externalID)},
		{"created_by", orNull(st.createdBy)},
		{"updated_by", orNull(st.updatedBy)},
		{"project", p.id},
		{"workspace", s.workspace.id},
	}
}

func stateLite(st *state) object {
	return object{{"id", st.id}, {"name", st.name}, {"color", st.color}, {"group", st.group}}
}

func slugify(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r == ' ' || r == '-'
	})
	return strings.Join(words, "-")
}

// pair is the external pair in the query.
func (c *call) pair() (source, id string) {
	query := c.URL.Query()
	return query.Get("external_source"), query.Get("external_id")
}
