package planetest

import (
	"fmt"
	"slices"
	"time"
)

func (s *Server) addProject(seed SeedProject) {
	now := s.now()
	p := &project{
		id: orNewID(seed.ID), name: seed.Name, identifier: seed.Identifier, created: now, updated: s.now(),
		features: map[string]bool{"page_view": true}, members: map[string]int{}, logo: object{},
	}
	for _, person := range s.people {
		if seed.Members == nil || slices.Contains(seed.Members, person.ID) || slices.Contains(seed.Members, person.DisplayName) {
			p.members[person.ID] = person.Role
		}
	}
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
		rows = append(rows, func() object { return c.pick(s.projectObject(c, p, true)) })
	}
	return c.page(rows)
}

func (s *Server) getProject(c *call) answer {
	if c.project == nil {
		return missing()
	}
	return ok(c.pick(s.projectObject(c, c.project, false)))
}

var projectFeatures = []string{"module_view", "cycle_view", "issue_views_view", "page_view", "intake_view"}

// patchProject takes the name, the description and what is switched on.
func (s *Server) patchProject(c *call) answer {
	before := projectCore(s, c.project)
	faults := fieldErrors{}
	name := faults.text(c.body, "name", c.project.name, 255)
	description := faults.text(c.body, "description", c.project.description, 0)
	features := map[string]bool{}
	for _, name := range projectFeatures {
		features[name] = faults.truth(c.body, name, c.project.features[name])
	}
	if faults.any() {
		return invalid(faults.object())
	}
	c.project.name, c.project.description, c.project.features = name, description, features
	c.project.updated, c.project.updatedBy = s.now(), c.user.ID
	s.announceChanges("project", c.project.id, c.user, before, c.body)
	return ok(c.pick(s.projectObject(c, c.project, false)))
}

// projectObject is a project with the counts of a list or detail, and with what
// the caller is in it. Only lists have the caller's sort_order.
func (s *Server) projectObject(c *call, p *project, inList bool) object {
	o := object{
		{"id", p.id},
		{"total_members", len(s.membersOf(p, func(m Person) bool { return !m.Bot }))},
		{"total_cycles", 0},
		{"total_modules", 0},
		{"is_member", p.members[c.user.ID] > 0},
	}
	var order, role any
	if n := p.members[c.user.ID]; n > 0 {
		order, role = 65535.0, n
	}
	if inList {
		o = append(o, member{"sort_order", order})
	}
	o = append(o, member{"member_role", role}, member{"is_deployed", false})
	return append(o, projectCore(s, p)[1:]...)
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
		{"module_view", p.features["module_view"]},
		{"cycle_view", p.features["cycle_view"]},
		{"issue_views_view", p.features["issue_views_view"]},
		{"page_view", p.features["page_view"]},
		{"intake_view", p.features["intake_view"]},
		{"is_time_tracking_enabled", false},
		{"is_issue_type_enabled", false},
		{"guest_view_all_features", false},
		{"cover_image", nil},
		{"archive_in", 0},
		{"close_in", 0},
		{"logo_props", p.logo},
		{"archived_at", p.archived},
		{"timezone", "UTC"},
		{"external_source", nil},
		{"external_id", nil},
		{"created_by", orNull(p.createdBy)},
		{"updated_by", orNull(p.updatedBy)},
		{"workspace", s.workspace.id},
		{"default_assignee", nil},
		{"project_lead", nil},
		{"cover_image_asset", nil},
		{"estimate", orNull(p.estimate)},
		{"default_state", nil},
	}
}

// ArchiveProject puts a project away, as a person does. From then on its lists
// of work items, states and labels are empty with 200, and its items cannot be
// read by id; the project itself still answers, with archived_at, and creates,
// patches and look-ups by external pair go on as before. No webhook tells.
func (s *Server) ArchiveProject(actor, projectID string) error {
	return s.changeProject("archiving", actor, projectID, func(p *project) { p.archived = s.now() })
}

// RestoreProject brings a project back, also without a webhook.
func (s *Server) RestoreProject(actor, projectID string) error {
	return s.changeProject("restoring", actor, projectID, func(p *project) { p.archived = time.Time{} })
}

func (s *Server) changeProject(act, actor, projectID string, do func(*project)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return fmt.Errorf("%s project %s: %w", act, projectID, err)
	}
	p := s.projectByID(projectID)
	if p == nil {
		return fmt.Errorf("%s project %s: no such project", act, projectID)
	}
	do(p)
	p.updated, p.updatedBy = s.now(), by.ID
	return nil
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
