package plane

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// apiPrefix is where every version of Plane serves its public API.
const apiPrefix = "/api/v1"

// DefaultTimeout bounds one HTTP exchange when Config.HTTPClient is nil or sets no timeout of its own.
const DefaultTimeout = 30 * time.Second

// DefaultMaxBody bounds how much of one answer is read; a page of 100 work items with long descriptions stays far below.
const DefaultMaxBody = 32 << 20

// Config says which Plane to talk to and how. BaseURL, Workspace and Auth are needed; the rest has defaults.
type Config struct {
	// BaseURL is the server, with or without a trailing slash, a path prefix, or /api/v1 already in it:
	// https://api.plane.so, https://plane.example.com/, https://example.com/plane/api/v1/.
	BaseURL string
	// Workspace is the workspace's slug, the first part of the path in the web app.
	Workspace string
	// Auth signs every request: an APIKey, or Bearer over a token source.
	Auth Auth
	// HTTPClient is copied, never changed. Redirects are not followed whatever it says, because a redirect turns
	// a POST into a GET and would carry the API key to another host. Without a timeout it gets DefaultTimeout, as nil
	// does: a request that nothing bounds could take effect at any time (see Client.SettledAfter).
	HTTPClient *http.Client
	// Timeout bounds one HTTP exchange; 0 is HTTPClient's own.
	Timeout time.Duration
	// Budget is asked before every request. Nil means a budget of this process alone.
	Budget Budget
	// Logger gets one debug line per request, without headers, bodies or query. Nil discards.
	Logger *slog.Logger
	// UserAgent names the caller to the server's operator.
	UserAgent string
	// MaxBody bounds how many bytes of one answer are read; 0 means DefaultMaxBody. A list goes on past a page that is
	// larger (ListOptions.Partial).
	MaxBody int64
}

// Client calls one workspace of one Plane server. It is safe for concurrent use.
type Client struct {
	root      *url.URL // the server without /api/v1, where the OAuth endpoints live
	api       *url.URL // ends in /api/v1/
	workspace string
	auth      Auth
	http      *http.Client
	budget    Budget
	log       *slog.Logger
	userAgent string
	maxBody   int64
	// itemPath is the collection name that answered last, see itemStyles; styleUntil ends one that is in doubt.
	itemPath   atomic.Pointer[string]
	styleUntil atomic.Pointer[time.Time]
}

// New validates cfg, all faults together, and returns a client. It makes no request.
func New(cfg Config) (*Client, error) {
	root, baseErr := rootURL(cfg.BaseURL)
	if err := errors.Join(baseErr, checkConfig(cfg)); err != nil {
		return nil, fmt.Errorf("configuring Plane client: %w", err)
	}
	c := &Client{
		root: root, api: root.JoinPath(apiPrefix, "/"), workspace: cfg.Workspace, auth: cfg.Auth,
		http: withoutRedirects(cfg.HTTPClient, cfg.Timeout), budget: cfg.Budget, log: cfg.Logger, userAgent: cfg.UserAgent, maxBody: cfg.MaxBody,
	}
	if c.maxBody <= 0 {
		c.maxBody = DefaultMaxBody
	}
	if c.budget == nil {
		c.budget = NewBudget()
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.userAgent == "" {
		c.userAgent = "odoo-plane-bridge"
	}
	return c, nil
}

// Workspace returns the slug that the client was made for.
func (c *Client) Workspace() string { return c.workspace }

// SettledAfter is how long after a write was sent it has surely taken effect, or never will: the client's timeout and a
// third of it, because a server does not notice that its client has gone and works off what waits for it first. A
// create whose outcome is unknown is neither taken for failed nor repeated before.
func (c *Client) SettledAfter() time.Duration { return c.http.Timeout * 4 / 3 }

// APIURL returns the address that every request path is joined to; it ends in /api/v1/.
func (c *Client) APIURL() string { return c.api.String() }

func checkConfig(cfg Config) error {
	var faults []error
	if strings.TrimSpace(cfg.Workspace) == "" || strings.ContainsAny(cfg.Workspace, "/?# ") {
		faults = append(faults, errors.New("workspace: expected a slug such as insightpulseai"))
	}
	if cfg.Auth == nil {
		faults = append(faults, errors.New("auth: expected an API key or a token source"))
	}
	if key, ok := cfg.Auth.(APIKey); ok && strings.TrimSpace(string(key)) == "" {
		faults = append(faults, errors.New("auth: the API key is empty"))
	}
	return errors.Join(faults...)
}

// rootURL parses a base URL and takes a trailing slash and /api/v1 off, so that joining never doubles either.
func rootURL(base string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("base URL: expected an http or https address such as https://api.plane.so")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("base URL: expected no user, query or fragment")
	}
	path := strings.TrimRight(u.JoinPath("/").Path, "/")
	path = strings.TrimRight(strings.TrimSuffix(path, apiPrefix), "/")
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}, nil
}

func withoutRedirects(given *http.Client, timeout time.Duration) *http.Client {
	var own http.Client
	if given != nil {
		own = *given
	}
	if timeout > 0 {
		own.Timeout = timeout
	}
	if own.Timeout <= 0 {
		own.Timeout = DefaultTimeout
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
