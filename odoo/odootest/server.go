package odootest

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir/birtest"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
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
	// WithPlaneFields is birtest's: the columns of the user's own sync module.
	WithPlaneFields bool
	// WithoutBaseAutomation leaves the module uninstalled until button_immediate_install.
	WithoutBaseAutomation bool
	// PushTransport carries the webhook calls of automation rules; nil means real HTTP.
	PushTransport http.RoundTripper
	// Logger takes what a real server would log; nil drops it.
	Logger *slog.Logger
}

// Server is a simulated Odoo with the BIR addon. It is safe for concurrent use.
type Server struct {
	*sim.Server
	birtest.Desk
}

// New makes a server with the users of Admin, LeastPrivilege and Outsider, one company
// "My Company", a project with four stages, and no deadlines yet.
func New(options Options) *Server {
	s := sim.New(sim.Options{
		Now: options.Now, Version: options.Version, Databases: options.Databases, Logger: options.Logger,
		WithoutBaseAutomation: options.WithoutBaseAutomation, PushTransport: options.PushTransport,
	})
	return &Server{Server: s, Desk: birtest.Declare(s, birtest.Options{WithPlaneFields: options.WithPlaneFields})}
}

// UpgradeFaults are what an Odoo answers while a module is being installed or upgraded, each by
// name. They hit every call until ClearFaults, once planted with Fail.
func UpgradeFaults() map[string]Fault { return sim.UpgradeFaults(birtest.Model, "deadline_date") }
