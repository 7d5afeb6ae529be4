package sim

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options sets a simulated Odoo up; the zero value is an Odoo 19 with one database "odoo".
type Options struct {
	// Now is the server's clock; nil means the real one. "Today" is its UTC day.
	Now func() time.Time
	// Version is 17, 18 or 19 (0 means 19). Before 19 there is no JSON-2.
	Version int
	// Databases are the names served; with two or more, JSON-2 needs X-Odoo-Database. The methods of
	// Server look at the first.
	Databases []string
	// WithoutBaseAutomation leaves the module uninstalled until button_immediate_install.
	WithoutBaseAutomation bool
	// PushTransport carries the webhook calls of automation rules; nil means real HTTP.
	PushTransport http.RoundTripper
	// Logger takes what a real server would log; nil drops it.
	Logger *slog.Logger
}

// Server is the simulated Odoo. It is safe for concurrent use.
type Server struct {
	options Options
	log     *slog.Logger
	pusher  *http.Client
	mux     *http.ServeMux

	mu        sync.Mutex
	databases map[string]*database
	accounts  map[string]*account
	keys      map[string]*account
	expired   map[string]bool
	// pendingKeys holds what the three calls of making a key have agreed on so far.
	pendingKeys map[int64]keyRequest
	calls       map[string]int
	writes      []Write
	faults      []*Fault
	down        bool
}

// New makes a server with the users of Admin, LeastPrivilege and Outsider, one company
// "My Company", a project with four stages, and the stock models; Declare adds others.
func New(options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Version == 0 {
		options.Version = 19
	}
	if len(options.Databases) == 0 {
		options.Databases = []string{"odoo"}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		options: options, log: options.Logger,
		pusher:      &http.Client{Transport: options.PushTransport},
		databases:   map[string]*database{},
		accounts:    map[string]*account{},
		keys:        map[string]*account{},
		expired:     map[string]bool{},
		pendingKeys: map[int64]keyRequest{},
		calls:       map[string]int{},
	}
	s.addAccounts()
	for _, name := range options.Databases {
		s.databases[name] = s.newDatabase(name)
	}
	s.mux = s.routes()
	return s
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/jsonrpc", s.serveJSONRPC)
	mux.HandleFunc("/xmlrpc/2/{service}", s.serveXMLRPC)
	mux.HandleFunc("/xmlrpc/{service}", s.serveXMLRPC)
	mux.HandleFunc("GET /web/health", s.serveHealth)
	mux.HandleFunc("GET /{$}", s.servePage)
	if s.options.Version >= 19 {
		mux.HandleFunc("/json/2/", s.serveJSON2)
		mux.HandleFunc("GET /json/version", s.serveVersion)
		mux.HandleFunc("GET /web/version", s.serveVersion)
	}
	mux.HandleFunc("/", serveNotFound)
	return mux
}

// ServeHTTP answers one request. Like Odoo without a proxy it closes the connection after each.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler) // The nearest that a handler gets to a refused connection.
	}
	w.Header().Set("Server", "Werkzeug/3.1.3 Python/3.13.5")
	w.Header().Set("Connection", "close")
	s.mux.ServeHTTP(w, r)
}

// Down stops answering (true) or answers again. Through RoundTripper calls then end in "connection
// refused", over a socket the connection is closed without an answer.
func (s *Server) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// do runs one method call as a transaction: rights, arguments, work, commit or rollback, pushes.
// Faults that touch the outcome are decided here; what a fault does to the HTTP answer is the
// protocol's business and comes back as the effect.
func (s *Server) do(ctx context.Context, want request) (any, error) {
	fault := s.takeFault(want.model, want.method)
	if err := fault.before(ctx, want.protocol, want.model); err != nil {
		return nil, err
	}
	if fault.is(WrongResult) {
		return fault.Result, nil
	}
	s.mu.Lock()
	result, pushes, err := s.transact(want, fault)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	s.deliver(pushes)
	return result, fault.after()
}

// request is one method call as a protocol decoded it.
type request struct {
	database   *database
	user       *account
	protocol   string
	model      string
	method     string
	ids        []int64
	positional []any
	named      map[string]any
	// split says that the ids are still the first positional argument.
	split bool
}

func (s *Server) transact(want request, fault *Fault) (any, []push, error) {
	tx := &Tx{db: want.database, server: s, user: want.user, now: s.options.Now().UTC(), context: map[string]any{}}
	s.calls[want.model+"."+want.method]++
	c, m, err := want.prepare(tx)
	if err != nil {
		return nil, nil, err
	}
	if fault.is(LoadConflict) && want.method == "load" {
		return loadConflict(), nil, nil
	}
	result, err := m.Run(c)
	if err != nil {
		tx.rollback()
		return nil, nil, err
	}
	s.writes = append(s.writes, tx.writes...)
	return result, tx.pushes(), nil
}

// prepare finds the method, checks rights and binds the arguments.
func (want request) prepare(tx *Tx) (*Call, *Method, error) {
	t, err := tx.table(want.model)
	if err != nil {
		return nil, nil, err
	}
	m, err := t.method(want.method, tx.server.options.Version)
	if err != nil {
		return nil, nil, err
	}
	if values, ok := want.named["context"].(map[string]any); ok {
		tx.context = values
	}
	delete(want.named, "context")
	c := &Call{Tx: tx, table: t, name: want.method, ids: want.ids, protocol: want.protocol}
	if want.split && !m.OnModel {
		if len(want.positional) == 0 {
			return nil, nil, raise("builtins.IndexError", "list index out of range")
		}
		if c.ids, err = wantIDs(want.positional[0]); err != nil {
			return nil, nil, err
		}
		want.positional = want.positional[1:]
	}
	if m.OnModel && len(c.ids) > 0 {
		return nil, nil, httpError(http.StatusUnprocessableEntity, "cannot call %s.%s with ids", want.model, want.method)
	}
	if err := m.bind(c, want.positional, want.named); err != nil {
		return nil, nil, err
	}
	if err := tx.user.allow(t.Model, m.Needs); err != nil {
		return nil, nil, err
	}
	return c, m, c.mustExist(m)
}

// mustExist raises MissingError for methods that read their records first.
func (c *Call) mustExist(m *Method) error {
	if !m.Existing {
		return nil
	}
	for _, id := range c.ids {
		if _, ok := c.table.rows[id]; !ok {
			return missingError(c.table.Name, id, c.user.id)
		}
	}
	return nil
}

// database finds a database by name; the two old protocols reach every one by its name.
func (s *Server) database(name string) (*database, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	db, ok := s.databases[name]
	if !ok {
		return nil, databaseMissing(name)
	}
	return db, nil
}

// selected is the database of a JSON-2 call: the header's, or the only one.
func (s *Server) selected(header string) *database {
	s.mu.Lock()
	defer s.mu.Unlock()
	if header == "" && len(s.databases) == 1 {
		return s.databases[s.options.Databases[0]]
	}
	return s.databases[header]
}

func (s *Server) databaseNames() []string {
	names := slices.Clone(s.options.Databases)
	slices.Sort(names)
	return names
}
