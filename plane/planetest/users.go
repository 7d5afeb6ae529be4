package planetest

import "fmt"

func (s *Server) me(c *call) answer { return ok(personObject(c.user)) }

func (s *Server) projectMembers(c *call) answer {
	members := []object{}
	for _, p := range s.membersOf(c.project, func(Person) bool { return true }) {
		members = append(members, personObject(p))
	}
	return ok(members)
}

func (s *Server) membersOf(p *project, wanted func(Person) bool) []Person {
	var members []Person
	for _, person := range s.people {
		if p.members[person.ID] > 0 && wanted(person) {
			members = append(members, person)
		}
	}
	return members
}

// SetProjectRole makes a person a member of a project with that role (see
// Person.Role); 0 takes the person out of it. The keys of a person who is no
// member get 403 on all that is in the project, without rate headers and
// without counting. No webhook tells.
func (s *Server) SetProjectRole(projectID, person string, role int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, err := s.person(person)
	if err != nil {
		return fmt.Errorf("giving a role in project %s: %w", projectID, err)
	}
	p := s.projectByID(projectID)
	if p == nil {
		return fmt.Errorf("giving a role in project %s: no such project", projectID)
	}
	p.members[who.ID] = role
	return nil
}

func (s *Server) workspaceMembers(*call) answer {
	members := []object{}
	for _, p := range s.people {
		members = append(members, append(personObject(p), member{"role", p.Role}))
	}
	return ok(members)
}

func personObject(p Person) object {
	return object{
		{"id", p.ID},
		{"first_name", p.FirstName},
		{"last_name", p.LastName},
		{"email", p.Email},
		{"avatar", ""},
		{"avatar_url", nil},
		{"display_name", p.DisplayName},
	}
}

func (s *Server) personObjects(ids []string) []object {
	people := []object{}
	for _, p := range s.people {
		for _, id := range ids {
			if p.ID == id {
				people = append(people, personObject(p))
			}
		}
	}
	return people
}
