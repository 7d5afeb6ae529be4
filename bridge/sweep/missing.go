package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// maxLooks is how many work items that are missing from the list one sweep looks
// for; the others have their turn in the next.
const maxLooks = 50

// maxFailedLooks is how many looks in a row may fail before the sweep takes it for
// trouble on the way and not for odd work items.
const maxFailedLooks = 3

// passes passes over a work item that could not be looked at, and reports whether the
// sweep goes on: always where the work item itself cannot be read, and for other
// answers until so many in a row failed that it is trouble on the way.
func (s *sweep) passes(id string, err error) bool {
	switch {
	case errors.Is(err, plane.ErrUnreadable), errors.Is(err, plane.ErrTooLarge):
	case (errors.Is(err, shown.ErrUnproven) || errors.Is(err, plane.ErrServer) || errors.Is(err, plane.ErrForeign)) && s.failed < maxFailedLooks-1:
		s.failed++
	default:
		return false
	}
	s.passOver(id, err)
	return true
}

// Brake says why nothing that is missing was looked for.
type Brake struct {
	Missing int `json:"missing"`
	Known   int `json:"known"`
	// Share is the share of the known work items that may be missing at once.
	Share float64 `json:"share"`
	// Project is what the project itself says: why its list lacks them, if it knows.
	Project string `json:"project,omitempty"`
}

func (b Brake) String() string {
	reason := "The project itself answers as it should. Do PLANE_BASE_URL, PLANE_WORKSPACE_SLUG and the project's id name the right Plane, and does a proxy answer in its place?"
	if b.Project != "" {
		reason = "They are " + b.Project + ": restore it, or make the API key's user a member of it"
	}
	return fmt.Sprintf("%d of %d known work items are missing from Plane's list at once, more than the %.0f %% that may be, so none is taken for deleted. "+
		"%s. If they are really gone, `reconcile --release` looks for each of them once", b.Missing, b.Known, 100*b.Share, strings.TrimSuffix(reason, "?"))
}

// lookForMissing looks for what is known and not in the list. An empty list is no
// proof of anything: archived projects, keys that lost their membership and proxies
// answer so. So many missing ones at once hold the brake, before any is looked for.
func (s *sweep) lookForMissing(ctx context.Context) error {
	missing, known := s.missing()
	s.report.Missing = len(missing)
	if len(missing) == 0 {
		return nil
	}
	if ledger.Brakes(len(missing), known, s.Brake) && !s.released {
		return s.hold(ctx, known)
	}
	turns, err := s.turns(ctx, missing)
	if err != nil {
		return err
	}
	return s.lookForEach(ctx, turns)
}

// hold asks the project for the reason, and concludes nothing.
func (s *sweep) hold(ctx context.Context, known int) error {
	at, err := s.Presence.Project(ctx, s.report.ProjectID)
	if err != nil {
		return err
	}
	s.report.Brake = &Brake{Missing: s.report.Missing, Known: known, Share: s.Brake}
	if at != shown.PlaceHere {
		s.report.Project, s.report.Brake.Project = string(at), string(at)
	}
	return nil
}

// missing lists what is not in the list and not known to be gone, and counts all
// that should be in it. What became known after the list was asked for is not missing.
// The row decides for a broken link: a write may have found the work item archived before
// anybody told the ledger.
func (s *sweep) missing() (missing []string, known int) {
	expected := make(map[string]bool, len(s.known))
	for id, row := range s.known {
		if !row.Gone() && row.Status != ledger.StatusOfArchived {
			expected[id] = !shown.IsAfter(row.ReportedAt, s.report.Started) && !shown.IsAfter(row.AskedAt, s.report.Started)
		}
	}
	for id, link := range s.linked {
		before, seen := expected[id]
		if link.State == mapping.Linked {
			expected[id] = (before || !seen) && !link.UpdatedAt.After(s.report.Started)
		}
	}
	for id, sure := range expected {
		if _, listed := s.items[id]; !listed && !s.passed[id] && sure {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	return missing, len(expected)
}

const (
	sqlLooks = `SELECT work_item_id, looked_at FROM ops.sweep_looks WHERE work_item_id = ANY($1)`

	sqlNoteLook = `INSERT INTO ops.sweep_looks (work_item_id, looked_at) VALUES ($1, clock_timestamp())
		ON CONFLICT (work_item_id) DO UPDATE SET looked_at = EXCLUDED.looked_at`

	sqlForgetLooks = `DELETE FROM ops.sweep_looks WHERE looked_at < now() - interval '90 days'`
)

// turns chooses whom to look for: those that were not looked for yet, then those for
// whom it is longest ago. Without turns the first fifty would be looked for each time
// and the others never.
func (s *sweep) turns(ctx context.Context, missing []string) ([]string, error) {
	type look struct {
		ID string    `db:"work_item_id"`
		At time.Time `db:"looked_at"`
	}
	rows, err := s.Pool.Query(ctx, sqlLooks, missing)
	if err != nil {
		return nil, fmt.Errorf("reading whose turn it is: %w", err)
	}
	looks, err := pgx.CollectRows(rows, pgx.RowToStructByName[look])
	if err != nil {
		return nil, fmt.Errorf("reading whose turn it is: %w", err)
	}
	last := make(map[string]time.Time, len(looks))
	for _, l := range looks {
		last[l.ID] = l.At
	}
	slices.SortStableFunc(missing, func(a, b string) int { return cmp.Or(last[a].Compare(last[b]), cmp.Compare(a, b)) })
	if len(missing) > maxLooks && !s.released {
		s.Logger.WarnContext(ctx, "more work items are missing than one sweep looks for; the next goes on",
			slog.Int("missing", len(missing)), slog.Int("looked_for", maxLooks))
		missing = missing[:maxLooks]
	}
	return missing, nil
}

func (s *sweep) lookForEach(ctx context.Context, ids []string) error {
	for _, id := range ids {
		// Noted before the look, so that one that fails each time does not hold up the others.
		if _, err := s.Pool.Exec(ctx, sqlNoteLook, id); err != nil {
			return fmt.Errorf("noting whose turn it was: %w", err)
		}
		found, err := s.Presence.WhereIs(ctx, s.flow.Scope(), s.linked[id].Key, id)
		switch {
		case err != nil && s.passes(id, err):
			continue
		case err != nil:
			return err
		}
		s.failed = 0
		if err := s.conclude(ctx, id, found); err != nil {
			return err
		}
		if s.report.Project != "" {
			return nil // It is so for all of them.
		}
	}
	return nil
}

// conclude feeds what became of a missing work item.
func (s *sweep) conclude(ctx context.Context, id string, found shown.Whereabouts) error {
	switch found.Place {
	case shown.PlaceDeleted, shown.PlaceDeletedOrArchived:
		s.report.Deleted++
		return s.feed(ctx, plane.ActionDeleted, s.unseen(id, s.report.ProjectID))
	case shown.PlaceArchived:
		s.report.Archived++
	case shown.PlaceMoved:
		s.report.Moved++
	case shown.PlaceIntake:
		s.report.InIntake++
		return nil
	case shown.PlaceHere:
	default:
		s.report.Project = string(found.Place)
		return nil
	}
	item, err := s.shown(ctx, id, found)
	if err != nil {
		return err
	}
	if found.Place == shown.PlaceHere {
		return s.consider(ctx, item) // It moved between two pages while they were read.
	}
	return s.feed(ctx, plane.ActionUpdated, item)
}

// shown is how a work item was shown where it was found. Of one in a project that
// the key may not look into, only that is known.
func (s *sweep) shown(ctx context.Context, id string, found shown.Whereabouts) (shown.Item, error) {
	projectID := cmp.Or(found.ProjectID, s.report.ProjectID)
	if found.Item.ID == "" {
		return s.unseen(id, projectID), nil
	}
	item, err := s.Reader.Read(ctx, projectID, found.Item, false)
	if err != nil {
		return item, fmt.Errorf("reading work item %s: %w", id, err)
	}
	return item, nil
}

// unseen is a work item that nothing shows, as it was known.
func (s *sweep) unseen(id, projectID string) shown.Item {
	row := s.known[id]
	return shown.Item{
		WorkItemState: bridge.WorkItemState{ID: id}, ProjectID: projectID,
		Shown: plane.WorkItem{ID: id, Name: row.Title, UpdatedAt: plane.Time{Time: row.UpdatedAt}},
	}
}
