package migrations

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrAccess says that the database is there and that this role cannot work in it.
var ErrAccess = errors.New("the database cannot be worked in")

// sqlAccess asks the catalogue, which everybody may read, so that the cause is
// known before a statement fails for it. Rows that row level security hides look
// like a database without a single migration.
//
// The schema may be shared, so only the tables of the bridge and of its queue count.
const sqlAccess = sqlOwn + `SELECT current_user AS role, current_database() AS database,
	current_setting('transaction_read_only') = 'on' AS read_only, pg_is_in_recovery() AS standby,
	n.oid IS NOT NULL AS found,
	CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege(n.oid, 'USAGE') END AS enters,
	ARRAY(SELECT relname::text FROM own
		WHERE NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
			AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) ORDER BY 1) AS tables,
	EXISTS(SELECT FROM pg_depend d JOIN own ON own.oid = d.refobjid JOIN pg_class c ON c.oid = d.objid
		WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
			AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END) AS sequences,
	EXISTS(SELECT FROM own WHERE row_security_active(oid)) AS hidden
	FROM (SELECT to_regnamespace($1)::oid AS oid) n`

const (
	sqlOwn = `WITH own AS (SELECT c.oid, c.relname, c.relowner FROM pg_class c
		WHERE c.relnamespace = to_regnamespace($1)::oid AND c.relkind IN ('r', 'p') AND (c.relname = ANY ($2) OR c.relname LIKE 'river\_%'))
	`

	// Without the schema it is the right to make one that counts, which Access asks for.
	sqlMayMigrate = sqlOwn + `SELECT current_user, coalesce(has_schema_privilege(to_regnamespace($1)::oid, 'CREATE'), true),
		NOT EXISTS(SELECT FROM own WHERE NOT pg_has_role(relowner, 'USAGE'))`
)

// pending is ErrPending, or what keeps this role from running what is pending.
func pending(ctx context.Context, pool *pgxpool.Pool) error {
	var role string
	var creates, owns bool
	err := pool.QueryRow(ctx, sqlMayMigrate, Schema, ownTables()).Scan(&role, &creates, &owns)
	switch {
	case err != nil:
		return fmt.Errorf("asking the database who may migrate it: %w", err)
	case !creates:
		return fmt.Errorf("%w: migrations are pending and role %s may not make tables in schema %s: GRANT CREATE ON SCHEMA %s TO %s",
			ErrAccess, role, Schema, Schema, pgx.Identifier{role}.Sanitize())
	case !owns:
		return fmt.Errorf("%w: migrations are pending and role %s does not own the tables: run `odoo-plane-bridge migrate` as the role that owns the tables of schema %s",
			ErrAccess, role, Schema)
	}
	return ErrPending
}

// ownTables are the tables that the files of this folder make, and goose's.
var ownTables = sync.OnceValue(func() []string {
	tables := []string{strings.TrimPrefix(versionTable, Schema+".")}
	files, _ := fs.Glob(Files, "*.sql") // The pattern is right.
	for _, file := range files {
		content, _ := Files.ReadFile(file) // It was embedded.
		for _, made := range createsTable.FindAllSubmatch(content, -1) {
			tables = append(tables, string(made[1]))
		}
	}
	return tables
})

var createsTable = regexp.MustCompile(`CREATE (?:UNLOGGED )?TABLE ` + Schema + `\.(\w+)`)

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
	rows, err := pool.Query(ctx, sqlAccess, Schema, ownTables())
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
