package planetest

import (
	"bytes"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A call is one request that has been authenticated.
type call struct {
	*http.Request
	user             Person
	key              string
	project          *project
	item             string // the id in the path
	body             object
	remaining, reset string
}

// An answer is what a view gives back. A nil body is an empty one.
type answer struct {
	status     int
	body       any
	retryAfter string
}

type action func(*call) answer

// A view is one path with the methods that Plane lists in Allow, and those of
// them that are simulated.
type view struct {
	path    string
	allow   string
	open    bool // no workspace in the path
	actions map[string]action
}

const (
	inWorkspace = "/api/v1/workspaces/{slug}/"
	inProject   = inWorkspace + "projects/{project}/"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, v := range s.views() {
		mux.Handle(v.path+"{$}", s.serve(v))
	}
	s.oauthRoutes(mux)
	mux.HandleFunc("GET /{$}", s.board)
	mux.HandleFunc("GET /{slug}/projects/{project}/issues/{item}/{$}", s.itemPage)
	mux.HandleFunc("GET /{slug}/projects/{project}/issues/{item}", s.itemPage)
	mux.HandleFunc("/", s.unknownPath)
	return mux
}

func (s *Server) views() []view {
	views := []view{
		{"/api/v1/users/me/", "GET", true, map[string]action{"GET": s.me}},
		{inWorkspace + "members/", "GET", false, map[string]action{"GET": s.workspaceMembers}},
		{inWorkspace + "projects/", "GET, POST", false, map[string]action{"GET": s.listProjects}},
		{inProject, "GET, PATCH, DELETE", false, map[string]action{"GET": s.getProject, "PATCH": s.patchProject}},
		{inProject + "members/", "GET, POST", false, map[string]action{"GET": s.projectMembers}},
		{inProject + "project-members/", "GET, POST", false, map[string]action{"GET": s.projectMembers}},
		{inProject + "intake-issues/", "GET, POST", false, map[string]action{"GET": s.listIntake, "POST": s.createIntake}},
		{inProject + "intake-issues/{item}/", "GET, PATCH, DELETE", false, map[string]action{"GET": s.getIntake, "PATCH": s.patchIntake}},
		{inProject + "states/", "GET, POST", false, map[string]action{"GET": s.listStates, "POST": s.createState}},
		{inProject + "states/{id}/", "GET, PATCH, DELETE", false, map[string]action{"GET": s.getState, "PATCH": s.patchState, "DELETE": s.deleteState}},
		{inProject + "labels/", "GET, POST", false, map[string]action{"GET": s.listLabels, "POST": s.createLabel}},
		{inProject + "labels/{id}/", "GET, PATCH, DELETE", false, map[string]action{"GET": s.getLabel, "PATCH": s.patchLabel, "DELETE": s.deleteLabel}},
		{inProject + "modules/", "GET, POST", false, map[string]action{"GET": s.emptyList}},
		{inProject + "cycles/", "GET, POST", false, map[string]action{"GET": s.emptyList}},
	}
	views = append(views, s.workItemViews("issues/")...)
	if !s.options.OldPaths {
		views = append(views, s.workItemViews("work-items/")...)
	}
	return views
}

func (s *Server) workItemViews(name string) []view {
	list, detail := inProject+name, inProject+name+"{item}/"
	return []view{
		{inWorkspace + name + "search/", "GET", false, map[string]action{"GET": s.search}},
		{inWorkspace + name + "{identifier}/", "GET", false, map[string]action{"GET": s.getByIdentifier}},
		{list, "GET, POST", false, map[string]action{"GET": s.listItems, "POST": s.createItem}},
		{detail, "GET, PATCH, DELETE", false, map[string]action{"GET": s.getItem, "PATCH": s.patchItem, "DELETE": s.deleteItem}},
		{detail + "comments/", "GET, POST", false, map[string]action{"GET": s.listComments, "POST": s.createComment}},
		{detail + "comments/{id}/", "GET, PATCH, DELETE", false, map[string]action{"GET": s.getComment, "PATCH": s.patchComment, "DELETE": s.deleteComment}},
		{detail + "activities/", "GET", false, map[string]action{"GET": s.listActivities}},
		{detail + "links/", "GET, POST", false, map[string]action{"GET": s.listLinks, "POST": s.createLink}},
		{detail + "links/{id}/", "GET, PATCH, DELETE", false, map[string]action{"GET": s.getLink, "PATCH": s.patchLink, "DELETE": s.deleteLink}},
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.options.Logger.Debug("plane request", slog.String("method", r.Method), slog.String("path", r.URL.Path))
	s.mu.Lock()
	down, hooks := s.down, slices.Clone(s.hooks)
	s.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	for _, hook := range hooks {
		hook(r)
	}
	s.serveWithFaults(w, r)
}

// dispatch routes without the mux's own redirects, which keep the method and
// clean paths; Plane's do neither.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	api := strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/auth/")
	if strings.Contains(path, "//") || strings.Contains(path, "/.") || api && !strings.HasSuffix(path, "/") {
		s.unknownPath(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// serve runs one view the way Django REST framework does: who is asking, may
// they, how often, by which method, with which body.
func (s *Server) serve(v view) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !pathIDsValid(r) {
			s.unknownPath(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if len(body) > maxBody {
			tooLarge(w)
			return
		}
		s.mu.Lock()
		s.takeClock(r)
		c := &call{Request: r}
		a := s.run(v, c, body)
		s.counts[r.Method+" "+v.path]++
		s.mu.Unlock()
		write(w, v, c, a)
	}
}

func (s *Server) run(v view, c *call, body []byte) answer {
	if refused := s.authenticate(c); refused != nil {
		return *refused
	}
	if !v.open {
		if refused := s.permit(v, c); refused != nil {
			return *refused
		}
	}
	if refused := s.throttle(c); refused != nil {
		return *refused
	}
	do := v.actions[c.Method]
	if do == nil {
		return notAllowed(v, c.Method)
	}
	s.settle()
	if slices.Contains([]string{http.MethodPost, http.MethodPatch}, c.Method) {
		if refused := c.parse(body); refused != nil {
			return *refused
		}
	}
	return do(c)
}

// maxBody is the size from which Django refuses a body: DATA_UPLOAD_MAX_MEMORY_SIZE
// as Plane ships it.
const maxBody = 5 << 20

// tooLarge comes before any view has seen the request, so it has no headers of one.
func tooLarge(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusRequestEntityTooLarge)
	_, _ = w.Write(webhookStyle.encode(object{
		{"error", "REQUEST_BODY_TOO_LARGE"},
		{"detail", "The size of the request body exceeds the maximum allowed size."},
	}))
}

func notAllowed(v view, method string) answer {
	if slices.Contains(strings.Split(v.allow, ", "), method) {
		return answer{status: http.StatusNotImplemented, body: object{{"error", "not simulated"}}}
	}
	return answer{status: http.StatusMethodNotAllowed, body: object{{"detail", `Method "` + method + `" not allowed.`}}}
}

func (c *call) parse(body []byte) *answer {
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return &answer{status: http.StatusUnsupportedMediaType, body: object{
			{"detail", `Unsupported media type "` + c.Header.Get("Content-Type") + `" in request.`},
		}}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	value, err := parseJSON(string(body))
	if err != nil {
		return &answer{status: http.StatusBadRequest, body: object{{"detail", "JSON parse error - " + err.Error()}}}
	}
	o, ok := value.(object)
	if !ok {
		return &answer{status: http.StatusBadRequest, body: object{
			{"non_field_errors", []string{"Invalid data. Expected a dictionary, but got " + pythonType(value) + "."}},
		}}
	}
	c.body = o
	return nil
}

func write(w http.ResponseWriter, v view, c *call, a answer) {
	header := w.Header()
	header.Set("Allow", v.allow)
	if a.retryAfter != "" {
		header.Set("Retry-After", a.retryAfter)
	}
	if c.remaining != "" {
		header.Set("X-RateLimit-Remaining", c.remaining)
		header.Set("X-RateLimit-Reset", c.reset)
	}
	writeJSON(w, a.status, a.body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has gone away is no fault of the server.
	_, _ = w.Write(restStyle.encode(body))
}

// unknownPath is Django's last word: a redirect when the path only lacks its
// final slash, whatever the method (a client then repeats a POST as a GET), or
// Plane's 404.
func (s *Server) unknownPath(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/") && s.known(r) {
		target := *r.URL
		target.Path, target.RawPath = r.URL.Path+"/", ""
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Location", target.RequestURI())
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	// This one does not come from Django REST framework, and has a space.
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(webhookStyle.encode(object{{"error", "Page not found."}}))
}

func (s *Server) known(r *http.Request) bool {
	again := r.Clone(r.Context())
	again.URL.Path += "/"
	again.URL.RawPath = ""
	_, pattern := s.mux.Handler(again)
	return strings.HasPrefix(pattern, "/api/") || strings.HasPrefix(pattern, "/auth/")
}

// pathIDsValid tells whether ids in the path are UUIDs; Plane's paths match
// nothing else.
func pathIDsValid(r *http.Request) bool {
	for _, name := range []string{"project", "item", "id"} {
		value := r.PathValue(name)
		if value == "" {
			continue
		}
		if _, err := uuid.Parse(value); err != nil || len(value) != 36 {
			return false
		}
	}
	return true
}
