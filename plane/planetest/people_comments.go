package planetest

import (
	"fmt"
	"slices"
)

// Comment writes a comment under an item and answers its id.
func (s *Server) Comment(actor, itemID, html string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by, err := s.person(actor)
	if err != nil {
		return "", fmt.Errorf("commenting on work item %s: %w", itemID, err)
	}
	it := s.itemByID(itemID)
	if it == nil {
		return "", fmt.Errorf("commenting on work item %s: no such item", itemID)
	}
	s.takeClock(nil)
	cm := s.addComment(it, by, html)
	s.announceCreated("issue_comment", cm.id, by)
	return cm.id, nil
}

// EditComment changes a comment. Plane's pages note the time as edited_at, which
// the API does not.
func (s *Server) EditComment(actor, commentID, html string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return fmt.Errorf("editing comment %s: %w", commentID, err)
	}
	cm := find(s.comments, func(cm *comment) bool { return cm.id == commentID })
	if cm == nil {
		return fmt.Errorf("editing comment %s: no such comment", commentID)
	}
	before := s.commentObject(cm)
	cm.html, cm.updated, cm.updatedBy = html, s.now(), by.ID
	cm.edited = s.now()
	s.announceChanges("issue_comment", cm.id, by, before, object{{"comment_html", html}})
	return nil
}

// DeleteComment deletes a comment, without a webhook.
func (s *Server) DeleteComment(commentID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := len(s.comments)
	s.comments = slices.DeleteFunc(s.comments, func(cm *comment) bool { return cm.id == commentID })
	if len(s.comments) == had {
		return fmt.Errorf("deleting comment %s: no such comment", commentID)
	}
	return nil
}
