// Package world is a process of its own with both simulated servers in it, and what
// people and accountants do there.
package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// Variable hands the setup to the process that is one.
const Variable = "STORM_WORLD"

// Setup is how the two servers are set up.
type Setup struct {
	PlaneClock  time.Duration   `json:"plane_clock"`
	PlaneHosts  []time.Duration `json:"plane_hosts"`
	OdooClock   time.Duration   `json:"odoo_clock"`
	OdooVersion int             `json:"odoo_version"`
	Limit       int             `json:"limit"`
	Postman     string          `json:"postman"`
	Secret      string          `json:"secret"`
}

// Addresses are where the process listens, and what the bridge needs to know of it.
type Addresses struct {
	Plane     string `json:"plane"`
	Odoo      string `json:"odoo"`
	Desk      string `json:"desk"`
	Workspace string `json:"workspace"`
	Key       string `json:"key"`
	BIR       string `json:"bir"`
	Tasks     string `json:"tasks"`
	Login     string `json:"login"`
	Password  string `json:"password"`
}

// servers are the two servers, and what is where in them.
type servers struct {
	plane *planetest.Server
	odoo  *odootest.Server
	// version is Odoo's.
	version int

	mu       sync.Mutex
	returns  map[string]int64 // by the deadline's handle
	tasks    map[string]int64
	comments map[string]string // ids by their first text
}

// Run serves until its input ends, which it does when the storm is gone, however that
// ended.
func Run(ctx context.Context, in io.Reader, out io.Writer) error {
	var setup Setup
	if err := json.Unmarshal([]byte(os.Getenv(Variable)), &setup); err != nil {
		return fmt.Errorf("reading %s: %w", Variable, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		stop()
	}()
	s := newServers(setup)
	defer s.plane.Close()
	addresses := Addresses{Workspace: s.plane.WorkspaceSlug(), Key: s.plane.BotKey(), BIR: s.plane.ProjectIDs()[0], Tasks: s.plane.ProjectIDs()[1]}
	user := s.odoo.LeastPrivilege()
	addresses.Login, addresses.Password = user.Login, user.APIKey
	var err error
	if addresses.Plane, err = serve(ctx, s.plane); err != nil {
		return err
	}
	if addresses.Odoo, err = serve(ctx, s.odoo); err != nil {
		return err
	}
	if addresses.Desk, err = serve(ctx, s.desk()); err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(addresses); err != nil { //nolint:gosec // The key of a simulated server.
		return fmt.Errorf("telling the addresses: %w", err)
	}
	<-ctx.Done()
	return nil
}

func newServers(setup Setup) *servers {
	clock := func(offset time.Duration) func() time.Time {
		return func() time.Time { return time.Now().Add(offset) }
	}
	seed := planetest.DefaultSeed()
	seed.Projects = append(seed.Projects, planetest.SeedProject{Name: "tasks", Identifier: "TASK"})
	seed.People = append(seed.People, planetest.Person{FirstName: "Jose", Email: "jose@example.com", DisplayName: "jose"})
	s := &servers{
		version: setup.OdooVersion,
		plane: planetest.New(planetest.Options{
			Now: clock(setup.PlaneClock), Limit: setup.Limit, Seed: seed, WebhookWorkers: 4, RetryBase: 50 * time.Millisecond,
		}),
		odoo:    odootest.New(odootest.Options{Now: clock(setup.OdooClock), Version: setup.OdooVersion}),
		returns: map[string]int64{}, tasks: map[string]int64{}, comments: map[string]string{},
	}
	s.plane.SetClocks(setup.PlaneHosts...)
	s.plane.MultiRace(true)
	s.plane.AddWebhook(setup.Postman+"/v1", setup.Secret, planetest.V1)
	s.plane.AddWebhook(setup.Postman+"/v2", setup.Secret, planetest.V2)
	return s
}

// serve listens on a loopback port until the context ends, and answers its address.
func serve(ctx context.Context, handler http.Handler) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening for a simulated server: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "a simulated server ended:", err)
		}
	}()
	return "http://" + listener.Addr().String(), nil
}
