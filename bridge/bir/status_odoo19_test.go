//go:build odoo19

package bir_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// A thousand deadlines on a real Odoo 19 are read and shown in five calls, signing
// in included, by a user of least privilege; the log tells how long it takes.
func TestOdoo19AThousandDeadlinesAreReadAndShownInFiveCalls(t *testing.T) {
	t.Parallel()
	real := odoo19.Start(t)
	admin, user := real.Admin(t), real.LeastPrivilege(t)
	client, err := odoo.New(odoo.Config{URL: real.URL, Database: real.DB, Login: admin.Login, Secret: admin.APIKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SetupFields(t.Context(), bir.Model, odooflow.StatusFieldSpecs("deadline")); err != nil {
		t.Fatal(err)
	}
	records := make([]odoo.Values, 1000)
	for i := range records {
		records[i] = odoo.Values{
			"name": fmt.Sprint("deadline ", i), "form_type": "1600", "period_month": i%12 + 1, "period_year": 2000 + i/12, "deadline_date": "2033-01-10",
		}
	}
	if _, err := client.Create(t.Context(), bir.Model, records...); err != nil {
		t.Fatal(err)
	}
	for round, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			o := onRealOdoo(t, odoo.Config{URL: real.URL, Database: real.DB, Login: user.Login, Secret: user.APIKey, Protocol: protocol})
			began := time.Now()
			statuses := o.statuses(t, 2*round+1)
			read := time.Since(began)
			o.keep(t, statuses)
			cold, calls := time.Since(began), o.counter.requests.Load()
			if len(statuses) != 1000 || calls > 5 {
				t.Errorf("%d deadlines took %d calls, signing in included; want 1000 and at most 5", len(statuses), calls)
			}
			began = time.Now()
			o.keep(t, o.statuses(t, 2*round+2))
			t.Logf("%d calls and %s with signing in (%s to have read); then %d calls and %s",
				calls, cold.Round(time.Millisecond), read.Round(time.Millisecond), o.counter.requests.Load()-calls, time.Since(began).Round(time.Millisecond))
		})
	}
	shown, err := client.SearchCount(t.Context(), bir.Model, odoo.And(
		odoo.Where("x_plane_sync_status", "=", "synced"), odoo.Where("x_plane_issue_id", "like", fmt.Sprint("of round ", 2*len(protocols))),
	))
	if err != nil || shown != 1000 {
		t.Errorf("%d deadlines show the last round, %v; want 1000", shown, err)
	}
}

func onRealOdoo(t *testing.T, config odoo.Config) office {
	t.Helper()
	counter := &counting{next: http.DefaultTransport}
	config.HTTPClient = &http.Client{Transport: counter}
	client, err := odoo.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return office{counter: counter, flow: bir.New(bir.Config{
		Odoo: client, OdooURL: config.URL, Workspace: "w", ProjectID: "p", Location: time.UTC, Logger: slog.New(slog.DiscardHandler),
	})}
}
