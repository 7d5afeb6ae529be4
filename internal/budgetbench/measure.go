package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/insightpulseai/odoo-plane-bridge/internal/postgres"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

// measure lets the processes drain and returns what the server saw.
func measure(ctx context.Context, o options, out io.Writer) (f figures, err error) {
	database, err := postgres.Start(ctx, postgres.Options{Durable: true})
	if err != nil {
		return figures{}, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	pool, err := pgxpool.New(ctx, database.DSN("postgres"))
	if err != nil {
		return figures{}, fmt.Errorf("preparing the database: %w", err)
	}
	defer pool.Close()
	if _, err := migrations.Up(ctx, pool, slog.New(slog.DiscardHandler)); err != nil {
		return figures{}, fmt.Errorf("migrating the database: %w", err)
	}
	server, err := serve(ctx, o.Limit)
	if err != nil {
		return figures{}, err
	}
	defer server.close()
	before, err := transactions(ctx, pool)
	if err != nil {
		return figures{}, err
	}
	f = figures{options: o, started: time.Now()}
	if err := f.run(ctx, server, database.DSN("postgres"), out); err != nil {
		return f, err
	}
	after, err := transactions(ctx, pool)
	f.transactions = after - before
	f.requests = server.seen()
	return f, err
}

// run drains with all processes, beside a foreign client if one is wanted.
func (f *figures) run(ctx context.Context, server *watchedPlane, databaseURL string, out io.Writer) error {
	around, stop := context.WithCancel(ctx)
	defer stop()
	var beside errgroup.Group
	beside.Go(func() error { server.tell(around, f.started, out); return nil })
	if f.options.Foreign > 0 {
		beside.Go(func() error { return server.foreigner(around, time.Minute/time.Duration(f.options.Foreign)) })
	}
	outcomes := make([]outcome, f.options.Processes)
	drainers, draining := errgroup.WithContext(ctx)
	for i := range outcomes {
		calls := f.options.Calls / f.options.Processes
		if i < f.options.Calls%f.options.Processes {
			calls++
		}
		drainers.Go(func() (err error) {
			outcomes[i], err = launch(draining, order{
				DatabaseURL: databaseURL, PlaneURL: server.url, Workspace: server.plane.WorkspaceSlug(),
				Key: server.plane.BotKey(), Calls: calls, Workers: f.options.Workers,
			})
			return err
		})
	}
	err := drainers.Wait()
	f.took = time.Since(f.started)
	stop()
	f.outcomes = outcomes
	return errors.Join(err, beside.Wait())
}

// transactions is how many the database has ended so far.
func transactions(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	var n int64
	err := pool.QueryRow(ctx, `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the database's transactions: %w", err)
	}
	return n, nil
}
