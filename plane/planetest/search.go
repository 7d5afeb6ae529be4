package planetest

import (
	"slices"
	"strconv"
	"strings"
)

// search looks through the names and numbers of all items, the newest first.
func (s *Server) search(c *call) answer {
	query := c.URL.Query()
	limit, err := strconv.Atoi(orDefault(query.Get("limit"), "10"))
	if err != nil {
		return broken()
	}
	found := []object{}
	for _, it := range slices.Backward(s.items) {
		if len(found) < limit && it.listed() && matches(it, query.Get("search")) {
			found = append(found, object{
				{"name", it.name},
				{"id", it.id},
				{"sequence_id", it.sequence},
				{"project__identifier", it.project.identifier},
				{"project_id", it.project.id},
				{"workspace__slug", s.workspace.slug},
			})
		}
	}
	return ok(object{{"issues", found}})
}

func matches(it *workItem, text string) bool {
	if text == "" {
		return false
	}
	lower := strings.ToLower(text)
	return strings.Contains(strings.ToLower(it.name), lower) ||
		strings.Contains(strings.ToLower(it.project.identifier), lower) ||
		slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }), strconv.Itoa(it.sequence)) &&
			!strings.ContainsFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}
