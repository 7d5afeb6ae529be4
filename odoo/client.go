package odoo

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Protocol is one of Odoo's remote interfaces.
type Protocol string

// The protocols. Odoo 19 announces the end of JSON-RPC and XML-RPC for Odoo 20; JSON-2 exists from Odoo 19 on and takes
// API keys only.
const (
	Auto    Protocol = "auto"
	JSONRPC Protocol = "jsonrpc"
	XMLRPC  Protocol = "xmlrpc"
	JSON2   Protocol = "json2"
)

// Defaults of Config.
const (
	DefaultTimeout          = 60 * time.Second
	DefaultMaxInFlight      = 4
	DefaultMaxResponseBytes = 32 << 20
)

// Config says how to reach one database as one user.
type Config struct {
	// URL is Odoo's address, with or without a path prefix or a trailing slash. It must be the final address:
	// redirects are not followed, because every call carries the secret.
	URL string
	// Database is the name of the database. JSON-2 can do without when the server serves exactly one.
	Database string
	// Login is the user's login; JSON-2 finds the user by the key alone.
	Login string
	// Secret is the password or an API key (40 hex digits). JSON-2 takes only a key.
	Secret string
	// Protocol is Auto when empty: JSON-2 when the server is Odoo 19 or newer and Secret looks like a key, else
	// JSON-RPC.
	Protocol Protocol
	// HTTPClient carries the requests; nil makes one of its own. Its redirects are switched off in a copy.
	HTTPClient *http.Client
	// Timeout bounds one call with everything in it: waiting for a place, repeats of reads, reading the answer.
	// 0 means 60 s, which is what Odoo may need to get over conflicts by itself (up to 30 s of waiting).
	Timeout time.Duration
	// MaxInFlight bounds the calls under way at once; 0 means 4. A server with 64 database connections begins to
	// refuse at about 50.
	MaxInFlight int
	// MaxResponseBytes bounds an answer; 0 means 32 MiB.
	MaxResponseBytes int64
	// Logger hears of the chosen protocol, repeated reads and load() conflicts; nil is silent. It never gets values.
	Logger *slog.Logger
}

// Client talks to one database as one user. It is safe for concurrent use.
type Client struct {
	config   Config
	http     *exchange
	sessions sessions
	log      *slog.Logger
}

// New checks the configuration and makes a client. It does not touch the network: the first call connects.
func New(config Config) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(config.URL, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("odoo: URL must be http(s)://host[:port][/prefix]")
	}
	if err := config.complete(); err != nil {
		return nil, err
	}
	return &Client{config: config, http: newExchange(base, config), log: config.Logger}, nil
}

func (config *Config) complete() error {
	switch config.Protocol {
	case "":
		config.Protocol = Auto
	case Auto, JSONRPC, XMLRPC, JSON2:
	default:
		return fmt.Errorf("odoo: protocol must be auto, jsonrpc, xmlrpc or json2")
	}
	if config.Secret == "" {
		return fmt.Errorf("odoo: a password or an API key is needed")
	}
	if config.Protocol != JSON2 && (config.Database == "" || config.Login == "") {
		return fmt.Errorf("odoo: database and login are needed unless the protocol is json2")
	}
	if config.Timeout <= 0 {
		config.Timeout = DefaultTimeout
	}
	if config.MaxInFlight <= 0 {
		config.MaxInFlight = DefaultMaxInFlight
	}
	if config.MaxResponseBytes <= 0 {
		config.MaxResponseBytes = DefaultMaxResponseBytes
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Version is the server's version.
type Version struct {
	// Series is "19.0", or "saas~18.2".
	Series string
	// Major is 19.
	Major int
}

// Session says how the client is connected.
type Session struct {
	Version  Version
	Protocol Protocol
	// Why says in a sentence why this protocol was chosen.
	Why string
	// UserID is the user's id in res.users.
	UserID int64
}

// invocation is one call of a model's method in the words that all protocols share.
type invocation struct {
	model, method string
	// ids is the record set; nil for a method of the model itself, to which JSON-2 refuses ids.
	ids []int64
	// args are the method's first arguments in its own order. The old protocols send them by position, because
	// their names changed between versions (write's values became vals); JSON-2 sends them by name.
	args []argument
	// named are further keyword arguments, `context` among them.
	named Values
	// reads marks a call that changes nothing: it may be repeated and a timeout leaves no doubt.
	reads bool
	// optional marks a method that may answer nothing at all.
	optional bool
	// shape is what the method answers on a real server; nil where that is not known.
	shape shape
}

type argument struct {
	name  string
	value any
}

// Call runs a public method of a model and decodes its result into dst, which may be nil. ids is the record set of a
// record method; nil calls a method of the model itself. Arguments go by name.
//
// The call is taken for a write: it is never repeated by the client, and a timeout is Uncertain. A method that returns
// nothing leaves dst untouched. A method that works on records that are gone usually raises ErrMissing, but write and
// unlink do not.
func (c *Client) Call(ctx context.Context, model, method string, ids []int64, arguments Values, dst any) error {
	return c.do(ctx, invocation{model: model, method: method, ids: ids, named: arguments, optional: true}, dst)
}

// do runs a call and decodes its answer: the figure of every method of the client.
func (c *Client) do(ctx context.Context, call invocation, dst any) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	raw, err := c.invoke(ctx, call)
	if err != nil {
		return err
	}
	if dst == nil || raw == nil {
		return nil
	}
	if err := Decode(raw, dst); err != nil {
		return inCall(call, err)
	}
	return nil
}

// invoke connects when needed and sends the call; a read is repeated a few times when the server is busy or what
// answers is not Odoo.
func (c *Client) invoke(ctx context.Context, call invocation) (json.RawMessage, error) {
	connected, err := c.sessions.get(ctx, c)
	if err != nil {
		return nil, err
	}
	once := func() (json.RawMessage, error) { return call.checked(connected.transport.call(ctx, call)) }
	if !call.reads {
		return once()
	}
	return c.repeatRead(ctx, call, once)
}
