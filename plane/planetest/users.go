package planetest

func (s *Server) me(c *call) answer { return ok(personObject(c.user)) }

func (s *Server) projectMembers(*call) answer {
	members := []object{}
	for _, p := range s.people {
		members = append(members, personObject(p))
	}
	return ok(members)
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
