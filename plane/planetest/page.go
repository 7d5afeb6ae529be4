package planetest

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed page.html
var pageSource string

var pages = template.Must(template.New("").Parse(pageSource))

type boardPage struct {
	Slug     string
	Projects []boardProject
}

type boardProject struct {
	Name, Identifier string
	Items            []boardItem
}

type boardItem struct {
	Path, Identifier, Name      string
	State, Group, Due, Priority string
	Labels, Assignees           []string
}

// board is a page for a person's browser: all work items that a person would
// see in Plane, by due date.
func (s *Server) board(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	page := boardPage{Slug: s.workspace.slug}
	for _, p := range s.projects {
		shown := boardProject{Name: p.name, Identifier: p.identifier}
		for _, it := range s.items {
			if it.project == p && it.listed() {
				shown.Items = append(shown.Items, s.boardItem(it))
			}
		}
		slices.SortStableFunc(shown.Items, func(a, b boardItem) int { return strings.Compare(a.Due, b.Due) })
		page.Projects = append(page.Projects, shown)
	}
	s.mu.Unlock()
	render(w, "board", page)
}

func (s *Server) boardItem(it *workItem) boardItem {
	shown := boardItem{
		Path:       "/" + s.workspace.slug + "/projects/" + it.project.id + "/issues/" + it.id,
		Identifier: identifier(it), Name: it.name, State: it.state.name, Group: it.state.group,
		Due: it.targetDate, Priority: it.priority, Labels: labelNames(it),
	}
	for _, id := range it.assignees {
		shown.Assignees = append(shown.Assignees, s.nameOf(id))
	}
	return shown
}

type itemPage struct {
	boardItem
	Archived    bool
	External    string
	Description template.HTML
	Comments    []shownComment
	Links       []Link
}

type shownComment struct {
	Author, When, Text string
}

// itemPage shows one item at the path that Plane's own pages have.
func (s *Server) itemPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	it := s.itemByID(r.PathValue("item"))
	if it == nil {
		s.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	page := itemPage{
		boardItem: s.boardItem(it), Archived: it.archivedAt != "", Links: s.linksOf(it),
		// Descriptions have gone through the sanitiser when they were stored.
		Description: template.HTML(it.descriptionHTML), //nolint:gosec // Sanitised, see above.
	}
	if it.source != "" {
		page.External = it.source + " " + it.externalID
	}
	for _, cm := range s.commentsOf(it) {
		page.Comments = append(page.Comments, shownComment{
			s.nameOf(cm.Actor), cm.CreatedAt.Format("2006-01-02 15:04"), stripTags(cm.HTML),
		})
	}
	s.mu.Unlock()
	render(w, "item", page)
}

func render(w http.ResponseWriter, name string, data any) {
	var page strings.Builder
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, _ = w.Write([]byte(page.String())) // A client that has gone away is no fault of the server.
}

func (s *Server) nameOf(id string) string {
	p, err := s.person(id)
	if err != nil {
		return id
	}
	return p.DisplayName
}
