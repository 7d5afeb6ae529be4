package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/postgres"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

// installation is what an operator's shell may describe: a migrated PostgreSQL,
// and addresses of Plane, Odoo, a collector of traces and the bridge itself.
// Every connection to any of them is noted.
type installation struct {
	server *postgres.Server
	pool   *pgxpool.Pool
	rows   int64
	// addresses are the ports that are watched, by the setting that names them.
	addresses map[string]string
	listeners []net.Listener
	accepting sync.WaitGroup

	mu      sync.Mutex
	touched []string
}

// watched are the settings whose addresses nobody may connect to or listen on.
var watched = []string{"DATABASE_URL", "PLANE_BASE_URL", "ODOO_URL", "OTEL_EXPORTER_OTLP_ENDPOINT", "LISTEN_ADDR", "METRICS_ADDR"}

func prepare(ctx context.Context) (*installation, error) {
	i := &installation{addresses: make(map[string]string)}
	var err error
	if i.server, err = postgres.Start(ctx, postgres.Options{}); err != nil {
		return nil, fmt.Errorf("starting the installation's PostgreSQL: %w", err)
	}
	if err := i.fill(ctx); err != nil {
		return nil, errors.Join(err, i.close())
	}
	for _, name := range watched {
		if err := i.watch(ctx, name); err != nil {
			return nil, errors.Join(err, i.close())
		}
	}
	return i, nil
}

// fill brings the database to the newest schema and notes what is in it.
func (i *installation) fill(ctx context.Context) error {
	var err error
	if i.pool, err = pgxpool.New(ctx, i.server.DSN("postgres")); err != nil {
		return fmt.Errorf("preparing the installation's database: %w", err)
	}
	if _, err := migrations.Up(ctx, i.pool, slog.New(slog.DiscardHandler)); err != nil {
		return fmt.Errorf("migrating the installation's database: %w", err)
	}
	i.rows, err = i.countRows(ctx)
	return err
}

// countRows counts what stands in every table of schema ops.
func (i *installation) countRows(ctx context.Context) (int64, error) {
	const sqlRows = `SELECT coalesce(sum((xpath('/row/n/text()',
		query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, tablename), false, true, '')))[1]::text::bigint), 0)
		FROM pg_tables WHERE schemaname = $1`
	var n int64
	if err := i.pool.QueryRow(ctx, sqlRows, migrations.Schema).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting the installation's rows: %w", err)
	}
	return n, nil
}

// watch takes a port for one setting. Connections to the database are led on to
// it, so that what would be written is written; the others are closed.
func (i *installation) watch(ctx context.Context, name string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("taking a port for %s: %w", name, err)
	}
	i.listeners = append(i.listeners, listener)
	i.addresses[name] = listener.Addr().String()
	i.accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			if isClosing(conn) {
				_ = conn.Close()
				return
			}
			i.note("a connection to the address in " + name)
			if name != "DATABASE_URL" {
				_ = conn.Close()
				continue
			}
			go i.leadOn(ctx, conn)
		}
	})
	return nil
}

// closingFrom is where the installation itself connects from at the end. Every
// connection that was made before has been accepted when that one is.
var closingFrom = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}

func isClosing(conn net.Conn) bool {
	from, isTCP := conn.RemoteAddr().(*net.TCPAddr)
	return isTCP && from.IP.Equal(closingFrom.IP)
}

// allNoted returns when every connection that was made has been noted.
func (i *installation) allNoted(ctx context.Context) error {
	dialer := net.Dialer{LocalAddr: closingFrom}
	for _, listener := range i.listeners {
		conn, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return fmt.Errorf("closing the installation: %w", err)
		}
		_ = conn.Close()
	}
	i.accepting.Wait()
	return nil
}

func (i *installation) note(what string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.touched = append(i.touched, what)
}

// findings are what was touched, each once with how often.
func (i *installation) findings(ctx context.Context) ([]string, error) {
	if err := i.allNoted(ctx); err != nil {
		return nil, err
	}
	rows, err := i.countRows(ctx)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var found []string
	for _, what := range slices.Compact(slices.Sorted(slices.Values(i.touched))) {
		times := 0
		for _, one := range i.touched {
			if one == what {
				times++
			}
		}
		found = append(found, fmt.Sprintf("%s, %d times", what, times))
	}
	if rows != i.rows {
		found = append(found, fmt.Sprintf("%d rows more in its database", rows-i.rows))
	}
	return found, nil
}

// variables are the shell's environment, as an operator of the installation has it.
func (i *installation) variables() []string {
	direct, err := url.Parse(i.server.DSN("postgres"))
	if err != nil {
		panic("the DSN of a private server is no address: " + err.Error())
	}
	direct.Host = i.addresses["DATABASE_URL"]
	host, port, _ := strings.Cut(direct.Host, ":")
	const nowhere = "/nowhere/an-installations-secret"
	return []string{
		"DATABASE_URL=" + direct.String(), "PGHOST=" + host, "PGPORT=" + port, "PGUSER=" + direct.User.Username(), "PGDATABASE=postgres",
		"PGPASSWORD=installation", "PGAPPNAME=installation", "PGSSLMODE=require", "PGOPTIONS=-c default_transaction_read_only=on",
		"PGTARGETSESSIONATTRS=standby", "PGSERVICE=installation", "PGCONNECT_TIMEOUT=1", "DATABASE_POOLER=true",
		"LISTEN_ADDR=" + i.addresses["LISTEN_ADDR"], "METRICS_ADDR=" + i.addresses["METRICS_ADDR"],
		"PLANE_BASE_URL=http://" + i.addresses["PLANE_BASE_URL"], "PLANE_APP_URL=http://" + i.addresses["PLANE_BASE_URL"],
		"PLANE_WORKSPACE_SLUG=installation", "PLANE_API_KEY=installation", "PLANE_WEBHOOK_SECRET_FILE=" + nowhere,
		"PLANE_BIR_PROJECT_ID=6f1b9c9e-2a52-4a39-8d34-3f2d3c7f9b11", "ADMIN_TOKEN_FILE=" + nowhere,
		"ODOO_URL=http://" + i.addresses["ODOO_URL"], "ODOO_DB=installation", "ODOO_LOGIN=installation", "ODOO_PASSWORD=installation",
		"SECRETS_SOURCE=vault", "BRIDGE_MODE=observe", "LOG_LEVEL=error",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + i.addresses["OTEL_EXPORTER_OTLP_ENDPOINT"], "OTEL_TRACES_EXPORTER=otlp",
	}
}

func (i *installation) close() error {
	for _, listener := range i.listeners {
		_ = listener.Close()
	}
	if i.pool != nil {
		i.pool.Close()
	}
	return i.server.Stop()
}
