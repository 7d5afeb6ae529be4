package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/engine"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/web"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

const faultSecret = "fault-webhook-secret"

var silent = slog.New(slog.DiscardHandler)

// world is a Plane, an Odoo and a database with webhooks under way between them.
// It lives in a synctest bubble: the far sides are reached without sockets, and
// time passes only while nobody talks to the database, so waits cost nothing.
type world struct {
	t     *testing.T
	queue *pgxpool.Pool
	plane *planetest.Server
	odoo  *odootest.Server
	mail  *mailbox
	// office is a real Odoo in place of the simulated one; nil is none.
	office *realOffice
	// twist changes the bodies of Plane's answers to processes that start from now on;
	// nil leaves them as they are.
	twist func(r *http.Request, body []byte) []byte
	// key is the API key that processes have for Plane; empty is none.
	key string
	// fates are those of all processes of this world.
	fates []*fate
	// lanes are what the rate budget for Plane was asked for.
	lanes laneBook
	// wrap puts a test's own flow around the one of the deadlines; nil does not.
	wrap func(bridge.Flow) bridge.Flow
	// configure changes how the flow is set up; nil leaves it.
	configure func(*bir.Config)
	// persons are those who consented to be acted for, as a process knows them; nil is
	// nobody.
	persons func(*process) mirror.People
	// reportDrift leaves edits of what Odoo owns as they are.
	reportDrift bool
	// explored takes turns in this world; nil when nobody does.
	explored *explored
}

// realOffice is how a real Odoo is reached, and which of its modules has the
// deadlines.
type realOffice struct{ url, database, login, key, module string }

// newWorld empties the database and puts two fresh servers beside it, with one
// deadline in Odoo.
func newWorld(t *testing.T, queue *pgxpool.Pool) *world {
	t.Helper()
	return newWorldOf(t, queue, planetest.Options{})
}

// newWorldOf is a new world with another kind of Plane.
func newWorldOf(t *testing.T, queue *pgxpool.Pool, options planetest.Options) *world {
	t.Helper()
	w := &world{t: t, queue: queue, mail: &mailbox{}}
	w.lanes.Budget = plane.NewBudget(plane.WithAssumedLimit(1_000_000))
	options.Limit, options.WebhookTransport = 1_000_000, w.mail
	w.plane = planetest.New(options)
	w.key = w.plane.BotKey()
	w.plane.AddWebhook("http://bridge.example/api/webhooks/plane", faultSecret, planetest.V1)
	w.odoo = odootest.New(odootest.Options{WithPlaneFields: true})
	w.addDeadline()
	_, err := w.queue.Exec(context.Background(),
		"DELETE FROM ops.plane_webhook_deliveries; DELETE FROM ops.work_items; DELETE FROM ops.plane_sync_mappings; DELETE FROM ops.river_job; DELETE FROM ops.sweeps; DELETE FROM ops.refused_webhooks")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The one deadline, as Odoo's generator makes it, and its external id in Plane.
const (
	deadlineKey  = "1/2550M/2000/1"
	deadlinePair = "bir.filing.deadline," + deadlineKey
)

func (w *world) addDeadline() {
	w.odoo.Add(bir.Model, map[string]any{
		"name": "2550M - 01/2000", "form_type": "2550M", "period_year": int64(2000), "period_month": int64(1), "deadline_date": "2000-02-20",
	})
}

func (w *world) close() { w.plane.Close() }

// item is the deadline's work item.
func (w *world) item() string {
	w.t.Helper()
	for _, item := range w.plane.ItemsByExternalID(mapping.ExternalSource, deadlinePair) {
		if !item.Deleted {
			return item.ID
		}
	}
	w.t.Fatal("the deadline has no work item")
	return ""
}

// must ends the test when something that a person does in Plane is refused.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// process is one bridge process with a fate.
type process struct {
	*fate
	ctx      context.Context //nolint:containedctx // It is the process's life.
	pool     *pgxpool.Pool
	bridge   worked
	receiver *web.Receiver
}

// start starts a bridge over the world. The fault strikes it alone; noFault starts
// one that nothing happens to.
func (w *world) start(at int, kind fault) *process {
	w.t.Helper()
	p := &process{fate: &fate{at: at, kind: kind, slowCreates: w.plane.SlowCreates}}
	w.fates = append(w.fates, p.fate)
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.pool = w.queue
	switch kind {
	case noFault:
	case scheduled:
		p.pool = w.explored.pool()
	default:
		p.pool = w.faultyPool(p.fate)
	}
	queue, err := queue.New(p.pool, queue.Config{InstanceID: instance, Workers: 1, Logger: silent})
	if err != nil {
		w.t.Fatal(err)
	}
	metrics := engine.NewMetrics(p.pool)
	var people mirror.People
	if w.persons != nil {
		people = w.persons(p)
	}
	p.bridge = worked{w: w, Engine: engine.New(engine.Config{
		Pool: p.pool, Queue: queue, Plane: w.planeClient(p.fate), Workspace: w.plane.WorkspaceSlug(), AppURL: "https://plane.example",
		Flows: []bridge.Flow{w.flow(p.fate)}, Remote: w.checks(p.fate), Metrics: metrics, Logger: silent, CancelBrake: 0.5, Retention: time.Hour,
		ReportDrift: w.reportDrift, People: people,
	})}
	secrets := web.Secrets{
		Webhook: func() []string { return []string{faultSecret} }, OdooToken: func() string { return "" }, Admin: func() string { return "" },
	}
	p.receiver = web.New(ledger.NewInbox(p.pool, queue), queue, secrets, engine.NewHealth(p.pool, nil), metrics, silent)
	return p
}

func (w *world) faultyPool(f *fate) *pgxpool.Pool {
	w.t.Helper()
	config := w.queue.Config()
	config.ConnConfig.DialFunc, config.ConnConfig.Tracer = f.dial, f
	config.ConnConfig.RuntimeParams["application_name"] = faultyName
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		w.t.Fatal(err)
	}
	return pool
}

// faultyName is how the database knows the connections of a process with a fate.
const faultyName = "faulty"

// awaitEnd waits until the database has noticed that a dead process is gone, and with
// it its locks.
func (w *world) awaitEnd() {
	w.t.Helper()
	for left := 1; left > 0; {
		err := w.queue.QueryRow(context.Background(),
			"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1", faultyName).Scan(&left)
		w.must(err)
	}
}

// worldMaxBody is the largest answer that the world's client reads: enough for all
// that tests put there but what they want to be too large.
const worldMaxBody = 1 << 20

// planeAnswers is the way to Plane, which may twist what it answers.
func (w *world) planeAnswers() http.RoundTripper {
	if w.twist == nil {
		return w.plane.RoundTripper()
	}
	return twisted{w.plane.RoundTripper(), w.twist}
}

func (w *world) planeClient(f *fate) *plane.Client {
	client, err := plane.New(plane.Config{
		BaseURL: "http://plane.example", Workspace: w.plane.WorkspaceSlug(), Auth: w,
		HTTPClient: &http.Client{Transport: w.way(f, sidePlane, w.planeAnswers())}, Budget: &w.lanes, MaxBody: worldMaxBody,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// way is how a process reaches a far side.
func (w *world) way(f *fate, side string, there http.RoundTripper) http.RoundTripper {
	if f.kind == scheduled {
		return turnTaking{w.explored, side, there}
	}
	return &way{f, side, there}
}

// Authorize signs a request with the key as it is now.
func (w *world) Authorize(ctx context.Context, r *http.Request) error {
	if w.key == "" {
		return bridge.ErrKeyMissing
	}
	return plane.APIKey(w.key).Authorize(ctx, r)
}

// checks say whether the far sides answer.
func (w *world) checks(f *fate) map[string]bridge.Check {
	client, planeClient := w.odooClient(f), w.planeClient(f)
	return map[string]bridge.Check{
		"odoo": func(ctx context.Context) error {
			_, err := client.Version(ctx)
			return err
		},
		"plane": func(ctx context.Context) error {
			_, err := planeClient.Me(ctx)
			return err
		},
	}
}

func (w *world) odooClient(f *fate) *odoo.Client {
	w.t.Helper()
	user, there := w.odoo.LeastPrivilege(), w.odoo.RoundTripper()
	config := odoo.Config{URL: "http://odoo.example", Database: "odoo", Login: user.Login, Secret: user.APIKey}
	if o := w.office; o != nil {
		config, there = odoo.Config{URL: o.url, Database: o.database, Login: o.login, Secret: o.key}, http.DefaultTransport
	}
	config.HTTPClient = &http.Client{Transport: w.way(f, sideOdoo, there)}
	client, err := odoo.New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

func (w *world) flow(f *fate) bridge.Flow {
	module := "ipai_bir_tax_compliance"
	if w.office != nil {
		module = w.office.module
	}
	config := bir.Config{
		Odoo: w.odooClient(f), OdooURL: "http://odoo.example", Workspace: w.plane.WorkspaceSlug(), ProjectID: w.plane.ProjectID(),
		Location: time.UTC, Module: module, Logger: silent,
	}
	if w.configure != nil {
		w.configure(&config)
	}
	flow := bir.New(config)
	if w.wrap != nil {
		return w.wrap(flow)
	}
	return flow
}

// end closes what start opened.
func (w *world) end(p *process) {
	p.stop()
	if p.pool != w.queue {
		p.pool.Close()
	}
}

// deliver offers every webhook under way to the process. What it does not
// acknowledge stays under way, and comes again under another delivery id.
func (w *world) deliver(p *process) {
	w.t.Helper()
	if err := w.plane.Quiesce(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	var kept []letter
	for _, l := range w.mail.take() {
		if !p.acknowledges(l) {
			kept = append(kept, l.again())
		}
	}
	w.mail.keepFor(kept)
}

func (p *process) acknowledges(l letter) bool {
	request := httptest.NewRequestWithContext(p.ctx, http.MethodPost, "/api/webhooks/plane", bytes.NewReader(l.body))
	request.Header = l.header
	answer := httptest.NewRecorder()
	p.receiver.ServeHTTP(answer, request)
	return answer.Code == http.StatusOK && !p.isDead()
}

// again is the same event under another delivery id, as a commercial Plane sends it
// when it was answered 500, and any when it had no answer.
func (l letter) again() letter {
	l.header = l.header.Clone()
	l.header.Set(plane.HeaderDelivery, uuid.NewString())
	return l
}

// settle lets everything come to rest, now that nothing fails any more: webhooks
// are delivered, the schedule syncs, jobs are worked through, Odoo is shown how
// things stand. All of it is tried at once, and again when every request that was
// under way has ended.
func (w *world) settle(p *process) {
	w.t.Helper()
	p.heal()
	w.deliver(p)
	if err := p.bridge.SyncNow(p.ctx, bir.Name); err != nil {
		w.t.Fatalf("the sync after healing: %v", err)
	}
	p.bridge.WorkOnce(p.ctx, w.queue)
	w.outlast()
	for range 8 {
		w.deliver(p)
		if err := p.bridge.SyncNow(p.ctx, bir.Name); err != nil {
			w.t.Fatalf("the sync after healing: %v", err)
		}
		w.workUntilDone(p)
		if err := p.bridge.ShowStatus(p.ctx, p.bridge.Flows()[0]); err != nil {
			w.t.Fatalf("showing the state after healing: %v", err)
		}
		if err := w.plane.Quiesce(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		// A work item that was found deleted is made again by the sync that follows.
		if w.mail.empty() && w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'intended'") == 0 {
			return
		}
	}
	w.t.Fatal("it does not come to rest: the bridge answers its own echoes, or a work item is never made")
}

// outlast lets the time pass within which requests that are under way can still take
// effect: in the bubble, where they wait, and by the database's clock, which does not
// follow the bubble's.
func (w *world) outlast() {
	w.t.Helper()
	for _, f := range w.fates {
		f.late.Wait()
	}
	if w.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE create_sent_at > coalesce(last_synced_at, '-infinity')") == 0 {
		return
	}
	settled := w.planeClient(&fate{}).SettledAfter()
	time.Sleep(settled)
	_, err := w.queue.Exec(context.Background(), "UPDATE ops.plane_sync_mappings SET create_sent_at = create_sent_at - $1::interval", settled)
	w.must(err)
}

func (m *mailbox) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.letters) == 0
}

// workUntilDone works until no job is open.
func (w *world) workUntilDone(p *process) {
	w.t.Helper()
	var failures []error
	for range 5 {
		var open int
		if _, open, failures = p.bridge.WorkOnce(p.ctx, w.queue); open == 0 {
			return
		}
	}
	w.t.Fatalf("jobs stay open although nothing fails any more: %v", failures)
}
