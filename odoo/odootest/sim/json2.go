package sim

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

const noDatabasePage = "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n" +
	"<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n" +
	"<p>Please verify the hostname, <a href=/web/login>login</a> and try again.</p>\n\n" +
	"<!-- Alternatively, use the X-Odoo-Database header. -->\n"

const serverErrorPage = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n" +
	"<h1>Internal Server Error</h1>\n<p>The server encountered an internal error and was unable to complete your request. " +
	"Either the server is overloaded or there is an error in the application.</p>\n"

func (s *Server) serveJSON2(w http.ResponseWriter, r *http.Request) {
	db := s.selected(r.Header.Get("X-Odoo-Database"))
	if db == nil {
		htmlPage(w, http.StatusNotFound, noDatabasePage)
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/json/2/"), "/")
	if r.Method == http.MethodPost && len(parts) == 2 && !isJSON(r) {
		unsupportedType(w, "/json/2/<__model__>/<__method__>", "json2")
		return
	}
	result, err := s.callJSON2(w, r, db, parts)
	if answered(w, err) {
		return
	}
	var raised *pythonError
	switch {
	case errors.As(err, &raised):
		answerJSON2Error(w, raised)
	case err != nil:
		answerJSON2Error(w, raise("builtins.Exception", "%s", err.Error()))
	default:
		answerJSON(w, http.StatusOK, result)
	}
}

func (s *Server) callJSON2(w http.ResponseWriter, r *http.Request, db *database, parts []string) (any, error) {
	if r.Method != http.MethodPost || len(parts) != 2 {
		return nil, httpError(http.StatusNotFound, "Did you mean POST /json/2/<model>/<method>?")
	}
	s.mu.Lock()
	user, err := s.byBearer(r.Header.Get("Authorization"))
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	named, err := readNamed(w, r)
	if err != nil {
		return nil, err
	}
	if err := s.known(db, parts[0], parts[1]); err != nil {
		return nil, err
	}
	ids, err := wantIDs(named["ids"])
	if err != nil {
		return nil, err
	}
	delete(named, "ids")
	return s.do(r.Context(), request{
		database: db, user: user, protocol: protocolJSON2, model: parts[0], method: parts[1], ids: ids, named: named,
	})
}

// readNamed reads the arguments. An array counts as no arguments at all.
func readNamed(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, httpError(http.StatusRequestEntityTooLarge, "The data value transmitted exceeds the capacity limit.")
	}
	decoded, err := DecodeJSON(body)
	if err != nil {
		return nil, httpError(http.StatusBadRequest,
			"could not parse the body as json: Expecting value: line 1 column 1 (char 0)")
	}
	named, ok := decoded.(map[string]any)
	if !ok {
		named = map[string]any{}
	}
	return named, nil
}

// known says "not found" in JSON-2's own words, which differ from the classic protocols'.
func (s *Server) known(db *database, modelName, methodName string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := db.tables[modelName]
	if !ok {
		return httpError(http.StatusNotFound, "the model '%s' does not exist", modelName)
	}
	_, err := t.method(methodName, s.options.Version)
	var raised *pythonError
	if errors.As(err, &raised) && raised.name == "builtins.AttributeError" {
		return httpError(http.StatusNotFound, "%s", raised.message)
	}
	return nil
}

// answerJSON2Error sends JSON, except where the real server falls back to HTML: no database, no
// free connection.
func answerJSON2Error(w http.ResponseWriter, raised *pythonError) {
	switch raised.name {
	case "psycopg2.OperationalError":
		htmlPage(w, http.StatusNotFound, noDatabasePage)
		return
	case "psycopg2.pool.PoolError":
		htmlPage(w, http.StatusInternalServerError, serverErrorPage)
		return
	}
	if raised.json2Status() == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer ")
	}
	answerJSON(w, raised.json2Status(), raised.data())
}

func unsupportedType(w http.ResponseWriter, route, kind string) {
	htmlPage(w, http.StatusUnsupportedMediaType, fmt.Sprintf(
		"<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n"+
			"<p>Request inferred type is compatible with [&#39;http&#39;] but &#39;%s&#39; is type=&#39;%s&#39;."+
			"<br><br>Please verify the Content-Type request header and try again.</p>\n", html.EscapeString(route), kind))
}
