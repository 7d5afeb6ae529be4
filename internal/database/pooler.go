package database

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

const (
	// poolerPlaces is how many transactions have to be open at once: one holds a
	// lock, one works beside it, one takes a webhook.
	poolerPlaces = 3
	// poolerWithin is how long a pooler may take to give a place. Its own wait has
	// no end by default.
	poolerWithin = 4 * time.Second
)

// CheckPooler looks whether a pooler stands before the database, of which kind,
// and how many transactions it lets through at once. Without DATABASE_POOLER a
// pooler in transaction mode loses what belongs to a session, now and then; with
// too few places everything waits for ever.
func CheckPooler(ctx context.Context, pool *pgxpool.Pool, s settings.Settings) error {
	config := pool.Config().ConnConfig.Copy()
	// Nothing of this probe may depend on a session.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	first, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	defer first.Close(ctx)
	server, err := backend(ctx, first)
	if err != nil {
		return fmt.Errorf("looking for a pooler: %w", err)
	}
	if server == first.PgConn().PID() {
		return nil // The server itself: a pooler hands out numbers of its own.
	}
	sessions := []*pgx.Conn{first}
	for len(sessions) < poolerPlaces {
		session, err := connectWithin(ctx, config)
		if err != nil {
			return tooFewPlaces(ctx, err, len(sessions))
		}
		defer session.Close(ctx)
		sessions = append(sessions, session)
	}
	if !s.DatabasePooler && sharesBackends(ctx, sessions) {
		return settings.Wrong("DATABASE_POOLER", "is false, and DATABASE_URL leads through a transaction-mode pooler, such as Supabase's port 6543 or pgbouncer: set it to true, or name the database's own address or a session-mode pooler")
	}
	return holdPlaces(ctx, sessions)
}

func backend(ctx context.Context, session *pgx.Conn) (uint32, error) {
	ctx, cancel := context.WithTimeout(ctx, poolerWithin)
	defer cancel()
	var pid int64
	err := session.QueryRow(ctx, "SELECT pg_backend_pid()::int8").Scan(&pid)
	return uint32(pid), err //nolint:gosec // a process id
}

func connectWithin(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, poolerWithin)
	defer cancel()
	session, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting through the pooler: %w", err)
	}
	return session, nil
}

// sharesBackends reports whether two open sessions were served by one process of
// the database, which happens in transaction mode alone. A pooler gives the place
// that became free last to whoever comes next; other clients may come between, so
// it is tried more than once.
func sharesBackends(ctx context.Context, sessions []*pgx.Conn) bool {
	const tries = 4
	owner := make(map[uint32]int)
	for range tries {
		for i, session := range sessions {
			pid, err := backend(ctx, session)
			if err != nil {
				return false
			}
			if other, seen := owner[pid]; seen && other != i {
				return true
			}
			owner[pid] = i
		}
	}
	return false
}

// holdPlaces opens as many transactions as the bridge needs at once.
func holdPlaces(ctx context.Context, sessions []*pgx.Conn) error {
	for i, session := range sessions {
		within, cancel := context.WithTimeout(ctx, poolerWithin)
		_, err := session.Exec(within, "BEGIN")
		if err == nil {
			_, err = session.Exec(within, "SELECT 1")
		}
		cancel()
		if err != nil {
			return tooFewPlaces(ctx, err, i)
		}
	}
	for _, session := range sessions {
		if _, err := session.Exec(ctx, "ROLLBACK"); err != nil {
			return fmt.Errorf("leaving the pooler's places: %w", err)
		}
	}
	return nil
}

func tooFewPlaces(ctx context.Context, err error, places int) error {
	if ctx.Err() != nil {
		return fmt.Errorf("looking for a pooler: %w", err)
	}
	return settings.Wrong("DATABASE_URL", fmt.Sprintf("leads through a pooler that lets %d of the %d transactions through that the bridge needs at once: raise its pool size (pgbouncer: default_pool_size)", places, poolerPlaces))
}
