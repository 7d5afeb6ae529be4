package bridge

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/riverqueue/river"
)

// Metrics are what /metrics shows.
type Metrics struct {
	registry *prometheus.Registry
	webhooks *prometheus.CounterVec
	verdicts *prometheus.CounterVec
	mirrored *prometheus.CounterVec
	panics   *prometheus.CounterVec
}

// NewMetrics returns empty metrics; what is read from the database is read anew
// at each scrape.
func NewMetrics(pool *pgxpool.Pool) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bridge_webhooks_total", Help: "Plane webhooks by HTTP status and whether they were duplicates.",
		}, []string{"status", "duplicate"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bridge_work_total", Help: "Pieces of work by kind and what became of them.",
		}, []string{"kind", "verdict"}),
		mirrored: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bridge_mirrored_total", Help: "Work items written to Plane by flow and action.",
		}, []string{"flow", "action"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bridge_panics_total", Help: "Pieces of work that panicked, by kind: faults of the bridge itself.",
		}, []string{"kind"}),
	}
	m.beginAtZero()
	m.registry.MustRegister(m.webhooks, m.verdicts, m.mirrored, m.panics, newLedgerCollector(pool),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// beginAtZero shows the answers that alerts count before the first of them is
// given: to Prometheus, a series that appears at 1 has not increased.
func (m *Metrics) beginAtZero() {
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		m.webhooks.WithLabelValues(strconv.Itoa(status), "false")
	}
	for _, job := range []river.JobArgs{
		deliveryJob{}, odooChangeJob{}, mirrorJob{}, syncJob{}, sweepJob{}, writeBackJob{}, reviveJob{}, cleanupJob{},
	} {
		m.panics.WithLabelValues(job.Kind())
	}
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

func (m *Metrics) webhook(r reply) {
	m.webhooks.WithLabelValues(strconv.Itoa(r.status), strconv.FormatBool(r.answer.Duplicate)).Inc()
}

func (m *Metrics) verdict(kind string, v Verdict) {
	m.verdicts.WithLabelValues(kind, v.kind.String()).Inc()
}

func (m *Metrics) panicked(kind string) { m.panics.WithLabelValues(kind).Inc() }

func (m *Metrics) mirror(flow string, action Action) {
	m.mirrored.WithLabelValues(flow, string(action)).Inc()
}

// ledgerCollector reads counts that live in the database, so that every replica
// shows the same and a restart loses nothing.
type ledgerCollector struct {
	pool       *pgxpool.Pool
	deliveries *prometheus.Desc
	jobs       *prometheus.Desc
	links      *prometheus.Desc
	brakes     *prometheus.Desc
	silent     *prometheus.Desc
}

func newLedgerCollector(pool *pgxpool.Pool) *ledgerCollector {
	return &ledgerCollector{
		pool:       pool,
		deliveries: prometheus.NewDesc("bridge_deliveries", "Deliveries in the ledger by status.", []string{"status"}, nil),
		jobs:       prometheus.NewDesc("bridge_jobs", "Jobs in the queue by kind and state, finished ones left out.", []string{"kind", "state"}, nil),
		links:      prometheus.NewDesc("bridge_links", "Links by state; error are those, of any state but broken, whose work item is not as Odoo wants it.", []string{"state"}, nil),
		brakes:     prometheus.NewDesc("bridge_brake_held", "What the brake holds now by direction: records gone from Odoo (to_plane), work items missing from Plane's list (from_plane).", []string{"direction"}, nil),
		silent:     prometheus.NewDesc("bridge_webhook_silent", "Whether Plane's webhook is silent for a project (1) or not (0), until it is heard again.", []string{"project"}, nil),
	}
}

// Describe names the metrics.
func (c *ledgerCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- c.deliveries
	descs <- c.jobs
	descs <- c.links
	descs <- c.brakes
	descs <- c.silent
}

// sqlDeliveriesByStatus shows a state that no delivery is in as 0, so that a
// missing count always means that the database could not be asked.
const sqlDeliveriesByStatus = `SELECT known.status, '', coalesce(counted.n, 0)
	FROM unnest(ARRAY['received', 'processed', 'failed', 'ignored', 'dead']) AS known (status)
	LEFT JOIN (SELECT status, count(*) AS n FROM ops.plane_webhook_deliveries GROUP BY status) AS counted USING (status)`

const sqlHeldByDirection = `SELECT known.direction, '', coalesce(sum(b.held), 0)::bigint
	FROM unnest(ARRAY['to_plane', 'from_plane']) AS known (direction) LEFT JOIN ops.brakes b USING (direction) GROUP BY known.direction`

const sqlSilentByProject = `SELECT swept.plane_project_id, '', (silent.plane_project_id IS NOT NULL)::int::bigint
	FROM (SELECT DISTINCT plane_project_id FROM ops.sweeps) AS swept
	LEFT JOIN (SELECT DISTINCT plane_project_id FROM (` + sqlSilences + `) AS known) AS silent USING (plane_project_id)`

// sqlLinksByState counts a link with an error twice, by its state and as an error.
const sqlLinksByState = `SELECT known.state, '', count(m.id)
	FROM unnest(ARRAY['intended', 'linked', 'cancelled', 'broken', 'error']) AS known (state)
	LEFT JOIN ops.plane_sync_mappings m
		ON m.state = known.state OR known.state = 'error' AND m.last_error IS NOT NULL AND m.state <> 'broken'
	GROUP BY known.state`

// Collect reads the counts. While the database is away these metrics are absent;
// /readyz says why.
func (c *ledgerCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c.count(ctx, metrics, c.deliveries, sqlDeliveriesByStatus)
	c.count(ctx, metrics, c.brakes, sqlHeldByDirection)
	c.count(ctx, metrics, c.silent, sqlSilentByProject)
	c.count(ctx, metrics, c.links, sqlLinksByState)
	c.count(ctx, metrics, c.jobs, `SELECT kind, state::text, count(*) FROM ops.river_job WHERE finalized_at IS NULL GROUP BY kind, state`)
}

func (c *ledgerCollector) count(ctx context.Context, metrics chan<- prometheus.Metric, desc *prometheus.Desc, sql string) {
	rows, err := c.pool.Query(ctx, sql)
	if err != nil {
		metrics <- prometheus.NewInvalidMetric(desc, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var first, second string
		var n int64
		if err := rows.Scan(&first, &second, &n); err != nil {
			metrics <- prometheus.NewInvalidMetric(desc, err)
			return
		}
		labels := []string{first}
		if second != "" {
			labels = append(labels, second)
		}
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), labels...)
	}
	if err := rows.Err(); err != nil {
		metrics <- prometheus.NewInvalidMetric(desc, err)
	}
}
