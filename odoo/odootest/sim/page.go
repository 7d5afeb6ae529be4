package sim

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// section is one model on the page.
type section struct {
	Label   string
	Columns []string
	Rows    [][]any
}

// servePage shows what the database holds, for a person who follows a demonstration.
func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer
	err := pageTemplate.Execute(&body, map[string]any{"Version": s.serie(), "Sections": s.sections()})
	if err != nil {
		http.Error(w, "the page could not be built", http.StatusInternalServerError)
		return
	}
	htmlPage(w, http.StatusOK, body.String())
}

// sections are the models that ask for a place on the page, declared ones first.
func (s *Server) sections() []section {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.system(s.first())
	var shown []*table
	for _, t := range tx.db.tables {
		if len(t.OnPage) > 0 {
			shown = append(shown, t)
		}
	}
	slices.SortFunc(shown, func(a, b *table) int {
		if a.declared != b.declared {
			return map[bool]int{true: -1, false: 1}[a.declared]
		}
		return strings.Compare(a.Name, b.Name)
	})
	sections := make([]section, len(shown))
	for i, t := range shown {
		sections[i] = tx.section(t)
	}
	return sections
}

func (tx *Tx) section(t *table) section {
	shown := section{Label: t.Label}
	for _, name := range t.OnPage {
		shown.Columns = append(shown.Columns, t.byName[name].label)
	}
	for _, r := range t.sorted() {
		var cells []any
		for _, name := range t.OnPage {
			cells = append(cells, tx.wire(t.byName[name], r, false))
		}
		shown.Rows = append(shown.Rows, cells)
	}
	return shown
}
