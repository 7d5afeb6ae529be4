package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

func answerJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"name":"builtins.TypeError","message":"not serializable"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	send(w, status, body)
}

func plainText(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	send(w, status, []byte(body))
}

func htmlPage(w http.ResponseWriter, status int, body string) { plainText(w, status, body) }

// proxyPage is an answer of the nginx that may stand before Odoo.
func proxyPage(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Server", "nginx/1.22.1")
	w.Header().Set("Content-Type", "text/html")
	send(w, status, fmt.Appendf(nil, "<html>\r\n<head><title>%[1]d %[2]s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n"+
		"<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n", status, title))
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// The caller may have hung up; Odoo does not care either.
	_, _ = w.Write(body) // See above.
}

func serveNotFound(w http.ResponseWriter, _ *http.Request) {
	htmlPage(w, http.StatusNotFound, "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n")
}

// serveHealth passes as soon as the process answers, which on a real server is before the database's
// models are loaded.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"status": "pass"}
	if r.URL.Query().Get("db_server_status") != "" {
		answer["db_server_status"] = true
	}
	w.Header().Set("Cache-Control", "no-store")
	answerJSON(w, http.StatusOK, answer)
}

func (s *Server) serveVersion(w http.ResponseWriter, _ *http.Request) {
	info := s.versionInfo()
	answerJSON(w, http.StatusOK, map[string]any{"version": info["server_version"], "version_info": info["server_version_info"]})
}

func (s *Server) serie() string { return strconv.Itoa(s.options.Version) + ".0" }

func (s *Server) versionInfo() map[string]any {
	return map[string]any{
		"server_version": s.serie(), "server_serie": s.serie(), "protocol_version": int64(1),
		"server_version_info": []any{int64(s.options.Version), int64(0), int64(0), "final", int64(0), ""},
	}
}
