package odootest

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// servePage shows what the database holds, for a person who follows a demonstration.
func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer
	err := pageTemplate.Execute(&body, map[string]any{
		"Version": s.serie(), "Deadlines": s.Deadlines(), "Activities": s.Records("mail.activity"),
		"Messages": s.Records("mail.message"), "Tasks": s.Records("project.task"),
	})
	if err != nil {
		http.Error(w, "the page could not be built", http.StatusInternalServerError)
		return
	}
	htmlPage(w, http.StatusOK, body.String())
}
