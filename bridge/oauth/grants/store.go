package grants

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Kind says for whom a token was granted.
type Kind string

// The kinds of grant.
const (
	KindBot  Kind = "bot"  // an installation of the app in a workspace
	KindUser Kind = "user" // a person who consented
)

// State says whether a grant can still be renewed.
type State string

// The states of a grant. With StateConsentNeeded what is left of the access token
// is used up, and then a person has to act.
const (
	StateActive        State = "active"
	StateConsentNeeded State = "consent_needed"
)

// Key names one grant. It is also what its token is bound to.
type Key struct {
	Server  string `db:"server"`
	Kind    Kind   `db:"kind"`
	Subject string `db:"subject"`
}

// Place is where the token of a grant is kept; what is sealed for one place opens in no other.
func (k Key) Place() []string {
	return []string{"ops.oauth_tokens", k.Server, string(k.Kind), k.Subject}
}

// Grant is one row of ops.oauth_tokens.
type Grant struct {
	Key
	InstallationID string     `db:"installation_id"`
	Workspace      string     `db:"workspace_slug"`
	ActorID        string     `db:"actor_id"`
	ActorName      string     `db:"actor_name"`
	State          State      `db:"state"`
	Sealed         []byte     `db:"sealed"`
	ExpiresAt      *time.Time `db:"expires_at"`
	RenewAt        *time.Time `db:"renew_at"`
	ObtainedAt     time.Time  `db:"obtained_at"`
	Renewals       int        `db:"renewals"`
	LastError      *string    `db:"last_error"`
	LastErrorAt    *time.Time `db:"last_error_at"`
}

// Alive reports whether the access token is good at a time.
func (g Grant) Alive(at time.Time) bool { return g.ExpiresAt == nil || at.Before(*g.ExpiresAt) }

// Due reports whether it is time to try to renew.
func (g Grant) Due(at time.Time) bool { return g.RenewAt != nil && !at.Before(*g.RenewAt) }

// querier is what the store needs of a pool or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Store reads and writes ops.oauth_tokens and ops.oauth_states.
type Store struct{ db querier }

// In returns the store over a pool or a transaction.
func In(db querier) Store { return Store{db} }

const (
	sqlColumns = `server, kind, subject, installation_id, workspace_slug, actor_id, actor_name, state, sealed,
		expires_at, renew_at, obtained_at, renewals, last_error, last_error_at`

	sqlAll    = `SELECT ` + sqlColumns + ` FROM ops.oauth_tokens WHERE server = $1 ORDER BY kind, workspace_slug, subject`
	sqlBot    = `SELECT ` + sqlColumns + ` FROM ops.oauth_tokens WHERE server = $1 AND kind = 'bot' AND workspace_slug = $2`
	sqlUser   = `SELECT ` + sqlColumns + ` FROM ops.oauth_tokens WHERE server = $1 AND kind = 'user' AND workspace_slug = $2 AND subject = $3`
	sqlPeople = `SELECT ` + sqlColumns + ` FROM ops.oauth_tokens
		WHERE server = $1 AND kind = 'user' AND workspace_slug = $2 ORDER BY subject`
	sqlDue = `SELECT ` + sqlColumns + ` FROM ops.oauth_tokens WHERE server = $1 AND renew_at <= $2 ORDER BY renew_at`

	// The row lock is what makes one replica renew. Whoever finds it taken while
	// the token is still good goes on with that; whoever needs a new one waits.
	sqlLock     = `SELECT ` + sqlColumns + ` FROM ops.oauth_tokens WHERE server = $1 AND kind = $2 AND subject = $3 FOR UPDATE`
	sqlLockFree = sqlLock + ` SKIP LOCKED`

	// A bot that was installed again has a new installation id; the old one's
	// token is worth nothing any more.
	sqlReplaced = `DELETE FROM ops.oauth_tokens WHERE server = $1 AND kind = 'bot' AND workspace_slug = $2 AND subject <> $3`
	sqlKeep     = `INSERT INTO ops.oauth_tokens
			(server, kind, subject, installation_id, workspace_slug, actor_id, actor_name, sealed, expires_at, renew_at, obtained_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (server, kind, subject) DO UPDATE SET
			installation_id = excluded.installation_id, workspace_slug = excluded.workspace_slug, actor_id = excluded.actor_id,
			actor_name = excluded.actor_name, state = 'active', sealed = excluded.sealed, expires_at = excluded.expires_at,
			renew_at = excluded.renew_at, obtained_at = excluded.obtained_at, last_error = NULL, last_error_at = NULL`

	// The old value in the condition lets a token that was got be saved late,
	// after its transaction broke, without undoing what came since.
	sqlRenewed = `UPDATE ops.oauth_tokens SET state = 'active', sealed = $5, expires_at = $6, renew_at = $7, obtained_at = $8,
			renewals = renewals + 1, last_error = NULL, last_error_at = NULL
		WHERE server = $1 AND kind = $2 AND subject = $3 AND sealed = $4`
	sqlFailed = `UPDATE ops.oauth_tokens SET state = $4, renew_at = $5, last_error = $6, last_error_at = $7
		WHERE server = $1 AND kind = $2 AND subject = $3`
	sqlResealed = `UPDATE ops.oauth_tokens SET sealed = $5 WHERE server = $1 AND kind = $2 AND subject = $3 AND sealed = $4`

	// The count keeps whoever may call the install endpoint from filling the table.
	sqlAddState = `INSERT INTO ops.oauth_states (id, digest, in_browser, expires_at) SELECT $1, $2, $3, $4
		WHERE NOT $3 OR (SELECT count(*) FROM ops.oauth_states WHERE in_browser) < $5`
	sqlUseState     = `DELETE FROM ops.oauth_states WHERE id = $1 RETURNING digest, in_browser, expires_at`
	sqlForgetStates = `DELETE FROM ops.oauth_states WHERE expires_at < $1`
)

// All returns every grant of a server.
func (s Store) All(ctx context.Context, server string) ([]Grant, error) {
	return s.grants(ctx, sqlAll, server)
}

// Due returns the grants of a server that are to be renewed at a time, the most urgent first.
func (s Store) Due(ctx context.Context, server string, at time.Time) ([]Grant, error) {
	return s.grants(ctx, sqlDue, server, at)
}

func (s Store) grants(ctx context.Context, sql string, args ...any) ([]Grant, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("reading OAuth grants: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Grant])
	if err != nil {
		return nil, fmt.Errorf("reading OAuth grants: %w", err)
	}
	return found, nil
}

// one returns the first row, and whether there is any.
func (s Store) one(ctx context.Context, sql string, args ...any) (Grant, bool, error) {
	found, err := s.grants(ctx, sql, args...)
	if err != nil || len(found) == 0 {
		return Grant{}, false, err
	}
	return found[0], true, nil
}

// Bot returns the installation in a workspace, and whether there is one.
func (s Store) Bot(ctx context.Context, server, workspace string) (Grant, bool, error) {
	return s.one(ctx, sqlBot, server, workspace)
}

// User returns the grant of a person, named by the id in Plane, and whether there is one.
func (s Store) User(ctx context.Context, server, workspace, id string) (Grant, bool, error) {
	return s.one(ctx, sqlUser, server, workspace, id)
}

// People returns the grants of everybody who consented for a workspace.
func (s Store) People(ctx context.Context, server, workspace string) ([]Grant, error) {
	return s.grants(ctx, sqlPeople, server, workspace)
}

// Lock returns the row and holds it until the transaction ends. Without patience
// it reports false when another replica holds it.
func (s Store) Lock(ctx context.Context, key Key, patient bool) (Grant, bool, error) {
	sql := sqlLockFree
	if patient {
		sql = sqlLock
	}
	return s.one(ctx, sql, key.Server, key.Kind, key.Subject)
}

// Keep stores a new grant, or a new token of one that is there.
func (s Store) Keep(ctx context.Context, g Grant) error {
	if g.Kind == KindBot {
		if _, err := s.db.Exec(ctx, sqlReplaced, g.Server, g.Workspace, g.Subject); err != nil {
			return fmt.Errorf("removing the previous installation: %w", err)
		}
	}
	_, err := s.db.Exec(ctx, sqlKeep, g.Server, g.Kind, g.Subject, g.InstallationID, g.Workspace, g.ActorID, g.ActorName,
		g.Sealed, g.ExpiresAt, g.RenewAt, g.ObtainedAt)
	if err != nil {
		return fmt.Errorf("storing the grant of %s %s: %w", g.Kind, g.Subject, err)
	}
	return nil
}

// Renewed replaces the token that was sealed as old, and does nothing when
// another has replaced it already.
func (s Store) Renewed(ctx context.Context, g Grant, old []byte) error {
	_, err := s.db.Exec(ctx, sqlRenewed, g.Server, g.Kind, g.Subject, old, g.Sealed, g.ExpiresAt, g.RenewAt, g.ObtainedAt)
	if err != nil {
		return fmt.Errorf("storing the renewed token of %s %s: %w", g.Kind, g.Subject, err)
	}
	return nil
}

// Failed notes why a token was not renewed and when to try again; nil is never.
func (s Store) Failed(ctx context.Context, key Key, state State, next *time.Time, why string, at time.Time) error {
	if _, err := s.db.Exec(ctx, sqlFailed, key.Server, key.Kind, key.Subject, state, next, why, at); err != nil {
		return fmt.Errorf("noting that the token of %s %s was not renewed: %w", key.Kind, key.Subject, err)
	}
	return nil
}

// Resealed replaces the token that was sealed as old by the same under another key.
func (s Store) Resealed(ctx context.Context, key Key, old, sealed []byte) error {
	if _, err := s.db.Exec(ctx, sqlResealed, key.Server, key.Kind, key.Subject, old, sealed); err != nil {
		return fmt.Errorf("storing the token of %s %s under the new key: %w", key.Kind, key.Subject, err)
	}
	return nil
}

// MaxOpenStates bounds the consents that browsers have begun and not finished.
const MaxOpenStates = 1000

// AddState keeps a state and reports false when too many are open.
func (s Store) AddState(ctx context.Context, id uuid.UUID, secret []byte, inBrowser bool, expires time.Time) (bool, error) {
	digest := sha256.Sum256(secret)
	tag, err := s.db.Exec(ctx, sqlAddState, id, digest[:], inBrowser, expires, MaxOpenStates)
	if err != nil {
		return false, fmt.Errorf("keeping the state of a consent: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// OpenState is one row of ops.oauth_states.
type OpenState struct {
	Digest    []byte    `db:"digest"`
	InBrowser bool      `db:"in_browser"`
	ExpiresAt time.Time `db:"expires_at"`
}

// UseState takes a state out, so that of two callbacks with it one finds nothing.
func (s Store) UseState(ctx context.Context, id uuid.UUID) (OpenState, bool, error) {
	rows, err := s.db.Query(ctx, sqlUseState, id)
	if err != nil {
		return OpenState{}, false, fmt.Errorf("reading the state of a consent: %w", err)
	}
	state, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[OpenState])
	if errors.Is(err, pgx.ErrNoRows) {
		return OpenState{}, false, nil
	}
	if err != nil {
		return OpenState{}, false, fmt.Errorf("reading the state of a consent: %w", err)
	}
	return state, true, nil
}

// ForgetStates removes the states of consents that ended before a time.
func (s Store) ForgetStates(ctx context.Context, before time.Time) error {
	if _, err := s.db.Exec(ctx, sqlForgetStates, before); err != nil {
		return fmt.Errorf("removing the states of old consents: %w", err)
	}
	return nil
}
