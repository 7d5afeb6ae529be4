package mapping

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// State is where a link stands; docs/states.md draws the transitions.
type State string

// The states of a link.
const (
	// Intended: a create call was about to be sent, and may have taken effect.
	Intended State = "intended"
	// Linked: the work item exists and belongs to the record.
	Linked State = "linked"
	// Cancelled: the record vanished from Odoo; its work item was cancelled.
	Cancelled State = "cancelled"
	// Broken: the work item is gone from Plane, or archived there.
	Broken State = "broken"
)

// Link is one row of ops.plane_sync_mappings.
type Link struct {
	ID          int64   `db:"id"`
	Flow        string  `db:"flow"`
	Model       string  `db:"odoo_model"`
	OdooID      int64   `db:"odoo_id"`
	Key         Key     `db:"entity_key"`
	Workspace   string  `db:"plane_workspace"`
	ProjectID   string  `db:"plane_project_id"`
	IssueID     *string `db:"plane_issue_id"`
	State       State   `db:"state"`
	ContentHash string  `db:"content_hash"`
	// LastPushed is what Odoo wanted and Plane has confirmed by showing it. What was
	// sent and not confirmed is not in it.
	LastPushed Fields `db:"last_pushed"`
	// Written is what Plane showed beside it: the same content as Plane keeps it.
	Written Fields `db:"written"`
	// Refused are the values that Plane answered with success and did not take.
	Refused Values `db:"refused"`
	// Sending are the values of a write that has no answer yet, or whose answer was
	// lost: Plane may show them, and then they are ours.
	Sending Values `db:"sending"`
	// SentBefore are the values of earlier writes, as long as nobody knows what became of
	// those either.
	SentBefore []Values `db:"sent_before"`
	// LookDue says that the work item has to be read and compared in full: after a
	// failure or a write without an answer, after a refusal whose wait is over, and after it left the archive.
	LookDue bool `db:"look_due"`
	// Notified is what the flow last told Odoo about the work item, in the flow's own words.
	Notified     string     `db:"notified"`
	LastError    *string    `db:"last_error"`
	LookAt       *time.Time `db:"look_at"`
	CreatedAt    time.Time  `db:"created_at"`
	UpdatedAt    time.Time  `db:"updated_at"`
	LastSyncedAt *time.Time `db:"last_synced_at"`
	// ShownAt is the work item's updated_at, by Plane's clock, as the bridge last wrote or
	// compared it; nil before that.
	ShownAt *time.Time `db:"shown_at"`
}

// MayShow reports whether a write of ours, of which nobody knows what became, explains
// what a work item shows of a field.
func (l Link) MayShow(field Field, shown Fields) bool {
	return slices.ContainsFunc(l.unsettled(), func(sent Values) bool { return sent.ShownBy(field, shown) })
}

// MayShowLabels are the labels that such writes may have put on the work item.
func (l Link) MayShowLabels() (labels []string) {
	for _, sent := range l.unsettled() {
		labels = append(labels, sent.Labels()...)
	}
	return labels
}

// Sends reports whether a field was sent and nobody knows what became of it.
func (l Link) Sends(field Field) bool {
	return slices.ContainsFunc(l.unsettled(), func(sent Values) bool { _, sends := sent[field]; return sends })
}

// unsettled are the writes of which nobody knows what became. A replica of an earlier
// release settles them by emptying Sending alone.
func (l Link) unsettled() []Values {
	if len(l.Sending) == 0 {
		return nil
	}
	return append(slices.Clone(l.SentBefore), l.Sending)
}

// Waits reports whether nothing is tried before LookAt, because the work item cannot
// be written. A refusal makes only the refused fields wait.
func (l Link) Waits() bool {
	return l.LastError != nil && !l.LookDue && len(l.Refused) == 0
}

// Issue is the id of the linked work item, or empty before there is one.
func (l Link) Issue() string {
	if l.IssueID == nil {
		return ""
	}
	return *l.IssueID
}

// Scope says where links live: the Plane workspace and project of a flow.
type Scope struct {
	Flow      string
	Workspace string
	ProjectID string
}

// ErrNoLink is returned when no link fits; it is not a fault.
var ErrNoLink = errors.New("no link")

// ErrIssueTaken says that the work item already belongs to another record.
var ErrIssueTaken = errors.New("the work item is linked to another record")

// DB is what the store needs of a pool, a connection or a transaction.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Store reads and writes links.
type Store struct{ db DB }

// NewStore returns a store that works through db.
func NewStore(db DB) *Store { return &Store{db: db} }

// With returns the same store inside a transaction.
func (s *Store) With(tx DB) *Store { return &Store{db: tx} }

const (
	sqlColumns = `id, flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, plane_issue_id,
		state, content_hash, last_pushed, written, refused, sending, sent_before, notified, last_error, look_at,
		coalesce(look_at <= now(), last_error IS NOT NULL OR sending <> '{}') AS look_due, created_at, updated_at, last_synced_at, shown_at`

	sqlByKey = `SELECT ` + sqlColumns + ` FROM ops.plane_sync_mappings
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	sqlByIssue = `SELECT ` + sqlColumns + ` FROM ops.plane_sync_mappings
		WHERE plane_workspace = $1 AND plane_issue_id = $2`

	sqlAll = `SELECT ` + sqlColumns + ` FROM ops.plane_sync_mappings
		WHERE flow = $1 AND plane_workspace = $2 AND plane_project_id = $3 ORDER BY entity_key`

	// A refusal is tried again after one minute, then four, sixteen and so on, six
	// hours at most: whoever has to mend it may be asleep.
	sqlWait = `now() + least(interval '1 minute' * power(4, least(tries, 8)), interval '6 hours')`

	sqlBind = `UPDATE ops.plane_sync_mappings
		SET plane_issue_id = $4, state = $5, odoo_id = $6, content_hash = $7, last_pushed = $8, written = $9, refused = $10, sending = '{}',
			sent_before = '[]', shown_at = coalesce($13, shown_at),
			last_error = nullif($11, ''),
			tries = CASE $11 WHEN '' THEN 0 ELSE tries + 1 END,
			look_at = CASE $11 WHEN '' THEN NULL
				ELSE ` + sqlWait + ` END,
			updated_at = now(), last_synced_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3 AND (plane_issue_id = $4 OR plane_issue_id IS NULL AND $12)`

	sqlUnbind = `UPDATE ops.plane_sync_mappings
		SET plane_issue_id = NULL, state = 'intended', content_hash = '', last_pushed = '{}', written = '{}', notified = $4,
			refused = '{}', sending = '{}', sent_before = '[]', shown_at = NULL, look_at = NULL, tries = 0, updated_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	sqlSetProblem = `UPDATE ops.plane_sync_mappings SET last_error = $4, tries = tries + 1, look_at = ` + sqlWait + `, updated_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	sqlLookNow = `UPDATE ops.plane_sync_mappings SET look_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	// What was sent before stays on the books until a write is answered: the answer to
	// the earlier one was lost, or it is not known whether it was sent at all.
	sqlSending = `UPDATE ops.plane_sync_mappings SET sending = $4, sent_before = CASE
			WHEN sending = '{}' THEN '[]'
			WHEN sending = $4 OR sent_before @> jsonb_build_array(sending) THEN sent_before
			ELSE sent_before || jsonb_build_array(sending) END
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	// Whatever happened while a work item could not be written was not seen, so one
	// that comes back is compared in full.
	sqlSetState = `UPDATE ops.plane_sync_mappings SET state = $4, last_error = nullif($5, ''),
			look_at = CASE WHEN state = 'broken' AND $4 = 'linked' THEN now() END, updated_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3`

	sqlNoteNotified = `UPDATE ops.plane_sync_mappings SET notified = $2, updated_at = now() WHERE id = $1`

	sqlReplaceNotified = `UPDATE ops.plane_sync_mappings SET notified = $2, updated_at = now() WHERE id = $1 AND notified = $3`

	sqlNoteSeen = `UPDATE ops.plane_sync_mappings
		SET content_hash = $2, last_pushed = $3, written = $4, updated_at = now(), last_synced_at = now()
		WHERE id = $1 AND last_synced_at IS NOT DISTINCT FROM $5`

	// A write whose answer was lost may have been noted all the same; then the link
	// was synced since it was read, and there is no error to note.
	sqlSetError = `UPDATE ops.plane_sync_mappings SET last_error = $4, look_at = NULL, updated_at = now()
		WHERE entity_key = $1 AND plane_workspace = $2 AND plane_project_id = $3 AND last_synced_at IS NOT DISTINCT FROM $5`
)

// ByKey returns the link of a record, or ErrNoLink.
func (s *Store) ByKey(ctx context.Context, scope Scope, key Key) (Link, error) {
	return s.one(ctx, "reading the link of "+string(key), sqlByKey, key, scope.Workspace, scope.ProjectID)
}

// ByIssue returns the link of a work item, or ErrNoLink.
func (s *Store) ByIssue(ctx context.Context, workspace, issueID string) (Link, error) {
	return s.one(ctx, "reading the link of work item "+issueID, sqlByIssue, workspace, issueID)
}

// All returns the links of a flow, by key.
func (s *Store) All(ctx context.Context, scope Scope) ([]Link, error) {
	rows, err := s.db.Query(ctx, sqlAll, scope.Flow, scope.Workspace, scope.ProjectID)
	if err != nil {
		return nil, fmt.Errorf("reading the links of flow %s: %w", scope.Flow, err)
	}
	links, err := pgx.CollectRows(rows, pgx.RowToStructByName[Link])
	if err != nil {
		return nil, fmt.Errorf("reading the links of flow %s: %w", scope.Flow, err)
	}
	return links, nil
}

// Content is what is known of a work item's content after a write or a look.
type Content struct {
	// Pushed is what Odoo wanted and Plane showed, Written how Plane showed it.
	Pushed, Written Fields
	// Refused is what Plane did not take, and Why says so to a person.
	Refused Values
	Why     string
	// ShownAt is when Plane changed the work item last, by its own clock; zero leaves
	// what is known.
	ShownAt time.Time
}

func (c Content) shownAt() *time.Time {
	if c.ShownAt.IsZero() {
		return nil
	}
	return &c.ShownAt
}

// Sending notes what a write is about to send. It has to be durable before the call:
// it tells a write whose answer was lost from a person's edit. Bind ends it.
func (s *Store) Sending(ctx context.Context, scope Scope, key Key, values Values) error {
	return s.change(ctx, "noting what is sent for "+string(key), sqlSending, key, scope.Workspace, scope.ProjectID, values)
}

// Bind links the record to its work item and notes what was written there. It
// returns ErrIssueTaken when the work item is another record's, and ErrNoLink when
// the record is linked to another work item by now.
func (s *Store) Bind(ctx context.Context, scope Scope, key Key, odooID int64, issueID string, content Content) error {
	return s.bind(ctx, scope, key, Linked, odooID, issueID, content, true)
}

// Confirm notes what was written to the work item that the record is linked to.
// ErrNoLink says that it is not any more: the work item was found deleted while the
// write was under way, and must not be linked again by it.
func (s *Store) Confirm(ctx context.Context, scope Scope, key Key, odooID int64, issueID string, content Content) error {
	return s.bind(ctx, scope, key, Linked, odooID, issueID, content, false)
}

// Close confirms like Confirm and says that the record is gone and its work item
// cancelled.
func (s *Store) Close(ctx context.Context, scope Scope, key Key, odooID int64, issueID string, content Content) error {
	return s.bind(ctx, scope, key, Cancelled, odooID, issueID, content, false)
}

func (s *Store) bind(ctx context.Context, scope Scope, key Key, state State, odooID int64, issueID string, content Content, fresh bool) error {
	err := s.change(ctx, "linking "+string(key), sqlBind, key, scope.Workspace, scope.ProjectID,
		issueID, state, odooID, content.Pushed.Hash(), content.Pushed, content.Written, content.refused(), content.Why, fresh, content.shownAt())
	var broken *pgconn.PgError
	if errors.As(err, &broken) && broken.ConstraintName == "one_link_per_issue" {
		return fmt.Errorf("linking %s to work item %s: %w", key, issueID, ErrIssueTaken)
	}
	return err
}

func (c Content) refused() Values {
	if c.Refused == nil {
		return Values{} // The column holds an object.
	}
	return c.Refused
}

// Unbind forgets a work item that is gone from Plane. What is left is an
// intention, so whoever creates it again looks first.
func (s *Store) Unbind(ctx context.Context, scope Scope, key Key) error {
	return s.UnbindNotified(ctx, scope, key, "")
}

// UnbindNotified is Unbind for a flow that remembers what Odoo was told beyond the work
// item's life.
func (s *Store) UnbindNotified(ctx context.Context, scope Scope, key Key, notified string) error {
	return s.change(ctx, "unlinking "+string(key), sqlUnbind, key, scope.Workspace, scope.ProjectID, notified)
}

// SetState moves a link to another state and says why. A link that leaves Broken
// for Linked is due to be compared in full.
func (s *Store) SetState(ctx context.Context, scope Scope, key Key, state State, why string) error {
	return s.change(ctx, "marking the link of "+string(key), sqlSetState, key, scope.Workspace, scope.ProjectID, state, why)
}

// NoteNotified keeps what the flow told Odoo about the work item.
func (s *Store) NoteNotified(ctx context.Context, linkID int64, notified string) error {
	return s.change(ctx, "noting what Odoo was told", sqlNoteNotified, linkID, notified)
}

// ReplaceNotified is NoteNotified for whoever read the link before: ErrNoLink says that Odoo was
// told something else since.
func (s *Store) ReplaceNotified(ctx context.Context, seen Link, notified string) error {
	return s.change(ctx, "noting what Odoo was told", sqlReplaceNotified, seen.ID, notified, seen.Notified)
}

// NoteSeen keeps what Odoo wants after it was notified of a change in Plane, and what the
// work item looks like there. seen is the link as it was read before; ErrNoLink says
// that it was written since, so that what was concluded from it holds no longer.
func (s *Store) NoteSeen(ctx context.Context, seen Link, content Content) error {
	return s.change(ctx, "noting what Odoo took over", sqlNoteSeen, seen.ID, content.Pushed.Hash(), content.Pushed, content.Written, seen.LastSyncedAt)
}

// SetError notes on the link what went wrong last; Bind clears it. seen is the link
// as it was read before. ErrNoLink says that there is none any more, or that it
// was synced since, so that the error is about a write that took effect.
func (s *Store) SetError(ctx context.Context, scope Scope, key Key, seen Link, why string) error {
	return s.change(ctx, "noting the error of "+string(key), sqlSetError, key, scope.Workspace, scope.ProjectID, why, seen.LastSyncedAt)
}

// SetProblem notes why a work item cannot be written although Plane answers, and when
// it is looked at again: after waits that grow like those after a refusal.
func (s *Store) SetProblem(ctx context.Context, scope Scope, key Key, why string) error {
	return s.change(ctx, "noting the problem of "+string(key), sqlSetProblem, key, scope.Workspace, scope.ProjectID, why)
}

// LookNow ends a wait: the work item is compared in full the next time that anybody
// writes it.
func (s *Store) LookNow(ctx context.Context, scope Scope, key Key) error {
	return s.change(ctx, "ending the wait of "+string(key), sqlLookNow, key, scope.Workspace, scope.ProjectID)
}

func (s *Store) one(ctx context.Context, act, sql string, args ...any) (Link, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return Link{}, fmt.Errorf("%s: %w", act, err)
	}
	link, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Link])
	if errors.Is(err, pgx.ErrNoRows) {
		return Link{}, ErrNoLink
	}
	if err != nil {
		return Link{}, fmt.Errorf("%s: %w", act, err)
	}
	return link, nil
}

func (s *Store) change(ctx context.Context, act, sql string, args ...any) error {
	tag, err := s.db.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("%s: %w", act, ErrNoLink)
	}
	return nil
}
