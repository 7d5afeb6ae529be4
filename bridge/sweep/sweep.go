package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgclock"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// webhookGrace is how old a change has to be before a scheduled sweep takes it
// for one that no webhook will tell of.
const webhookGrace = time.Minute

// SweepTimeout bounds a sweep. At the lowest rate it is enough for some hundred
// pages.
const SweepTimeout = 10 * time.Minute

// Report is what a sweep found.
type Report struct {
	Flow      string    `json:"flow"`
	ProjectID string    `json:"project_id"`
	Started   time.Time `json:"started"`
	// Items are the work items listed, and Requests what listing them took.
	Items    int `json:"items"`
	Requests int `json:"requests"`
	// Missed are changes that no webhook reported; Deleted and Archived among them
	// are counted apart.
	Missed int `json:"untold"`
	// FirstSeen are work items of the bridge's own making that were not known yet.
	FirstSeen int `json:"first_seen"`
	Deleted   int `json:"deleted"`
	Archived  int `json:"archived"`
	// Drifted are work items in which somebody changed what Odoo owns.
	Drifted int `json:"drifted"`
	// Doubled are work items beyond the first that carry one external pair, and
	// Orphaned those that carry one of ours and are linked to nothing.
	Doubled  int `json:"doubled"`
	Orphaned int `json:"orphaned"`
	// Moved are linked work items that are in another project now, InIntake those that
	// wait in Intake. Neither is deleted nor made again.
	Moved    int `json:"moved"`
	InIntake int `json:"in_intake"`
	// Missing are work items that are known and not in the list, counted before any of
	// them was looked for.
	Missing int `json:"missing"`
	// Unreadable are work items that could not be read or looked for; what is known of
	// them stays.
	Unreadable []UnreadableItem `json:"unreadable,omitempty"`
	// Project says what is wrong with the project, where it is the reason why work
	// items are missing.
	Project string `json:"project,omitempty"`
	// Brake is set when so many work items are missing that none was looked for.
	Brake *Brake `json:"brake,omitempty"`
	// WebhookSilent says that changes were made and no webhook came since: Plane
	// has probably switched the webhook off.
	WebhookSilent bool `json:"webhook_silent"`
}

// UnreadableItem is a work item that a sweep passed over, and why.
type UnreadableItem struct {
	ID  string `json:"work_item"`
	Why string `json:"why"`
}

// Found is how many things a sweep has to repair or report.
func (r Report) Found() int {
	return r.Missed + r.Deleted + r.Archived + r.Moved + r.Drifted + r.Doubled + r.Orphaned
}

// news reports whether there is something that an operator has not been told: duplicates
// and orphans that wait for a person are said once.
func (r Report) news(before lastReport) bool {
	return r.Missed+r.Deleted+r.Archived+r.Moved+r.Drifted > 0 || r.Doubled > before.Doubled || r.Orphaned > before.Orphaned
}

// Sweeper finds what webhooks did not tell: they are lost when Plane gives up
// on them, and Community sends none for deletes. What it finds goes through the
// inbox, so that one path does the work.
type Sweeper struct {
	Pool   *pgxpool.Pool
	Links  *mapping.Store
	Plane  *plane.Client
	Reader shown.Reader
	// Presence proves that a work item is gone before anything is concluded from it.
	Presence *shown.Presence
	Inbox    *ledger.Inbox
	Queue    *queue.Queue
	// Brake is the share of the known work items that may be missing at once.
	Brake  float64
	Logger *slog.Logger
	Now    func() time.Time
}

// sweep is one run.
type sweep struct {
	*Sweeper
	flow  bridge.Flow
	grace time.Duration
	// released lets the brake go and looks for everything that is missing.
	released bool
	report   Report
	// listed is when the list had come, by the clock that edits are aged by. The request
	// for it may have waited long for the rate limit.
	listed time.Time
	// missed are the times of the changes that a webhook should have reported.
	missed []time.Time
	// before is what the sweep before this one reported.
	before lastReport
	items  map[string]shown.Item
	passed map[string]bool // listed, and not readable
	// failed is how many looks in a row failed.
	failed int
	order  []string
	known  map[string]ledger.WorkItem
	linked map[string]mapping.Link // by work item
	keys   map[mapping.Key]string  // of all links, with their work items; "" where none is bound
}

// Sweep compares a flow's project with what is known, and feeds what differs
// through the inbox. Changes younger than grace are left to their webhooks. It
// costs one request per hundred work items, plus a few for each that is missing.
func (r *Sweeper) Sweep(ctx context.Context, flow bridge.Flow, grace time.Duration) (Report, error) {
	return r.sweep(ctx, &sweep{flow: flow, grace: grace})
}

// SweepReleased sweeps like Sweep, without grace and without the brake: for the one
// run in which somebody has looked at what it holds.
func (r *Sweeper) SweepReleased(ctx context.Context, flow bridge.Flow) (Report, error) {
	return r.sweep(ctx, &sweep{flow: flow, released: true})
}

func (r *Sweeper) sweep(ctx context.Context, s *sweep) (Report, error) {
	scope := s.flow.Scope()
	s.Sweeper, s.report = r, Report{Flow: scope.Flow, ProjectID: scope.ProjectID}
	for _, step := range []func(context.Context) error{s.begin, s.list, s.readKnown, s.compare, s.lookForMissing, s.judgeWebhook, s.save} {
		if err := step(plane.WithLane(ctx, plane.LaneSweep)); err != nil {
			return s.report, fmt.Errorf("sweeping project %s: %w", scope.ProjectID, err)
		}
	}
	return s.report, nil
}

// begin notes when the list is asked for, by the database's clock. What is written
// after that is newer than the list, and the list says nothing about it.
func (s *sweep) begin(ctx context.Context) error {
	now, err := pgclock.Now(ctx, s.Pool)
	s.report.Started = now.UTC()
	return err
}

// readKnown reads what is known after the list was read, so that whatever became
// known meanwhile is seen as newer.
func (s *sweep) readKnown(ctx context.Context) error {
	scope := s.flow.Scope()
	rows, err := ledger.WorkItemsIn(s.Pool).InProject(ctx, scope.ProjectID)
	if err != nil {
		return err
	}
	s.known = make(map[string]ledger.WorkItem, len(rows))
	for _, row := range rows {
		s.known[row.ExternalID] = row
	}
	if s.before, err = s.lastReport(ctx); err != nil {
		return err
	}
	links, err := s.Links.All(ctx, scope)
	if err != nil {
		return err
	}
	s.linked, s.keys = make(map[string]mapping.Link, len(links)), make(map[mapping.Key]string, len(links))
	for _, link := range links {
		s.keys[link.Key] = link.Issue()
		if link.IssueID != nil {
			s.linked[link.Issue()] = link
		}
	}
	return nil
}

// list reads the project in the order of creation: rows do not move between
// pages then while people work, except that a delete shifts those behind it, which
// is why a missing one is looked for before anything is concluded.
func (s *sweep) list(ctx context.Context) error {
	s.items = make(map[string]shown.Item)
	project, read := s.flow.Scope().ProjectID, 0
	for item, err := range s.Plane.WorkItems(ctx, project, plane.ListOptions{OrderBy: "created_at", View: shown.View, Partial: true}) {
		read++
		var odd *plane.ItemError
		if errors.As(err, &odd) {
			s.passOver(odd.ID, odd)
			continue
		}
		if err != nil {
			return s.refused(ctx, fmt.Errorf("listing work items: %w", err))
		}
		if item.Name == "" {
			s.passOver(item.ID, shown.ErrNameless)
			continue
		}
		seen, err := s.Reader.Read(ctx, project, item, false)
		if err != nil {
			return fmt.Errorf("reading work item %s: %w", item.ID, err)
		}
		if _, again := s.items[item.ID]; !again {
			s.order = append(s.order, item.ID)
		}
		s.items[item.ID] = seen
	}
	s.report.Items, s.listed = len(s.items), s.Now()
	s.report.Requests = max(1, (read+plane.DefaultPerPage-1)/plane.DefaultPerPage)
	return nil
}

// refused adds to a refused list what the project itself says.
func (s *sweep) refused(ctx context.Context, err error) error {
	if !errors.Is(err, plane.ErrForbidden) && !errors.Is(err, plane.ErrNotFound) {
		return err
	}
	if at, asked := s.Presence.Project(ctx, s.report.ProjectID); asked == nil && at != shown.PlaceHere {
		return fmt.Errorf("%w; the work items are %s", err, at)
	}
	return err
}

// passOver reports a work item that cannot be read, and goes on: one odd work item
// must not end the sweep of all others.
func (s *sweep) passOver(id string, why error) {
	if s.passed == nil {
		s.passed = make(map[string]bool)
	}
	s.passed[id] = true
	s.report.Unreadable = append(s.report.Unreadable, UnreadableItem{ID: id, Why: why.Error()})
}

// Work runs a scheduled sweep.
func (r *Sweeper) Work(ctx context.Context, all bridge.Flows, job queue.SweepJob) bridge.Verdict {
	flow, found := all.ByName(job.Flow)
	if !found {
		return bridge.Ignored("flow " + job.Flow + " is switched off")
	}
	grace := webhookGrace
	if job.Owed {
		grace = 0
	}
	report, err := r.Sweep(ctx, flow, grace)
	if err != nil {
		return bridge.VerdictOfPlane(err)
	}
	if report.Brake != nil {
		return bridge.Done("held by the brake: " + report.Brake.String())
	}
	return bridge.Done(fmt.Sprintf("%d found", report.Found()))
}
