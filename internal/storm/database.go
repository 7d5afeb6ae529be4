package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/internal/postgres"
)

// database is a PostgreSQL of the storm's own, which it can end, crash and hinder. The
// bridge's role is not the server's owner, so that limits hold for it.
type database struct {
	options postgres.Options
	mu      sync.Mutex // one fault at a time, and none while it is down
	server  *postgres.Server
}

const (
	bridgeRole     = "storm_bridge"
	bridgeDatabase = "storm"
)

// startDatabase starts a server whose clock is off by skew.
func startDatabase(ctx context.Context, dir string, skew time.Duration) (*database, error) {
	db := &database{options: postgres.Options{Dir: dir, Durable: true}}
	if library := fakeTime(); library != "" && skew != 0 {
		db.options.Environment = []string{
			"LD_PRELOAD=" + library, fmt.Sprintf("FAKETIME=%+d", int(skew.Seconds())), "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1",
		}
	}
	var err error
	if db.server, err = postgres.Start(ctx, db.options); err != nil {
		return nil, fmt.Errorf("starting the storm's database: %w", err)
	}
	db.options.Port = db.server.Port()
	for _, sql := range []string{"CREATE ROLE " + bridgeRole + " LOGIN", "CREATE DATABASE " + bridgeDatabase + " OWNER " + bridgeRole} {
		if err := db.exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	return db, nil
}

// fakeTime finds libfaketime, which Debian has as a package; "" without it.
func fakeTime() string {
	found, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0]
}

// address is where the bridge finds its database.
func (d *database) address() string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", bridgeRole, d.options.Port, bridgeDatabase)
}

func (d *database) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, d.server.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("connecting to the storm's database: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// restart ends the server, fast or at once as in a crash, and starts it after a while.
func (d *database) restart(ctx context.Context, crash bool, away time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	end := d.server.Stop
	if crash {
		end = d.server.Crash
	}
	if err := end(); err != nil {
		return err
	}
	pause(ctx, away)
	server, err := postgres.Start(context.WithoutCancel(ctx), d.options)
	if err != nil {
		return fmt.Errorf("starting the storm's database again: %w", err)
	}
	d.server = server
	return nil
}

// hinder does something to the server and undoes it after a while.
func (d *database) hinder(ctx context.Context, do, undo []string, during time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, sql := range do {
		if err := d.exec(ctx, sql); err != nil {
			return err
		}
	}
	pause(ctx, during)
	for _, sql := range undo {
		if err := d.exec(context.WithoutCancel(ctx), sql); err != nil {
			return err
		}
	}
	return nil
}

func (d *database) readOnly(ctx context.Context, during time.Duration) error {
	return d.hinder(ctx, []string{"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"},
		[]string{"SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"}, during)
}

func (d *database) fewConnections(ctx context.Context, limit int, during time.Duration) error {
	return d.hinder(ctx, []string{
		fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", bridgeRole, limit),
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + bridgeRole + "'",
	}, []string{"ALTER ROLE " + bridgeRole + " CONNECTION LIMIT -1"}, during)
}

func (d *database) stop() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server.Stop()
}

// pause waits, or returns earlier when the storm is called off.
func pause(ctx context.Context, during time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(during):
	}
}

// folder makes a folder of a run that the user of PostgreSQL may pass through.
func folder(seed uint64) (string, error) {
	dir, err := os.MkdirTemp("", fmt.Sprintf("odoo-plane-bridge-storm-%d-", seed))
	if err != nil {
		return "", fmt.Errorf("making the storm's folder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // It holds a test's logs; PostgreSQL runs as another user.
		return "", fmt.Errorf("making the storm's folder: %w", err)
	}
	return dir, nil
}
