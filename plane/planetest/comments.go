package planetest

import "slices"

// commentList holds the comments of the item in the path, the newest first:
// those of an item that moved to another project are found there only.
func (s *Server) commentList(c *call) []*comment {
	var found []*comment
	for _, cm := range slices.Backward(s.comments) {
		if cm.item == c.item && s.inProject(c) {
			found = append(found, cm)
		}
	}
	return found
}

// inProject tells whether the item in the path is, or was when it was deleted,
// one of the project in the path.
func (s *Server) inProject(c *call) bool {
	return slices.ContainsFunc(s.items, func(it *workItem) bool { return it.id == c.item && it.project == c.project })
}

func (s *Server) commentInPath(c *call) *comment {
	return find(s.commentList(c), func(cm *comment) bool { return cm.id == c.PathValue("id") })
}

func (s *Server) listComments(c *call) answer {
	var rows []row
	for _, cm := range s.commentList(c) {
		rows = append(rows, func() object { return c.pick(s.commentView(cm)) })
	}
	return c.page(rows)
}

func (s *Server) getComment(c *call) answer {
	cm := s.commentInPath(c)
	if cm == nil {
		return missing()
	}
	return ok(c.pick(s.commentView(cm)))
}

// createComment does not look at the item: a deleted one takes comments too,
// and an unknown one is a fault of the payload.
func (s *Server) createComment(c *call) answer {
	source, id := c.body.text("external_source"), c.body.text("external_id")
	if other := s.commentByPair(source, id); other != nil {
		return conflict("Work item comment with the same external id and external source already exists", other.id)
	}
	faults := fieldErrors{}
	html := faults.text(c.body, "comment_html", "<p></p>", 0)
	access := faults.choice(c.body, "access", "INTERNAL", []string{"INTERNAL", "EXTERNAL"})
	if faults.any() {
		return invalid(faults.object())
	}
	it := find(s.items, func(it *workItem) bool { return it.id == c.item && it.project == c.project })
	if it == nil {
		return invalid(object{{"error", "The payload is not valid"}})
	}
	s.pause(s.slow)
	cm := s.addComment(it, c.user, html)
	cm.access, cm.source, cm.externalID = access, source, id
	s.announceCreated("issue_comment", cm.id, c.user)
	// The answer names the author as the last editor; the record does not.
	return created(s.commentObject(cm).set("updated_by", c.user.ID))
}

func (s *Server) addComment(it *workItem, by Person, html string) *comment {
	updated := s.now()
	cm := &comment{
		id: newID(), item: it.id, html: html, actor: by.ID, access: "INTERNAL",
		description: newID(), updated: updated, created: s.now(), createdBy: by.ID,
	}
	s.comments = append(s.comments, cm)
	return cm
}

func (s *Server) commentByPair(source, id string) *comment {
	if source == "" || id == "" {
		return nil
	}
	return find(s.comments, func(cm *comment) bool { return cm.source == source && cm.externalID == id })
}

func (s *Server) patchComment(c *call) answer {
	cm := s.commentInPath(c)
	if cm == nil {
		return missing()
	}
	before := s.commentObject(cm)
	faults := fieldErrors{}
	html := faults.text(c.body, "comment_html", cm.html, 0)
	id := faults.nullableText(c.body, "external_id", cm.externalID, 255)
	source := faults.nullableText(c.body, "external_source", cm.source, 255)
	if faults.any() {
		return invalid(faults.object())
	}
	if id != cm.externalID && s.commentByPair(source, id) != nil {
		return conflict("Work item comment with the same external id and external source already exists", cm.id)
	}
	cm.html, cm.source, cm.externalID = html, source, id
	cm.updated, cm.updatedBy = s.now(), c.user.ID
	s.announceChanges("issue_comment", cm.id, c.user, before, c.body)
	return ok(s.commentObject(cm))
}

func (s *Server) deleteComment(c *call) answer {
	cm := s.commentInPath(c)
	if cm == nil {
		return missing()
	}
	s.comments = slices.DeleteFunc(s.comments, func(other *comment) bool { return other == cm })
	return noContent()
}

// commentView is a comment as it is read, which has one key more than as it is
// answered to a write.
func (s *Server) commentView(cm *comment) object {
	return slices.Insert(s.commentObject(cm), 1, member{"is_member", true})
}

func (s *Server) commentObject(cm *comment) object {
	projectID := s.ProjectID()
	if it := find(s.items, func(it *workItem) bool { return it.id == cm.item }); it != nil {
		projectID = it.project.id
	}
	return object{
		{"id", cm.id},
		{"created_at", cm.created},
		{"updated_at", cm.updated},
		{"deleted_at", nil},
		{"comment_html", cm.html},
		{"attachments", []string{}},
		{"access", cm.access},
		{"external_source", orNull(cm.source)},
		{"external_id", orNull(cm.externalID)},
		{"edited_at", cm.edited},
		{"created_by", orNull(cm.createdBy)},
		{"updated_by", orNull(cm.updatedBy)},
		{"project", projectID},
		{"workspace", s.workspace.id},
		{"description", cm.description},
		{"issue", cm.item},
		{"actor", cm.actor},
		{"parent", nil},
	}
}
