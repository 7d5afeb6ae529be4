package planetest

import (
	"net/http"
	"strings"
)

// authenticate finds the user of a key or token.
func (s *Server) authenticate(c *call) *answer {
	key := c.Header.Get("X-API-Key")
	if token, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer "); ok && s.options.Edition == Commercial {
		return s.authenticateToken(c, token)
	}
	if key == "" {
		return refuse(http.StatusUnauthorized, "Authentication credentials were not provided.")
	}
	known, ok := s.keys[key]
	if !ok {
		return refuse(http.StatusForbidden, "Given API token is not valid")
	}
	return s.actAs(c, key, known.User)
}

func (s *Server) actAs(c *call, key, user string) *answer {
	person, err := s.person(user)
	if err != nil {
		return refuse(http.StatusForbidden, "Given API token is not valid")
	}
	c.key, c.user = key, person
	return nil
}

// permit looks at the workspace and the project of the path. What is in a
// project answers the same 403 whether the project does not exist or the key's
// user is no member; only a read of the project itself tells these apart.
func (s *Server) permit(v view, c *call) *answer {
	forbidden := refuse(http.StatusForbidden, "You do not have permission to perform this action.")
	if c.PathValue("slug") != s.workspace.slug {
		return forbidden
	}
	c.item = c.PathValue("item")
	role := c.user.Role
	if id := c.PathValue("project"); id != "" {
		c.project = s.projectByID(id)
		if v.path == inProject && c.Method == http.MethodGet {
			return nil
		}
		if c.project == nil {
			return forbidden
		}
		role = c.project.members[c.user.ID]
	}
	if role == 0 || role <= roleGuest && c.Method != http.MethodGet {
		return forbidden
	}
	return nil
}

func refuse(status int, detail string) *answer {
	return &answer{status: status, body: object{{"detail", detail}}}
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func created(body any) answer { return answer{status: http.StatusCreated, body: body} }

func noContent() answer { return answer{status: http.StatusNoContent} }

func invalid(body object) answer { return answer{status: http.StatusBadRequest, body: body} }

func missing() answer {
	return answer{status: http.StatusNotFound, body: object{{"error", "The requested resource does not exist."}}}
}

func conflict(what, id string) answer {
	return answer{status: http.StatusConflict, body: object{{"error", what}, {"id", id}}}
}

// broken is how Plane answers an exception that it did not expect.
func broken() answer {
	return answer{status: http.StatusInternalServerError, body: object{
		{"error", "Something went wrong please try again later"},
	}}
}
