package observe

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// Metrics are what /metrics shows.
type Metrics struct {
	registry *prometheus.Registry
	webhooks *prometheus.CounterVec
	verdicts *prometheus.CounterVec
	mirrored *prometheus.CounterVec
	panics   *prometheus.CounterVec
}

// NewMetrics returns empty metrics for the kinds of job that there are; gauges are read
// anew from the database at each scrape.
func NewMetrics(pool *pgxpool.Pool, kinds []string, gauges []bridge.Gauge) *Metrics {
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
	m.beginAtZero(kinds)
	m.registry.MustRegister(m.webhooks, m.verdicts, m.mirrored, m.panics, newDatabaseCollector(pool, gauges),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// beginAtZero shows the answers that alerts count before the first of them is
// given: to Prometheus, a series that appears at 1 has not increased.
func (m *Metrics) beginAtZero(kinds []string) {
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		m.webhooks.WithLabelValues(strconv.Itoa(status), "false")
	}
	for _, kind := range kinds {
		m.panics.WithLabelValues(kind)
	}
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Webhook counts the answer to a webhook.
func (m *Metrics) Webhook(status int, duplicate bool) {
	m.webhooks.WithLabelValues(strconv.Itoa(status), strconv.FormatBool(duplicate)).Inc()
}

// Verdict counts what became of a piece of work.
func (m *Metrics) Verdict(kind, verdict string) { m.verdicts.WithLabelValues(kind, verdict).Inc() }

// Panicked counts a panic.
func (m *Metrics) Panicked(kind string) { m.panics.WithLabelValues(kind).Inc() }

// Mirror counts what was done for one record of a flow.
func (m *Metrics) Mirror(flow, action string) { m.mirrored.WithLabelValues(flow, action).Inc() }

// databaseCollector reads gauges that live in the database, so that every replica
// shows the same and a restart loses nothing.
type databaseCollector struct {
	pool   *pgxpool.Pool
	gauges []bridge.Gauge
	descs  []*prometheus.Desc
}

func newDatabaseCollector(pool *pgxpool.Pool, gauges []bridge.Gauge) *databaseCollector {
	c := &databaseCollector{pool: pool, gauges: gauges}
	for _, gauge := range gauges {
		c.descs = append(c.descs, prometheus.NewDesc(gauge.Name, gauge.Help, gauge.Labels, nil))
	}
	return c
}

// Describe names the metrics.
func (c *databaseCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		descs <- desc
	}
}

// Collect reads the gauges. While the database is away they are absent; /readyz says
// why.
func (c *databaseCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for i, gauge := range c.gauges {
		c.count(ctx, metrics, c.descs[i], gauge.SQL)
	}
}

func (c *databaseCollector) count(ctx context.Context, metrics chan<- prometheus.Metric, desc *prometheus.Desc, sql string) {
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
