package planetest

import "fmt"

// AddState adds a state to the first project's board.
func (s *Server) AddState(name, group string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addState(s.projects[0], name, group, "#333333", "").id
}

// RenameState renames a state of the first project.
func (s *Server) RenameState(name, newName string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := find(s.projects[0].states, func(st *state) bool { return st.name == name })
	if st == nil {
		return fmt.Errorf("renaming state %q: no such state", name)
	}
	st.name, st.slug, st.updated = newName, slugify(newName), s.now()
	return nil
}

// DeleteState takes a state off the first project's board, without a webhook.
// Plane refuses that for the default state and for one that holds items; move
// these first. A state of that name made afterwards has another id.
func (s *Server) DeleteState(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.projects[0]
	st := find(p.states, func(st *state) bool { return st.name == name })
	if st == nil {
		return fmt.Errorf("deleting state %q: no such state", name)
	}
	if refusal := s.dropState(p, st); refusal != "" {
		return fmt.Errorf("deleting state %q: %s", name, refusal)
	}
	return nil
}

// DeleteLabel deletes a label of the first project and takes it off its items,
// without a webhook.
func (s *Server) DeleteLabel(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.projects[0].labelByName(name)
	if l == nil {
		return fmt.Errorf("deleting label %q: no such label", name)
	}
	s.dropLabel(s.projects[0], l)
	return nil
}
