package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// webhookGrace is how old a change has to be before a scheduled sweep takes it
// for one that no webhook will tell of.
const webhookGrace = time.Minute

// sweepTimeout bounds a sweep. At the lowest rate it is enough for some hundred
// pages.
const sweepTimeout = 10 * time.Minute

// maxLooks is how many work items that are missing from the list one sweep looks
// up; the rest is left to the next.
const maxLooks = 50

// sweepJob looks for changes that no webhook told of.
type sweepJob struct {
	Flow string `json:"flow"`
	// Owed says that webhooks were refused. Their changes are looked for however
	// young they are.
	Owed bool `json:"owed,omitempty"`
}

// Kind names the job in the queue.
func (sweepJob) Kind() string { return "reconcile" }

// InsertOpts says where and how often it is tried.
func (sweepJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 2}
}

// SweepReport is what a sweep found.
type SweepReport struct {
	Flow      string    `json:"flow"`
	ProjectID string    `json:"project_id"`
	Started   time.Time `json:"started"`
	// Items are the work items listed, and Requests what listing them took.
	Items    int `json:"items"`
	Requests int `json:"requests"`
	// Untold are changes that no webhook told of; Deleted and Archived among them
	// are counted apart.
	Untold   int `json:"untold"`
	Deleted  int `json:"deleted"`
	Archived int `json:"archived"`
	// Drifted are work items in which somebody changed what Odoo owns.
	Drifted int `json:"drifted"`
	// Doubled are work items beyond the first that carry one external pair, and
	// Orphaned those that carry one of ours and are linked to nothing.
	Doubled  int `json:"doubled"`
	Orphaned int `json:"orphaned"`
	// WebhookSilent says that changes were made and no webhook came since: Plane
	// has probably switched the webhook off.
	WebhookSilent bool `json:"webhook_silent"`
}

// Found is how many things a sweep has to repair or report.
func (r SweepReport) Found() int {
	return r.Untold + r.Deleted + r.Archived + r.Drifted + r.Doubled + r.Orphaned
}

// Reconciler finds what webhooks did not tell: they are lost when Plane gives up
// on them, and Community sends none for deletes. What it finds goes through the
// inbox, so that one path does the work.
type Reconciler struct {
	pool   *pgxpool.Pool
	links  *mapping.Store
	plane  *plane.Client
	inbox  *Inbox
	logger *slog.Logger
	now    func() time.Time
}

// sweep is one run.
type sweep struct {
	*Reconciler
	flow   Flow
	grace  time.Duration
	report SweepReport
	// oldest is when the oldest change happened that no webhook told of.
	oldest time.Time
	items  map[string]plane.WorkItem
	order  []string
	known  map[string]WorkItem
	linked map[string]mapping.Link // by work item
	keys   map[mapping.Key]bool    // of all links, bound or not
}

// Sweep compares a flow's project with what is known, and feeds what differs
// through the inbox. Changes younger than grace are left to their webhooks. It
// costs one request per hundred work items, plus one for each that is missing.
func (r *Reconciler) Sweep(ctx context.Context, flow Flow, grace time.Duration) (SweepReport, error) {
	scope := flow.Scope()
	s := &sweep{
		Reconciler: r, flow: flow, grace: grace,
		report: SweepReport{Flow: scope.Flow, ProjectID: scope.ProjectID, Started: r.now().UTC()},
	}
	for _, step := range []func(context.Context) error{s.readKnown, s.list, s.compare, s.lookForMissing, s.judgeWebhook, s.save} {
		if err := step(plane.WithLane(ctx, plane.LaneSweep)); err != nil {
			return s.report, fmt.Errorf("sweeping project %s: %w", scope.ProjectID, err)
		}
	}
	r.log(ctx, s.report)
	return s.report, nil
}

func (s *sweep) readKnown(ctx context.Context) error {
	scope := s.flow.Scope()
	rows, err := workItems{s.pool}.inProject(ctx, scope.ProjectID)
	if err != nil {
		return err
	}
	s.known = make(map[string]WorkItem, len(rows))
	for _, row := range rows {
		s.known[row.ExternalID] = row
	}
	links, err := s.links.All(ctx, scope)
	if err != nil {
		return err
	}
	s.linked, s.keys = make(map[string]mapping.Link, len(links)), make(map[mapping.Key]bool, len(links))
	for _, link := range links {
		s.keys[link.Key] = true
		if link.IssueID != nil {
			s.linked[link.Issue()] = link
		}
	}
	return nil
}

// list reads the project in the order of creation: rows do not move between
// pages then while people work, except that a delete shifts those behind it, which
// is why a missing one is looked up before anything is concluded.
func (s *sweep) list(ctx context.Context) error {
	s.items = make(map[string]plane.WorkItem)
	options := plane.ListOptions{OrderBy: "created_at", View: plane.View{Expand: []string{"state", "labels", "assignees"}}}
	read := 0
	for item, err := range s.plane.WorkItems(ctx, s.flow.Scope().ProjectID, options) {
		if err != nil {
			return fmt.Errorf("listing work items: %w", err)
		}
		if _, again := s.items[item.ID]; !again {
			s.items[item.ID] = item
			s.order = append(s.order, item.ID)
		}
		read++
	}
	s.report.Items = len(s.items)
	s.report.Requests = max(1, (read+plane.DefaultPerPage-1)/plane.DefaultPerPage)
	return nil
}

func (s *sweep) judgeWebhook(ctx context.Context) error {
	if s.oldest.IsZero() {
		return nil
	}
	var last *time.Time
	err := s.pool.QueryRow(ctx, sqlLastWebhook, s.report.ProjectID).Scan(&last)
	if err != nil {
		return fmt.Errorf("reading when the last webhook came: %w", err)
	}
	s.report.WebhookSilent = last == nil || last.Before(s.oldest)
	return nil
}

const (
	sqlLastWebhook = `SELECT max(received_at) FROM ops.plane_webhook_deliveries WHERE origin = 'webhook' AND project_id = $1`

	sqlForgetSweeps = `DELETE FROM ops.sweeps WHERE finished_at < now() - interval '90 days'`

	sqlSaveSweep = `INSERT INTO ops.sweeps (flow, plane_project_id, started_at, items, requests, untold, deleted, archived,
			drifted, doubled, orphaned, webhook_silent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
)

func (s *sweep) save(ctx context.Context) error {
	r := s.report
	_, err := s.pool.Exec(ctx, sqlSaveSweep, r.Flow, r.ProjectID, r.Started, r.Items, r.Requests, r.Untold, r.Deleted, r.Archived,
		r.Drifted, r.Doubled, r.Orphaned, r.WebhookSilent)
	if err != nil {
		return fmt.Errorf("keeping the sweep's report: %w", err)
	}
	return nil
}

func (r *Reconciler) log(ctx context.Context, report SweepReport) {
	log := r.logger.With(slog.String("flow", report.Flow), slog.Int("items", report.Items), slog.Int("requests", report.Requests),
		slog.Int("untold", report.Untold), slog.Int("deleted", report.Deleted), slog.Int("archived", report.Archived),
		slog.Int("drifted", report.Drifted), slog.Int("doubled", report.Doubled), slog.Int("orphaned", report.Orphaned))
	switch {
	case report.WebhookSilent:
		log.ErrorContext(ctx, "Plane's webhook is silent: changes were made and none was told. Plane has probably switched it off; switch it on again in the workspace's settings")
	case report.Found() > 0:
		log.WarnContext(ctx, "the sweep found what no webhook told of")
	default:
		log.InfoContext(ctx, "the sweep found nothing that webhooks had not told")
	}
}

// work runs a scheduled sweep.
func (r *Reconciler) work(ctx context.Context, all flows, job sweepJob) Verdict {
	flow, found := all.byName(job.Flow)
	if !found {
		return Ignored("flow " + job.Flow + " is switched off")
	}
	grace := webhookGrace
	if job.Owed {
		grace = 0
	}
	report, err := r.Sweep(ctx, flow, grace)
	if err != nil {
		return verdictOfPlane(err)
	}
	return Done(fmt.Sprintf("%d found", report.Found()))
}
