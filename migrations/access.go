package migrations

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrAccess says that the database is there and that this role cannot work in it.
var ErrAccess = errors.New("the database cannot be worked in")

// sqlAccess asks the catalogue, which everybody may read, so that the cause is
// known before a statement fails for it. Rows that row level security hides look
// like a database without a single migration.
const sqlAccess = `SELECT current_user AS role, current_database() AS database,
	current_setting('transaction_read_only') = 'on' AS read_only, pg_is_in_recovery() AS standby,
	n.oid IS NOT NULL AS found,
	CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege(n.oid, 'USAGE') END AS enters,
	ARRAY(SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
		AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
			AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) ORDER BY 1) AS tables,
	EXISTS(SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END) AS sequences,
	EXISTS(SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r' AND row_security_active(c.oid)) AS hidden
	FROM (SELECT to_regnamespace($1)::oid AS oid) n`

// access is what a role may do in the database.
type access struct {
	Role, Database    string
	ReadOnly, Standby bool
	Found, Enters     bool
	Tables            []string
	Sequences, Hidden bool
}

// Access returns nil when the role can read and write what serving needs, and an
// error that wraps ErrAccess and says what is missing when it cannot.
func Access(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, sqlAccess, Schema)
	if err != nil {
		return fmt.Errorf("asking the database what may be done in it: %w", err)
	}
	may, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[access])
	if err != nil {
		return fmt.Errorf("asking the database what may be done in it: %w", err)
	}
	if problem := may.problem(); problem != "" {
		return fmt.Errorf("%w: %s", ErrAccess, problem)
	}
	return nil
}

// problem is the first thing that is in the way, with what ends it.
func (a access) problem() string {
	role := pgx.Identifier{a.Role}.Sanitize()
	switch {
	case a.Standby:
		return "it is a standby, which only reads: let DATABASE_URL name the primary"
	case a.ReadOnly:
		return "it is read-only (a hosted database becomes so when its disk is nearly full): make room, then ALTER DATABASE " +
			pgx.Identifier{a.Database}.Sanitize() + " SET default_transaction_read_only = off"
	case !a.Found && !a.Enters:
		return fmt.Sprintf("role %s may not make schema %s: GRANT CREATE ON DATABASE %s TO %s, or run docker/postgres/least-privilege.sql",
			a.Role, Schema, pgx.Identifier{a.Database}.Sanitize(), role)
	case !a.Enters:
		return fmt.Sprintf("role %s may not use schema %s: GRANT USAGE ON SCHEMA %s TO %s", a.Role, Schema, Schema, role)
	case len(a.Tables) > 0:
		return fmt.Sprintf("role %s may not read and write %s: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO %s",
			a.Role, strings.Join(a.Tables[:min(3, len(a.Tables))], ", "), Schema, role)
	case a.Sequences:
		return fmt.Sprintf("role %s may not use the sequences of schema %s: GRANT USAGE ON ALL SEQUENCES IN SCHEMA %s TO %s", a.Role, Schema, Schema, role)
	case a.Hidden:
		return fmt.Sprintf("row level security hides every row of schema %s from role %s, which does not own the tables: ALTER ROLE %s BYPASSRLS, or serve as the role that migrated",
			Schema, a.Role, role)
	}
	return ""
}
