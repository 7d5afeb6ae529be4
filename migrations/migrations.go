// Package migrations holds the schema ops and brings a database up to it:
// River's own tables first, then the numbered files of this folder. Migrations
// only go forward.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/insightpulseai/odoo-plane-bridge/internal/quiet"
)

// Schema is the schema that everything of the bridge lives in, River's tables
// included.
const Schema = "ops"

// versionTable is where goose notes what has run.
const versionTable = Schema + ".schema_migrations"

// migrationLock is the advisory lock that lets one replica migrate at a time.
// The number means nothing; it only has to be the same everywhere.
const migrationLock = 0x706c616e65

// Files are the numbered migrations, for whoever names a test template after
// what is in them.
//
//go:embed *.sql
var Files embed.FS

// Up brings the database to the newest schema and returns how many migrations
// it ran. Any number of replicas may call it at once: one works, the others
// wait and then find nothing to do.
//
// The lock is held by a transaction of its own, not by a session, so that it
// works through a transaction-mode pooler and goes away with a crashed process.
func Up(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) (int, error) {
	ran := 0
	err := pgx.BeginFunc(ctx, pool, func(lock pgx.Tx) error {
		if _, err := lock.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock); err != nil {
			return fmt.Errorf("waiting for the migration lock: %w", err)
		}
		var err error
		ran, err = up(ctx, pool, logger)
		return err
	})
	return ran, err
}

func up(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) (int, error) {
	if err := createSchema(ctx, pool); err != nil {
		return 0, fmt.Errorf("creating schema %s: %w", Schema, err)
	}
	if err := Check(ctx, pool); !errors.Is(err, ErrPending) {
		return 0, err
	}
	river, err := newRiverMigrator(pool, logger)
	if err != nil {
		return 0, err
	}
	queue, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return 0, fmt.Errorf("migrating the queue's tables: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := newProvider(db, logger)
	if err != nil {
		return 0, err
	}
	if err := notNewer(ctx, provider); err != nil {
		return 0, err
	}
	own, err := provider.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrating schema %s: %w", Schema, err)
	}
	return len(queue.Versions) + len(own), nil
}

// createSchema looks before it creates: PostgreSQL refuses CREATE SCHEMA IF NOT
// EXISTS to a role that owns the schema and may not make others.
func createSchema(ctx context.Context, pool *pgxpool.Pool) error {
	var found bool
	if err := pool.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", Schema).Scan(&found); err != nil || found {
		return err
	}
	_, err := pool.Exec(ctx, "CREATE SCHEMA "+Schema)
	return err
}

// ErrPending says that the database is behind this program.
var ErrPending = errors.New("migrations are pending: run `odoo-plane-bridge migrate`")

// ErrNewer says that the database is ahead of this program.
var ErrNewer = errors.New("the database was migrated by a newer version of this program")

// notNewer fails when the database has migrations that this program does not
// know: what they changed, it would get wrong.
func notNewer(ctx context.Context, provider *goose.Provider) error {
	has, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; has > newest {
		return fmt.Errorf("%w: it has migration %d, and this one knows those up to %d: run the newer version", ErrNewer, has, newest)
	}
	return nil
}

// Check returns nil when the database has every migration, ErrPending when it
// lacks some, ErrNewer when it has others, ErrAccess when the role cannot work in
// it, and any other error when it cannot be asked. It changes nothing.
func Check(ctx context.Context, pool *pgxpool.Pool) error {
	if err := Access(ctx, pool); err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	river, err := newRiverMigrator(pool, quiet)
	if err != nil {
		return err
	}
	queue, err := river.Validate(ctx, nil)
	if err != nil {
		return fmt.Errorf("reading the state of the queue's tables: %w", err)
	}
	var noted bool
	if err := pool.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", versionTable).Scan(&noted); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if !queue.OK || !noted {
		return pending(ctx, pool)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := newProvider(db, quiet)
	if err != nil {
		return err
	}
	if err := notNewer(ctx, provider); err != nil {
		return err
	}
	behind, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if behind {
		return pending(ctx, pool)
	}
	return nil
}

func newRiverMigrator(pool *pgxpool.Pool, logger *slog.Logger) (*rivermigrate.Migrator[pgx.Tx], error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: Schema, Logger: quiet.Library(logger)})
	if err != nil {
		return nil, fmt.Errorf("reading the queue's migrations: %w", err)
	}
	return migrator, nil
}

func newProvider(db *sql.DB, logger *slog.Logger) (*goose.Provider, error) {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, Files,
		goose.WithTableName(versionTable), goose.WithSlog(quiet.Library(logger)), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	return provider, nil
}
