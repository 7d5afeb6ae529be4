package httpserver

import (
	"encoding/json"
	"net/http"
	"strings"
)

// answer is what every answer is that has nothing else to say.
type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

func encoded(a answer) []byte {
	body, err := json.Marshal(a)
	if err != nil { // A boolean and a string cannot fail.
		return []byte(`{"ok":false}`)
	}
	return append(body, '\n')
}

// Only serves one page at one path, to GET and HEAD, and answers everything else in
// JSON.
func Only(path string, page http.Handler) http.Handler {
	const allowed = "OPTIONS, GET, HEAD"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusNotFound
		if r.URL.Path == path || r.RequestURI == "*" {
			w.Header().Set("Allow", allowed)
			switch r.Method {
			case http.MethodGet, http.MethodHead:
				w.Header().Del("Allow")
				page.ServeHTTP(w, r)
				return
			case http.MethodOptions:
				status = http.StatusOK
			default:
				status = http.StatusMethodNotAllowed
			}
		}
		said := answer{OK: status == http.StatusOK}
		if !said.OK {
			said.Error = strings.ToLower(http.StatusText(status))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(encoded(said)) // Whoever asked may be gone; there is nobody else to tell.
	})
}
