// Package pgtest gives every test a PostgreSQL database of its own: a clone of
// a template that was migrated once per test process.
package pgtest

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtext"
	"github.com/insightpulseai/odoo-plane-bridge/internal/postgres"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

var (
	server   *postgres.Server
	template string
	started  = sync.OnceValue(start)
	cloning  sync.Mutex
	serial   atomic.Int64
)

// Main runs a package's tests and then stops the private PostgreSQL, if any test
// asked for one. Every package that uses pgtest calls it from its TestMain. The
// tests see nothing of an installation that the shell describes.
func Main(m *testing.M) {
	flag.Parse()
	if err := environment.Forget(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		os.Exit(1)
	}
	waitTogether()
	code := m.Run()
	if server != nil {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// atOnce is how many tests of a package run at a time, unless -parallel says
// otherwise. Tests with servers around them wait more than they compute, and Go's
// default is one for each core.
const atOnce = 6

func waitTogether() {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given && runtime.GOMAXPROCS(0) < atOnce {
		if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
			panic(fmt.Sprintf("pgtest: %v", err))
		}
	}
}

// DSN returns the address of a new database with the newest schema. The
// database goes away with the test process.
func DSN(t testing.TB) string {
	t.Helper()
	return clone(t, "")
}

// EmptyDSN returns the address of a new database that no migration has touched.
func EmptyDSN(t testing.TB) string {
	t.Helper()
	return clone(t, "template1")
}

// Pool returns an open pool on a new database; it is closed with the test.
func Pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return Open(t, DSN(t))
}

// Open returns a pool on a database that exists; it is closed with the test.
func Open(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatalf("reading the address of the test's database: %v", err)
	}
	pgtext.Prepare(config)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatalf("opening the test's database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func clone(t testing.TB, from string) string {
	t.Helper()
	if err := started(); err != nil {
		t.Fatalf("starting PostgreSQL for the tests: %v", err)
	}
	if from == "" {
		from = template
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), serial.Add(1))
	if err := createDatabase(name, from); err != nil {
		t.Fatalf("creating the test's database: %v", err)
	}
	return server.DSN(name)
}

// createDatabase clones one at a time: PostgreSQL refuses to copy a template
// that another session is copying or connected to.
func createDatabase(name, from string) error {
	cloning.Lock()
	defer cloning.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	// A copy of the files costs less than a copy through the log, without fsync.
	_, err = conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, strings.ToLower(from)))
	return err
}

func start() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var err error
	if server, err = postgres.Start(ctx, postgres.Options{}); err != nil {
		return err
	}
	if err := createDatabase("migrated", "template1"); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, server.DSN("migrated"))
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := migrations.Up(ctx, pool, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	template = "migrated"
	return nil
}
