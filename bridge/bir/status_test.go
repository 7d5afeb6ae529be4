package bir_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// counting counts the requests that pass it, signing in included.
type counting struct {
	requests atomic.Int64
	next     http.RoundTripper
}

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.next.RoundTrip(request)
}

// office is a simulated Odoo with a flow that signs in as a user of least
// privilege.
type office struct {
	odoo    *odootest.Server
	counter *counting
	flow    *bir.Flow
}

func newOffice(t testing.TB, protocol odoo.Protocol, options odootest.Options) office {
	t.Helper()
	server := odootest.New(options)
	counter := &counting{next: server.RoundTripper()}
	user := server.LeastPrivilege()
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.test", Database: "odoo", Login: user.Login, Secret: user.APIKey, Protocol: protocol,
		HTTPClient: &http.Client{Transport: counter},
	})
	if err != nil {
		t.Fatal(err)
	}
	return office{server, counter, bir.New(bir.Config{
		Odoo: client, OdooURL: "http://odoo.test", Workspace: "w", ProjectID: "p", Location: time.UTC, Logger: slog.New(slog.DiscardHandler),
	})}
}

// addThousand makes a thousand deadlines with a key each.
func (o office) addThousand() {
	for i := range 1000 {
		o.odoo.Add(bir.Model, map[string]any{
			"name": fmt.Sprint("deadline ", i), "form_type": "1600", "period_month": int64(i%12 + 1), "period_year": int64(2000 + i/12), "deadline_date": "2033-01-10",
		})
	}
}

// statuses are of all deadlines, each with a work item of its own.
func (o office) statuses(t testing.TB, round int) []bridge.SyncStatus {
	t.Helper()
	wanted, err := o.flow.Wanted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	statuses := make([]bridge.SyncStatus, len(wanted.Items))
	for i, item := range wanted.Items {
		statuses[i] = bridge.SyncStatus{
			OdooID: item.OdooID, IssueID: fmt.Sprint("work item ", i, " of round ", round), State: bridge.SyncDone,
			LastSync: time.Date(2026, 11, 21, 20, 0, round%60, 0, time.UTC),
		}
	}
	return statuses
}

func (o office) keep(t testing.TB, statuses []bridge.SyncStatus) {
	t.Helper()
	failed, err := o.flow.KeepStatus(t.Context(), statuses)
	if err != nil || len(failed) > 0 {
		t.Fatalf("%d of %d states were not written, %v", len(failed), len(statuses), err)
	}
}

var protocols = []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2}

func TestAThousandDeadlinesAreReadAndShownInFiveCalls(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, protocol, odootest.Options{WithPlaneFields: true})
			o.addThousand()
			statuses := o.statuses(t, 1)
			o.keep(t, statuses)
			if n := o.counter.requests.Load(); len(statuses) != 1000 || n > 5 {
				t.Errorf("%d deadlines took %d calls, signing in included; want 1000 and at most 5", len(statuses), n)
			}
			last := o.odoo.Records(bir.Model)[999]
			if last["plane_sync_status"] != "synced" || last["plane_issue_id"] == false || last["plane_last_sync"] != "2026-11-21 20:00:01" {
				t.Errorf("the last record shows %v", last)
			}
		})
	}
}

func TestWhatIsShownAlreadyIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odoo.JSON2, odootest.Options{WithPlaneFields: true})
	o.odoo.GenerateDeadlines(1, 2099)
	statuses := o.statuses(t, 1)
	o.keep(t, statuses)
	o.odoo.ResetCounters()
	o.keep(t, statuses)
	if writes := o.odoo.Writes(); len(writes) != 0 {
		t.Errorf("%d writes of what was there already; each moves write_date", len(writes))
	}
	statuses[3].State, statuses[3].Error = bridge.SyncError, "Plane is away"
	o.keep(t, statuses)
	writes := o.odoo.Writes()
	if len(writes) != 1 || writes[0].ID != statuses[3].OdooID {
		t.Fatalf("writes = %+v, want one, to the record that changed", writes)
	}
	if want := map[string]any{"plane_sync_status": "error", "plane_sync_error": "Plane is away"}; !maps.Equal(writes[0].Values, want) {
		t.Errorf("values = %v, want %v", writes[0].Values, want)
	}
}

func TestShowingAStateDoesNotChangeWhatIsMirrored(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odoo.JSON2, odootest.Options{WithPlaneFields: true})
	o.odoo.GenerateDeadlines(1, 2099)
	before, err := o.flow.Wanted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.keep(t, o.statuses(t, 1))
	after, err := o.flow.Wanted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range before.Items {
		if before.Items[i].Fields.Hash() != after.Items[i].Fields.Hash() {
			t.Fatalf("%s is wanted otherwise after its state was shown", before.Items[i].Key)
		}
	}
}

func TestFieldsMadeWithoutAModuleAreKeptAndAbsentOnesAreNoFault(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odoo.JSON2, odootest.Options{})
	o.odoo.GenerateDeadlines(1, 2099)
	statuses := o.statuses(t, 1)
	for range 2 {
		if _, err := o.flow.KeepStatus(t.Context(), statuses); !errors.Is(err, bridge.ErrNoStatusFields) {
			t.Fatalf("without fields: %v", err)
		}
	}
	admin, err := odoo.New(odoo.Config{
		URL: "http://odoo.test", Database: "odoo", Login: o.odoo.Admin().Login, Secret: o.odoo.Admin().APIKey,
		HTTPClient: &http.Client{Transport: o.odoo.RoundTripper()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.SetupFields(t.Context(), bir.Model, odooflow.StatusFieldSpecs("deadline")[:2]); err != nil {
		t.Fatal(err)
	}
	fields, err := o.flow.StatusFields(t.Context())
	if err != nil || !slices.Equal(fields.Present, []string{"x_plane_issue_id", "x_plane_sync_status"}) || len(fields.Missing) != 2 {
		t.Fatalf("fields = %v, %v", fields, err)
	}
	later := newOfficeOn(t, o.odoo)
	later.keep(t, statuses)
	if shown := o.odoo.Records(bir.Model)[0]; shown["x_plane_sync_status"] != "synced" {
		t.Errorf("the first record shows %v", shown)
	}
}

// newOfficeOn is another flow on the same Odoo, as after a restart.
func newOfficeOn(t *testing.T, server *odootest.Server) office {
	t.Helper()
	o := newOffice(t, odoo.JSON2, odootest.Options{})
	o.odoo, o.counter.next = server, server.RoundTripper()
	return o
}

func TestADeletedDeadlineHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odoo.JSON2, odootest.Options{WithPlaneFields: true})
	o.odoo.GenerateDeadlines(1, 2099)
	statuses := o.statuses(t, 1)
	o.odoo.DeleteDeadline(statuses[0].OdooID)
	o.keep(t, statuses)
	if n := len(o.odoo.Writes()); n != len(statuses)-1 {
		t.Errorf("%d records written, want %d", n, len(statuses)-1)
	}
}

// BenchmarkReadAndShowAThousand reads a thousand deadlines and gives each a new
// state, on the simulated Odoo, connected already.
func BenchmarkReadAndShowAThousand(b *testing.B) {
	for _, protocol := range protocols {
		b.Run(string(protocol), func(b *testing.B) {
			o := newOffice(b, protocol, odootest.Options{WithPlaneFields: true})
			o.addThousand()
			o.keep(b, o.statuses(b, 0))
			o.counter.requests.Store(0)
			rounds := 0
			for b.Loop() {
				rounds++
				o.keep(b, o.statuses(b, rounds))
			}
			b.ReportMetric(float64(o.counter.requests.Load())/float64(rounds), "calls/op")
		})
	}
}

// A bridge that runs when `odoo setup-fields` adds the fields fills them at its next
// look, those that were missing as well as all.
func TestFieldsThatAreAddedWhileItRunsAreFilledAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, odoo.JSON2, odootest.Options{})
	o.odoo.GenerateDeadlines(1, 2099)
	statuses := o.statuses(t, 1)
	if _, err := o.flow.KeepStatus(t.Context(), statuses); !errors.Is(err, bridge.ErrNoStatusFields) {
		t.Fatalf("without fields: %v", err)
	}
	for _, spec := range odooflow.StatusFieldSpecs("deadline") {
		o.odoo.Add("ir.model.fields", map[string]any{
			"name": spec.Name, "field_description": spec.Label, "model_id": int64(555), "ttype": spec.Type,
			"selection": "[('synced', 'Synced')]",
		})
		o.keep(t, statuses)
		if shown := o.odoo.Records(bir.Model)[0][spec.Name]; shown == false && spec.Name != "x_plane_sync_error" {
			t.Errorf("%s is not filled", spec.Name)
		}
	}
}
