package planetest

func (s *Server) addProject(seed SeedProject) {
	now := s.now()
	p := &project{id: orNewID(seed.ID), name: seed.Name, identifier: seed.Identifier, created: now, updated: s.now()}
	if seed.States == nil {
		seed.States = defaultStates()
	}
	for _, st := range seed.States {
		added := s.addState(p, st.Name, st.Group, "#333333", "")
		added.id = orDefault(st.ID, added.id)
		added.standard = st.Default
	}
	s.projects = append(s.projects, p)
}

func (s *Server) listProjects(c *call) answer {
	var rows []row
	for _, p := range s.projects {
		rows = append(rows, func() object { return c.pick(s.projectObject(p)) })
	}
	return c.page(rows)
}

func (s *Server) getProject(c *call) answer { return ok(c.pick(s.projectObject(c.project))) }

// patchProject takes the name and the description.
func (s *Server) patchProject(c *call) answer {
	before := projectCore(s, c.project)
	faults := fieldErrors{}
	name := faults.text(c.body, "name", c.project.name, 255)
	description := faults.text(c.body, "description", c.project.description, 0)
	if faults.any() {
		return invalid(faults.object())
	}
	c.project.name, c.project.description = name, description
	c.project.updated, c.project.updatedBy = s.now(), c.user.ID
	s.announceChanges("project", c.project.id, c.user, before, c.body)
	return ok(c.pick(s.projectObject(c.project)))
}

// projectObject is a project with the counts of a list or detail.
func (s *Server) projectObject(p *project) object {
	core := projectCore(s, p)
	o := object{
		{"id", p.id},
		{"total_members", len(s.people)},
		{"total_cycles", 0},
		{"total_modules", 0},
		{"is_member", true},
		{"sort_order", 65535.0},
		{"member_role", roleAdmin},
		{"is_deployed", false},
	}
	return append(o, core[1:]...)
}

// projectCore is a project as webhooks carry it.
func projectCore(s *Server, p *project) object {
	return object{
		{"id", p.id},
		{"cover_image_url", nil},
		{"created_at", p.created},
		{"updated_at", p.updated},
		{"deleted_at", nil},
		{"name", p.name},
		{"description", p.description},
		{"description_text", nil},
		{"description_html", nil},
		{"network", 2},
		{"identifier", p.identifier},
		{"emoji", nil},
		{"icon_prop", nil},
		{"module_view", false},
		{"cycle_view", false},
		{"issue_views_view", false},
		{"page_view", true},
		{"intake_view", false},
		{"is_time_tracking_enabled", false},
		{"is_issue_type_enabled", false},
		{"guest_view_all_features", false},
		{"cover_image", nil},
		{"archive_in", 0},
		{"close_in", 0},
		{"logo_props", object{}},
		{"archived_at", nil},
		{"timezone", "UTC"},
		{"external_source", nil},
		{"external_id", nil},
		{"created_by", nil},
		{"updated_by", orNull(p.updatedBy)},
		{"workspace", s.workspace.id},
		{"default_assignee", nil},
		{"project_lead", nil},
		{"cover_image_asset", nil},
		{"estimate", nil},
		{"default_state", nil},
	}
}

func projectLite(p *project) object {
	return object{
		{"id", p.id},
		{"identifier", p.identifier},
		{"name", p.name},
		{"cover_image", nil},
		{"icon_prop", nil},
		{"emoji", nil},
		{"description", p.description},
		{"cover_image_url", nil},
	}
}
