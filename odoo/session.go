package odoo

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// denialHolds is how long a refusal of the credentials is answered from memory. Each wrong try costs the server 0.3 to
// 0.4 s of CPU, and nothing else slows a wrong secret down.
const denialHolds = 30 * time.Second

// transport is one protocol. A call's answer is JSON whatever the protocol; nil when the method returned nothing.
type transport interface {
	// version asks without credentials.
	version(ctx context.Context) (Version, error)
	// authenticate proves the secret and tells the user's id; later calls carry both.
	authenticate(ctx context.Context) (userID int64, err error)
	call(ctx context.Context, call invocation) (answer []byte, err error)
}

// connection is a session with the transport that it was made over.
type connection struct {
	Session
	transport transport
}

// sessions keeps the one connection of a client, and lets callers that arrive while it is being made wait for it:
// authenticating costs the server 0.3 to 0.4 s every time.
type sessions struct {
	making   singleflight.Group
	mu       sync.Mutex
	current  *connection
	denied   error
	deniedAt time.Time
}

// get returns the connection, making it when there is none. The attempt belongs to nobody: a caller that gives up does
// not take it away from the others.
func (s *sessions) get(ctx context.Context, c *Client) (*connection, error) {
	if made, err := s.known(); made != nil || err != nil {
		return made, err
	}
	making := s.making.DoChan("", func() (any, error) { return s.try(context.WithoutCancel(ctx), c) })
	select {
	case result := <-making:
		made, _ := result.Val.(*connection)
		return made, result.Err
	case <-ctx.Done():
		return nil, &Error{
			Class: Retryable, Kind: ErrBusy, Message: "gave up waiting for the connection to be made",
			Model: "common", Method: "authenticate", cause: ctx.Err(),
		}
	}
}

// known returns the connection that is there, or the refusal that still holds.
func (s *sessions) known() (*connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil && s.denied != nil && time.Since(s.deniedAt) < denialHolds {
		return nil, s.denied
	}
	return s.current, nil
}

func (s *sessions) try(ctx context.Context, c *Client) (*connection, error) {
	// Another attempt may have ended between the caller's look and this one.
	if made, err := s.known(); made != nil || err != nil {
		return made, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	made, err := c.connect(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.current = made
		c.log.Info("connected to Odoo", slog.String("version", made.Version.Series), slog.String("protocol", string(made.Protocol)), slog.String("why", made.Why))
	case isKind(err, ErrDenied):
		s.denied, s.deniedAt = err, time.Now()
	}
	return made, err
}

// Connect makes the session now instead of at the first call, and tells what was chosen and why. One authentication is
// made per client; a refusal (ErrDenied) is kept for half a minute so that a wrong secret does not load the server.
func (c *Client) Connect(ctx context.Context) (Session, error) {
	made, err := c.sessions.get(ctx, c)
	if err != nil {
		return Session{}, err
	}
	return made.Session, nil
}

// Version asks the server for its version, each time. It needs no credentials, so it also serves to see whether Odoo
// answers at all.
func (c *Client) Version(ctx context.Context) (Version, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	if c.config.Protocol == Auto {
		version, err := c.json2().version(ctx)
		if err == nil || !isKind(err, ErrProtocol) {
			return version, err
		}
	}
	return c.transportFor(c.config.Protocol).version(ctx)
}

func (c *Client) connect(ctx context.Context) (*connection, error) {
	version, err := c.Version(ctx)
	if err != nil {
		return nil, err
	}
	protocol, why := choose(c.config, version)
	made := &connection{
		Session:   Session{Version: version, Protocol: protocol, Why: why},
		transport: c.transportFor(protocol),
	}
	made.UserID, err = made.transport.authenticate(ctx)
	if isKind(err, ErrDenied) && c.config.Protocol == Auto && protocol == JSON2 {
		return c.connectWithPassword(ctx, version, err)
	}
	if err != nil {
		return nil, err
	}
	return made, nil
}

// connectWithPassword tries a secret that looks like an API key, and that JSON-2 refuses, as a password: `openssl rand
// -hex 20` makes passwords that look the same. refusal is what remains when it is none either.
func (c *Client) connectWithPassword(ctx context.Context, version Version, refusal error) (*connection, error) {
	made := &connection{
		Session: Session{
			Version: version, Protocol: JSONRPC,
			Why: "the secret looks like an API key and is a password, which JSON-2 does not take; ODOO_PROTOCOL=jsonrpc says so at once",
		},
		transport: c.transportFor(JSONRPC),
	}
	var err error
	made.UserID, err = made.transport.authenticate(ctx)
	switch {
	case isKind(err, ErrDenied):
		return nil, refusal
	case err != nil:
		return nil, err
	}
	return made, nil
}

func (c *Client) transportFor(protocol Protocol) transport {
	switch protocol {
	case XMLRPC:
		return newXMLRPC(c.http, c.config)
	case JSON2:
		return c.json2()
	default:
		return newJSONRPC(c.http, c.config)
	}
}

func (c *Client) json2() transport { return newJSON2(c.http, c.config) }

var apiKey = regexp.MustCompile(`^[0-9a-f]{40}$`)

// choose settles `auto`. JSON-2 exists from Odoo 19 on and takes API keys only, so a password means JSON-RPC.
func choose(config Config, version Version) (Protocol, string) {
	key := apiKey.MatchString(config.Secret)
	switch {
	case config.Protocol != Auto:
		return config.Protocol, "set by configuration"
	case version.Major >= 19 && key:
		return JSON2, fmt.Sprintf("the server is Odoo %s and the secret is an API key", version.Series)
	case version.Major >= 19:
		return JSONRPC, fmt.Sprintf("the server is Odoo %s, but the secret is a password and JSON-2 takes only API keys", version.Series)
	default:
		return JSONRPC, fmt.Sprintf("the server is Odoo %s, which has no JSON-2", version.Series)
	}
}
