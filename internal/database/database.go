// Package database opens the database as the settings say, and looks whether it can be
// worked with as it is set up: its migrations, and a pooler before it.
package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtext"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

// besideWorkers is how many connections webhooks, probes and schedules share
// beside those of the workers. Whoever comes while all are in use waits.
const besideWorkers = 2

// Open prepares connections to the database and opens none yet. A limit that
// DATABASE_URL sets itself, by pool_max_conns, is kept.
func Open(s settings.Settings) (*pgxpool.Pool, error) {
	address := s.DatabaseURL.Reveal()
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		// The library's error quotes the address; only its kind is told.
		return nil, settings.Wrong("DATABASE_URL", "expected an address such as postgres://user@host:5432/database")
	}
	if !settings.SetsMaxConnections(address) {
		// A worker holds one connection for its lock and needs another beside it.
		config.MaxConns = int32(2*s.Workers) + besideWorkers //nolint:gosec // Workers is at most 100
	}
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "odoo-plane-bridge"
	if s.DatabasePooler {
		// Nothing is prepared under a name, and yet the server is asked for the types:
		// without them a map cannot be written to a jsonb column.
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		delete(config.ConnConfig.RuntimeParams, "application_name")
	}
	pgtext.Prepare(config)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("preparing the database: %w", err)
	}
	return pool, nil
}

// WorkersWithin is how many workers the pool has connections for: more would
// each hold one and wait for a second for ever.
func WorkersWithin(pool *pgxpool.Pool, s settings.Settings) int {
	room := (int(pool.Config().MaxConns) - besideWorkers) / 2
	return max(1, min(int(s.Workers), room))
}

// ConnectTo opens the database for Vault, which is asked before settings are
// known.
func ConnectTo(getenv func(string) string) func(context.Context) (*pgx.Conn, error) {
	return func(ctx context.Context) (*pgx.Conn, error) {
		spec := settings.Spec{Name: "DATABASE_URL", Secret: "database_url"}
		address, found, err := settings.One(ctx, sources.Environment{Getenv: getenv}, spec)
		switch {
		case err != nil:
			return nil, errors.New("DATABASE_URL is wrong")
		case !found:
			return nil, errors.New("DATABASE_URL is not set")
		}
		config, err := pgx.ParseConfig(address)
		if err != nil {
			return nil, errors.New("DATABASE_URL is wrong")
		}
		// It may lead through a pooler, which is known only when all settings are.
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return pgx.ConnectConfig(ctx, config)
	}
}

// Usable fails when the database can be reached and not be worked with
// as it is set up.
func Usable(ctx context.Context, pool *pgxpool.Pool, s settings.Settings) error {
	if err := CheckPooler(ctx, pool, s); err != nil {
		return err
	}
	if err := migrations.Check(ctx, pool); err != nil {
		return fmt.Errorf("looking at the database: %w", err)
	}
	return nil
}

// Await returns when the database answers, with what cannot be mended by trying again:
// then nothing is begun in it.
func Await(ctx context.Context, pool *pgxpool.Pool, s settings.Settings, logger *slog.Logger) error {
	notified := false
	for {
		err := Usable(ctx, pool, s)
		if err == nil || errors.Is(err, migrations.ErrPending) || ctx.Err() != nil {
			return nil //nolint:nilerr // what is pending runs next, and an end is no failure
		}
		switch {
		case errors.Is(err, settings.ErrUsage) || errors.Is(err, migrations.ErrNewer):
			return err
		case !notified:
			logger.WarnContext(ctx, "the database cannot be used yet; trying again", slog.Any("error", err))
			notified = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}
