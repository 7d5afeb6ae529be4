//go:build odoo19

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

const (
	// holdUp is how long the bridge may keep Odoo waiting for each push.
	holdUp = 200 * time.Millisecond
	// queuedWithin is how soon a changed deadline is in the queue.
	queuedWithin = 2 * time.Second
)

// clock stands between Odoo and the bridge and takes the time of each push.
type clock struct {
	*httptest.Server
	mu    sync.Mutex
	taken []time.Duration
}

func newClock(t *testing.T, bridge string) *clock {
	t.Helper()
	target, err := url.Parse(bridge)
	if err != nil {
		t.Fatal(err)
	}
	c, behind := &clock{}, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		behind.ServeHTTP(w, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.taken = append(c.taken, time.Since(began))
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *clock) pushes() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.taken)
}

// spread says how durations are spread, for the log of a measurement.
func spread(all []time.Duration) string {
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("median %s, longest %s of %d", median(all), sorted[len(sorted)-1].Round(10*time.Microsecond), len(sorted))
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2].Round(10 * time.Microsecond)
}

// office is a person who works in Odoo while the bridge serves.
type office struct {
	t      *testing.T
	stage  *stage
	client *odoo.Client
	ids    []int64
}

func newOffice(t *testing.T, s *stage, real *odoo19.Instance) office {
	t.Helper()
	admin := real.Admin(t)
	s.settings["ODOO_ADMIN_PASSWORD"] = admin.APIKey
	client, err := odoo.New(odoo.Config{URL: real.URL, Database: real.DB, Login: admin.Login, Secret: admin.APIKey, Protocol: odoo.JSON2})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := client.Search(t.Context(), bir.Model, nil, odoo.ReadOptions{Order: "id"})
	if err != nil || len(ids) != 60 {
		t.Fatalf("%d deadlines, %v", len(ids), err)
	}
	return office{t, s, client, ids}
}

// move writes a new date to each of some deadlines, one by one, and returns how
// long each write took.
func (o office) move(ids []int64, day odoo.Date) []time.Duration {
	o.t.Helper()
	var taken []time.Duration
	for _, id := range ids {
		began := time.Now()
		if err := o.client.Write(context.Background(), bir.Model, []int64{id}, odoo.Values{"deadline_date": day}); err != nil {
			o.t.Fatal(err)
		}
		taken = append(taken, time.Since(began))
	}
	return taken
}

func (o office) reported(id int64) int {
	return o.stage.count("SELECT count(*) FROM ops.river_job WHERE kind = 'odoo_change' AND (args ->> 'id')::bigint = $1", id)
}

func (o office) allReported() int {
	return o.stage.count("SELECT count(*) FROM ops.river_job WHERE kind = 'odoo_change'")
}

// servePushed is a bridge that serves a real Odoo which pushes to it, through a
// clock.
func servePushed(t *testing.T) (*stage, office, *clock, *program) {
	t.Helper()
	s, real := newRealStage(t)
	s.settings["ODOO_WEBHOOK_TOKEN"], s.settings["SYNC_SCHEDULE"] = pushToken, "@every 24h"
	s.done("migrate")
	s.done("sync")
	o, p := newOffice(t, s, real), s.start("serve")
	return s, o, newClock(t, p.url), p
}

// It runs beside no other test of its package, because it takes the time. What a
// write with rules takes longer is mostly Odoo's own work for the rules; the
// bridge answers for its answer.
func TestOdoo19PushIsQueuedAtOnceAndHoldsNobodyUp(t *testing.T) {
	s, o, timed, p := servePushed(t)
	without := o.move(o.ids[:30], odoo.Date{Year: 2097, Month: 3, Day: 20})
	for _, want := range []string{"rules made", "brought up to date"} {
		if said := s.done("odoo", "setup-push", "--login", "admin", "--url", timed.URL); !strings.Contains(said, want) {
			t.Errorf("setup-push says %q, want %q", said, want)
		}
	}
	if said := s.done("check"); !strings.Contains(said, "automation rules report") {
		t.Errorf("check does not see the rules as the bridge's own user:\n%s", said)
	}
	with := o.move(o.ids[:30], odoo.Date{Year: 2098, Month: 3, Day: 20})
	for _, id := range o.ids[:30] {
		s.eventually("the change is queued", queuedWithin, func() bool { return o.reported(id) == 1 })
	}
	pushes := timed.pushes()
	t.Logf("a write without rules: %s; with rules: %s; the bridge's answer: %s", spread(without), spread(with), spread(pushes))
	if len(pushes) != 30 {
		t.Errorf("%d pushes for 30 changes", len(pushes))
	}
	if longest := slices.Max(pushes); longest > holdUp {
		t.Errorf("the bridge kept Odoo waiting for %s, want at most %s", longest, holdUp)
	}
	s.eventually("Plane shows the new dates", time.Minute, func() bool {
		moved := slices.DeleteFunc(s.plane.Items(), func(item planetest.Item) bool { return item.TargetDate != "2098-03-20" })
		return len(moved) == 30
	})
	if strings.Contains(p.logged(), "push token") || strings.Contains(p.logged(), "push+token") {
		t.Error("the log shows the token")
	}
}

func TestOdoo19PushReportsDeletesAndNothingThatPlaneDoesNotShow(t *testing.T) {
	t.Parallel()
	s, o, timed, _ := servePushed(t)
	s.done("odoo", "setup-push", "--login", "admin", "--url", timed.URL)
	if said := s.done("odoo", "setup-fields", "--login", "admin"); !strings.Contains(said, "x_plane_sync_status") {
		t.Errorf("setup-fields says %q", said)
	}
	if said := s.done("odoo", "setup-fields", "--login", "admin"); !strings.Contains(said, "already") {
		t.Errorf("setup-fields again says %q", said)
	}
	s.done("sync")
	var shown []struct {
		Issue string        `odoo:"x_plane_issue_id"`
		State string        `odoo:"x_plane_sync_status"`
		Last  odoo.DateTime `odoo:"x_plane_last_sync"`
	}
	if err := o.client.Read(t.Context(), bir.Model, o.ids, []string{"x_plane_issue_id", "x_plane_sync_status", "x_plane_last_sync"}, &shown); err != nil {
		t.Fatal(err)
	}
	for _, record := range shown {
		if record.State != "synced" || record.Issue == "" || record.Last.IsZero() {
			t.Fatalf("a mirrored deadline shows %+v", record)
		}
	}
	if said := s.done("sync"); !strings.Contains(said, "60 left") {
		t.Errorf("the bridge's own writes came back as changes: %s", said)
	}
	if n := o.allReported(); n != 0 {
		t.Errorf("Odoo reported %d of the bridge's own writes", n)
	}

	if err := o.client.Unlink(t.Context(), bir.Model, o.ids[0]); err != nil {
		t.Fatal(err)
	}
	s.eventually("the deletion is queued", queuedWithin, func() bool { return o.reported(o.ids[0]) == 1 })
	if said := s.done("odoo", "setup-push", "--remove", "--login", "admin"); !strings.Contains(said, "are removed") {
		t.Errorf("setup-push --remove says %q", said)
	}
	o.move(o.ids[1:3], odoo.Date{Year: 2098, Month: 4, Day: 20})
	if n := o.allReported(); n != 1 {
		t.Errorf("%d reports in all, want the deletion alone", n)
	}
}

func TestOdoo19ReportsAChangedTask(t *testing.T) {
	t.Parallel()
	r := newRealTasks(t)
	r.settings["ODOO_ADMIN_PASSWORD"] = r.odoo.Admin(t).APIKey
	if said := r.done("odoo", "setup-push", "--login", "admin", "--url", r.program.url); !strings.Contains(said, "records of project.task") {
		t.Errorf("setup-push says %q", said)
	}
	r.odoo.Call(t, "project.task", "write", []any{[]any{r.task}, map[string]any{"name": "call them", "priority": "3"}}, nil)
	r.eventually("Plane shows the task's new name", 20*time.Second, func() bool {
		item := r.stage.item(r.item.ID)
		return item.Name == "call them" && item.Priority == "urgent"
	})
}
