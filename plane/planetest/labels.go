package planetest

import "slices"

func (s *Server) addLabel(p *project, name, color, actor string) *label {
	now := s.now()
	l := &label{id: newID(), name: name, color: color, sortOrder: 65535, created: now, updated: s.now(), createdBy: actor}
	if n := len(p.labels); n > 0 {
		l.sortOrder = p.labels[n-1].sortOrder + 10000
	}
	p.labels = append(p.labels, l)
	return l
}

// shownLabels are the labels that lists and reads know: none of an archived project.
func (p *project) shownLabels() []*label {
	if !p.archived.IsZero() {
		return nil
	}
	return p.labels
}

// listLabels lists the newest first.
func (s *Server) listLabels(c *call) answer {
	var rows []row
	for _, l := range slices.Backward(c.project.shownLabels()) {
		rows = append(rows, func() object { return c.pick(s.labelObject(c.project, l)) })
	}
	return c.page(rows)
}

func (s *Server) getLabel(c *call) answer {
	l := find(c.project.shownLabels(), func(l *label) bool { return l.id == c.PathValue("id") })
	if l == nil {
		return missing()
	}
	return ok(c.pick(s.labelObject(c.project, l)))
}

func (s *Server) createLabel(c *call) answer {
	faults := fieldErrors{}
	name := faults.required(c.body, "name", 255)
	color := faults.text(c.body, "color", "", 255)
	if faults.any() {
		return invalid(faults.object())
	}
	source, id := c.body.text("external_source"), c.body.text("external_id")
	for _, l := range c.project.labels {
		if source != "" && id != "" && l.source == source && l.externalID == id {
			return conflict("Label with the same external id and external source already exists", l.id)
		}
	}
	if l := c.project.labelByName(name); l != nil {
		return conflict("Label with the same name already exists in the project", l.id)
	}
	s.pause(s.slow)
	// Two creates at once may both have come as far as here. Of work items both take
	// effect; a label's name is held once per project by the table itself.
	if l := c.project.labelByName(name); l != nil {
		return conflict("Label with the same name already exists in the project", l.id)
	}
	l := s.addLabel(c.project, name, color, c.user.ID)
	l.source, l.externalID = source, id
	l.description = c.body.text("description")
	return created(s.labelObject(c.project, l))
}

func (s *Server) patchLabel(c *call) answer {
	l := c.project.labelByID(c.PathValue("id"))
	if l == nil {
		return missing()
	}
	faults := fieldErrors{}
	name := faults.text(c.body, "name", l.name, 255)
	color := faults.text(c.body, "color", l.color, 255)
	if faults.any() {
		return invalid(faults.object())
	}
	// Unlike the create, this does not say whose name it is.
	if other := c.project.labelByName(name); other != nil && other != l {
		return invalid(object{{"error", "The payload is not valid"}})
	}
	l.name, l.color, l.updated, l.updatedBy = name, color, s.now(), c.user.ID
	return ok(s.labelObject(c.project, l))
}

// deleteLabel also takes the label off every item, without a webhook.
func (s *Server) deleteLabel(c *call) answer {
	l := c.project.labelByID(c.PathValue("id"))
	if l == nil {
		return missing()
	}
	s.dropLabel(c.project, l)
	return noContent()
}

func (s *Server) dropLabel(p *project, l *label) {
	p.labels = slices.DeleteFunc(p.labels, func(other *label) bool { return other == l })
	for _, it := range s.items {
		it.labels = slices.DeleteFunc(slices.Clone(it.labels), func(id string) bool { return id == l.id })
	}
}

func (s *Server) labelObject(p *project, l *label) object {
	return object{
		{"id", l.id},
		{"created_at", l.created},
		{"updated_at", l.updated},
		{"deleted_at", nil},
		{"name", l.name},
		{"description", l.description},
		{"color", l.color},
		{"sort_order", l.sortOrder},
		{"external_source", orNull(l.source)},
		{"external_id", orNull(l.externalID)},
		{"created_by", orNull(l.createdBy)},
		{"updated_by", orNull(l.updatedBy)},
		{"workspace", s.workspace.id},
		{"project", p.id},
		{"parent", orNull(l.parent)},
	}
}

func labelLite(l *label) object {
	return object{{"id", l.id}, {"name", l.name}, {"color", l.color}}
}
