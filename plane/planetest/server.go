package planetest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// A Server is a simulated Plane. It is an http.Handler, safe for concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux

	mu         sync.Mutex
	clocks     clocks
	workspace  workspace
	projects   []*project
	people     []Person
	keys       map[string]Key
	items      []*workItem
	unsettled  []*workItem
	comments   []*comment
	links      []*link
	activities []*activity
	limits     map[string]*rateLog
	limit      int
	race       bool
	slow       time.Duration // between the check and the insert of a create
	show       func(itemID, field string) Reference
	down       bool
	faults     []*ActiveFault
	hooks      []func(*http.Request)
	counts     map[string]int
	rejected   int
	oauth      oauthState
	outbox     outbox
}

type workspace struct{ id, slug string }

// New starts a server. It opens no socket and starts no goroutine until a
// webhook is due.
func New(options Options) *Server {
	options = options.withDefaults()
	s := &Server{
		options:   options,
		workspace: workspace{options.Seed.WorkspaceID, options.Seed.WorkspaceSlug},
		keys:      map[string]Key{},
		limits:    map[string]*rateLog{},
		limit:     options.Limit,
		counts:    map[string]int{},
		oauth:     newOAuthState(),
	}
	s.clocks.last = map[time.Duration]time.Time{}
	s.outbox.changed = make(chan struct{})
	// A fixed seed makes the waits between attempts repeatable.
	s.outbox.random = rand.New(rand.NewPCG(1, 2)) //nolint:gosec // Spreads retries; guards nothing.
	s.seed(options.Seed)
	s.mux = s.routes()
	return s
}

func (s *Server) seed(seed Seed) {
	for _, p := range seed.People {
		p.ID = orNewID(p.ID)
		p.Role = orDefault(p.Role, roleAdmin)
		s.people = append(s.people, p)
	}
	for _, k := range seed.Keys {
		owner, err := s.person(k.User)
		if err != nil {
			panic(fmt.Sprintf("planetest: the owner of a key: %v", err))
		}
		k.User = owner.ID
		s.keys[k.Key] = k
	}
	for _, p := range seed.Projects {
		s.addProject(p)
	}
}

func newID() string { return uuid.NewString() }

func orNewID(id string) string {
	if id == "" {
		return newID()
	}
	return id
}

// ProjectID is the id of the first project.
func (s *Server) ProjectID() string { return s.projects[0].id }

// ProjectIDs are the ids of all projects in the order of the seed.
func (s *Server) ProjectIDs() []string {
	var ids []string
	for _, p := range s.projects {
		ids = append(ids, p.id)
	}
	return ids
}

// WorkspaceID is the id of the workspace.
func (s *Server) WorkspaceID() string { return s.workspace.id }

// WorkspaceSlug is the workspace's name in paths.
func (s *Server) WorkspaceSlug() string { return s.workspace.slug }

// BotKey is the first API key of the seed.
func (s *Server) BotKey() string { return s.options.Seed.Keys[0].Key }

// BotUserID is the id of the user that owns BotKey.
func (s *Server) BotUserID() string { return s.keys[s.BotKey()].User }

// People lists the users of the workspace.
func (s *Server) People() []Person { return append([]Person(nil), s.people...) }

// SetLimit changes the requests that a key may make within 60 seconds.
func (s *Server) SetLimit(limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = limit
}

// MultiRace makes the create of work items as racy as a real server's: between
// the check of the external pair and the insert there is a window of
// Options.RaceWindow, and every create of the same pair that begins within it
// makes an item of its own. Off, the check and the insert are one step, unless
// SlowCreates parts them.
func (s *Server) MultiRace(enable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.race = enable
}

// SlowCreates makes whatever is created over the API (work items, comments,
// links, labels, states) appear that much later than its request came, as with
// a database under load; 0 ends it. The wait lies between the check and the
// insert, so a second create of the same pair within it passes the check as
// well. A client that hangs up meanwhile changes nothing: the create goes on
// and takes effect.
func (s *Server) SlowCreates(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = delay
}

const (
	roleAdmin = 20
	roleGuest = 5
)

// person finds a user by id or display name. People do not change after New.
func (s *Server) person(idOrName string) (Person, error) {
	for _, p := range s.people {
		if p.ID == idOrName || p.DisplayName == idOrName {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("no person %q in the workspace", idOrName)
}
