package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/weather"
	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/world"
)

const (
	webhookSecret = "storm-webhook-secret"
	odooToken     = "storm-odoo-token"
)

// terms are how one stage is set up: what the seed chose for it.
type terms struct {
	Replicas       int             `json:"replicas"`
	Protocol       string          `json:"protocol"`
	World          world.Setup     `json:"world"`
	DatabaseClock  time.Duration   `json:"database_clock"`
	BridgeClocks   []time.Duration `json:"bridge_clocks"`
	Every          time.Duration   `json:"every"`
	FaultRate      float64         `json:"fault_rate"`
	DeliveredCalms bool            `json:"-"`
}

// stage is everything that runs: database, servers, what stands before them, replicas.
type stage struct {
	terms    terms
	dir      string
	story    story.Story
	database *database
	world    *world.Process
	plane    *weather.Proxy
	odoo     *weather.Proxy
	postman  *weather.Postman
	replicas []*replica
	pool     *pgxpool.Pool

	stop    context.CancelFunc
	running sync.WaitGroup
}

// setUp starts everything in a folder.
func setUp(ctx context.Context, dir, binary string, t terms, told story.Story) (*stage, error) {
	s := &stage{terms: t, dir: dir, story: told}
	ctx, s.stop = context.WithCancel(ctx)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // See folder.
		return s, fmt.Errorf("making the folder of a stage: %w", err)
	}
	var err error
	if s.database, err = startDatabase(ctx, filepath.Join(dir, "postgres"), t.DatabaseClock); err != nil {
		return s, err
	}
	if s.pool, err = pgxpool.New(ctx, s.database.address()); err != nil {
		return s, fmt.Errorf("opening the storm's database: %w", err)
	}
	s.postman = &weather.Postman{Dice: weather.NewDice(told.Seed, 2), Calm: t.DeliveredCalms, Token: odooToken}
	if t.World.Postman, err = s.postman.Serve(ctx); err != nil {
		return s, err
	}
	log, err := os.Create(filepath.Join(dir, "servers.log"))
	if err != nil {
		return s, fmt.Errorf("opening the log of the servers: %w", err)
	}
	t.World.Secret = webhookSecret
	if s.world, err = world.Start(ctx, t.World, log); err != nil {
		return s, err
	}
	settings, err := s.proxies(ctx)
	if err != nil {
		return s, err
	}
	return s, s.startReplicas(ctx, binary, settings)
}

// proxies puts one before each server and returns the settings that lead there.
func (s *stage) proxies(ctx context.Context) (map[string]string, error) {
	s.plane = &weather.Proxy{
		Name: "plane", Target: s.world.Plane, Foreign: weather.InPlanesPlace(), Dice: weather.NewDice(s.story.Seed, 3),
		MayBeLate: weather.IsCreate,
	}
	s.odoo = &weather.Proxy{
		Name: "odoo", Target: s.world.Odoo, Foreign: weather.InOdoosPlace(), Dice: weather.NewDice(s.story.Seed, 4),
		MayBeLate: weather.Never,
	}
	planeURL, err := s.plane.Serve(ctx)
	if err != nil {
		return nil, err
	}
	odooURL, err := s.odoo.Serve(ctx)
	if err != nil {
		return nil, err
	}
	every := "@every " + s.terms.Every.String()
	return map[string]string{
		"DATABASE_URL": s.database.address(), "LOG_FORMAT": "json", "LOG_LEVEL": "info",
		"PLANE_BASE_URL": planeURL, "PLANE_WORKSPACE_SLUG": s.world.Workspace, "PLANE_API_KEY": s.world.Key,
		"PLANE_WEBHOOK_SECRET": webhookSecret, "PLANE_BIR_PROJECT_ID": s.world.BIR, "PLANE_TASK_PROJECT_ID": s.world.Tasks,
		"ODOO_URL": odooURL, "ODOO_DB": "odoo", "ODOO_LOGIN": s.world.Login, "ODOO_PASSWORD": s.world.Password,
		"ODOO_TASK_PROJECT_ID": "1", "ODOO_WEBHOOK_TOKEN": odooToken, "ODOO_PROTOCOL": s.terms.Protocol,
		"SYNC_SCHEDULE": every, "RECONCILE_SCHEDULE": every,
		// Small stories lose a large share of their records when a few are deleted.
		"CANCEL_BRAKE": "1",
	}, nil
}

func (s *stage) startReplicas(ctx context.Context, binary string, settings map[string]string) error {
	for i := range s.terms.Replicas {
		if i < len(s.terms.BridgeClocks) {
			settings[skewVariable] = s.terms.BridgeClocks[i].String()
		}
		r, err := newReplica(ctx, binary, s.dir, fmt.Sprintf("replica-%d", i+1), settings)
		if err != nil {
			return err
		}
		s.replicas = append(s.replicas, r)
		s.postman.Bridges = append(s.postman.Bridges, r.url)
	}
	for _, r := range s.replicas {
		s.running.Go(func() { r.keep(ctx) })
	}
	return s.migrated(ctx)
}

// migrated waits until the replicas have made the tables: what follows is no storm over
// an empty database.
func (s *stage) migrated(ctx context.Context) error {
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var there bool
		err := s.pool.QueryRow(ctx, "SELECT to_regclass('ops.river_job') IS NOT NULL AND to_regclass('ops.plane_sync_mappings') IS NOT NULL").Scan(&there)
		if err == nil && there {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("the replicas did not make their tables; their logs are in %s", s.dir), err)
		}
		pause(ctx, 100*time.Millisecond)
	}
}

// end stops everything that runs.
func (s *stage) end() error {
	s.stop()
	s.running.Wait()
	var errs []error
	if s.pool != nil {
		s.pool.Close()
	}
	if s.world != nil {
		errs = append(errs, s.world.Stop())
	}
	if s.database != nil {
		errs = append(errs, s.database.stop())
	}
	return errors.Join(errs...)
}

// state is how both servers stand, and the bridge's own tables.
func (s *stage) state(ctx context.Context) (facts, error) {
	servers, err := s.world.State(ctx)
	if err != nil {
		return nil, err
	}
	f := facts{}
	f.servers(s.story, servers)
	return f, s.tables(ctx, f, servers)
}

// sameText keeps a text on one line.
func sameText(text string) string { return strings.Join(strings.Fields(text), " ") }
