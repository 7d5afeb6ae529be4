package planetest

import (
	"net/url"
	"slices"
)

func (s *Server) linkList(c *call) []*link {
	var found []*link
	for _, l := range slices.Backward(s.links) {
		if l.item == c.item && s.inProject(c) {
			found = append(found, l)
		}
	}
	return found
}

func (s *Server) linkInPath(c *call) *link {
	return find(s.linkList(c), func(l *link) bool { return l.id == c.PathValue("id") })
}

func (s *Server) listLinks(c *call) answer {
	var rows []row
	for _, l := range s.linkList(c) {
		rows = append(rows, func() object { return c.pick(s.linkObject(c.project, l)) })
	}
	return c.page(rows)
}

func (s *Server) getLink(c *call) answer {
	l := s.linkInPath(c)
	if l == nil {
		return missing()
	}
	return ok(c.pick(s.linkObject(c.project, l)))
}

func (s *Server) createLink(c *call) answer {
	faults := fieldErrors{}
	title := faults.nullableText(c.body, "title", "", 255)
	target := faults.required(c.body, "url", 0)
	faults.checkURL(target)
	if faults.any() {
		return invalid(faults.object())
	}
	if s.itemByID(c.item) == nil || !s.inProject(c) {
		return invalid(object{{"error", "The payload is not valid"}})
	}
	if s.linked(c, target, nil) {
		return invalid(object{{"error", "URL already exists for this Issue"}})
	}
	s.pause(s.slow)
	now := s.now()
	l := &link{
		id: newID(), item: c.item, url: target, title: title,
		created: now, updated: s.now(), createdBy: c.user.ID, updatedBy: c.user.ID,
	}
	s.links = append(s.links, l)
	return created(s.linkObject(c.project, l))
}

func (s *Server) patchLink(c *call) answer {
	l := s.linkInPath(c)
	if l == nil {
		return missing()
	}
	faults := fieldErrors{}
	title := faults.nullableText(c.body, "title", l.title, 255)
	target := faults.text(c.body, "url", l.url, 0)
	faults.checkURL(target)
	if faults.any() {
		return invalid(faults.object())
	}
	if s.linked(c, target, l) {
		return invalid(object{{"error", "URL already exists for this Issue"}})
	}
	l.title, l.url, l.updated, l.updatedBy = title, target, s.now(), c.user.ID
	return ok(s.linkObject(c.project, l))
}

func (s *Server) deleteLink(c *call) answer {
	l := s.linkInPath(c)
	if l == nil {
		return missing()
	}
	s.links = slices.DeleteFunc(s.links, func(other *link) bool { return other == l })
	return noContent()
}

func (s *Server) linked(c *call, target string, except *link) bool {
	return slices.ContainsFunc(s.linkList(c), func(l *link) bool { return l.url == target && l != except })
}

func (e *fieldErrors) checkURL(text string) {
	if e.has("url") {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		e.add("url", "Invalid URL format.")
	} else if u.Scheme != "http" && u.Scheme != "https" {
		e.add("url", "Invalid URL scheme.")
	}
}

func (s *Server) linkObject(p *project, l *link) object {
	return object{
		{"id", l.id},
		{"created_at", l.created},
		{"updated_at", l.updated},
		{"deleted_at", nil},
		{"title", orNull(l.title)},
		{"url", l.url},
		{"metadata", object{}},
		{"created_by", orNull(l.createdBy)},
		{"updated_by", orNull(l.updatedBy)},
		{"project", p.id},
		{"workspace", s.workspace.id},
		{"issue", l.item},
	}
}
