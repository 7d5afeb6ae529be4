//go:build odoo19

package odoo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

var allProtocols = []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2}

// asUser is how a client signs in to a real Odoo 19 with a user's key.
func asUser(i *odoo19.Instance, user odoo19.User, protocol odoo.Protocol) odoo.Config {
	return odoo.Config{URL: i.URL, Database: i.DB, Login: user.Login, Secret: user.APIKey, Protocol: protocol}
}

func newClient(t testing.TB, config odoo.Config) *odoo.Client {
	t.Helper()
	client, err := odoo.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestOdoo19PassesTheSuiteOverEveryProtocol(t *testing.T) {
	t.Parallel()
	i := odoo19.Start(t)
	admin := i.Admin(t)
	config := asUser(i, admin, odoo.JSONRPC)
	config.Secret = admin.Password
	runSuite(t, target{admin: config, key: admin.APIKey, limited: makeInternalUser})
}

// A restart in the middle of idempotent writes costs time and nothing else: each
// external id ends with one record, over each protocol, with the same client.
func TestOdoo19RestartInTheMiddleLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	i := odoo19.StartAlone(t)
	user := i.LeastPrivilege(t)
	var writers sync.WaitGroup
	begun, restarted := make(chan odoo.Protocol, len(allProtocols)), make(chan struct{})
	var written, troubles atomic.Int64
	for _, protocol := range allProtocols {
		client := newClient(t, asUser(i, user, protocol))
		writers.Go(func() {
			for n := 0; !isClosed(restarted); n++ {
				if n == 5 {
					begun <- protocol
				}
				troubles.Add(int64(upsertUntilDone(t, client, protocol, n)))
				written.Add(1)
			}
		})
	}
	for range allProtocols {
		<-begun
	}
	i.Stop(t)
	i.Restart(t)
	close(restarted)
	writers.Wait()
	if troubles.Load() == 0 {
		t.Error("no call failed, so the restart was not in the middle")
	}
	t.Logf("%d upserts; %d calls failed during the restart and were repeated", written.Load(), troubles.Load())
	got := i.Call(t, model, "search_count", []any{[]any{[]any{"name", "like", "restart "}}}, nil)
	if want := float64(written.Load()); got != want {
		t.Errorf("%v records after %v upserts", got, want)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// upsertUntilDone repeats an upsert as its errors' class allows, and counts the
// repeats.
func upsertUntilDone(t *testing.T, client *odoo.Client, protocol odoo.Protocol, n int) (troubles int) {
	external, err := odoo.NewExternalID(fmt.Sprintf("restart_%s_%d", protocol, n))
	if err != nil {
		t.Error(err)
		return 0
	}
	record := odoo.Upsertion{ExternalID: external, Values: odoo.Values{
		"name": fmt.Sprintf("restart %s %d", protocol, n), "form_type": "1600", "period_month": n%12 + 1,
		"period_year": 2040, "deadline_date": odoo.Date{Year: 2040, Month: 1, Day: 10},
	}}
	limit, tick := time.After(2*time.Minute), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for {
		_, err := client.Upsert(t.Context(), model, record)
		if err == nil {
			return troubles
		}
		troubles++
		if odoo.ClassOf(err) == odoo.Permanent {
			t.Errorf("%s: a restart is no permanent error: %v", protocol, err)
			return troubles
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Errorf("%s: still failing: %v", protocol, err)
			return troubles
		}
	}
}

// impatientProxy passes calls on to Odoo, and answers 504 to the next call of a
// method although the call goes through.
type impatientProxy struct {
	*httptest.Server
	// armed is the text that marks the request to give up on; empty for none.
	armed atomic.Value
}

func newImpatientProxy(t *testing.T, upstream string) *impatientProxy {
	t.Helper()
	target, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &impatientProxy{}
	proxy.armed.Store("")
	behind := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	proxy.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		mark, _ := proxy.armed.Load().(string)
		if mark == "" || !strings.Contains(r.URL.Path+string(body), mark) {
			behind.ServeHTTP(w, r)
			return
		}
		proxy.armed.Store("")
		behind.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusGatewayTimeout)
		fmt.Fprint(w, "<html><head><title>504 Gateway Time-out</title></head><body><center><h1>504 Gateway Time-out</h1></center><hr><center>nginx</center></body></html>")
	}))
	t.Cleanup(proxy.Close)
	return proxy
}

func TestOdoo19WriteBehindAProxyThatGivesUpIsUncertainAndTookEffect(t *testing.T) {
	t.Parallel()
	i := odoo19.Start(t)
	user, proxy := i.LeastPrivilege(t), newImpatientProxy(t, i.URL)
	for _, protocol := range allProtocols {
		t.Run(string(protocol), func(t *testing.T) {
			config := asUser(i, user, protocol)
			config.URL = proxy.URL
			client := newClient(t, config)
			name := "behind a proxy, " + string(protocol)
			ids, err := client.Create(t.Context(), model, odoo.Values{"name": "before", "form_type": "1600", "deadline_date": "2041-01-10"})
			if err != nil {
				t.Fatal(err)
			}
			proxy.armed.Store("write")
			err = client.Write(t.Context(), model, ids, odoo.Values{"name": name})
			if odoo.ClassOf(err) != odoo.Uncertain || !errors.Is(err, odoo.ErrUncertain) {
				t.Errorf("a 504 = %v, want an uncertain error", err)
			}
			var rows []deadline
			if err := client.Read(t.Context(), model, ids, []string{"name"}, &rows); err != nil {
				t.Fatal(err)
			}
			if len(rows) != 1 || rows[0].Name != name {
				t.Errorf("read back %+v; the write went through", rows)
			}
		})
	}
}

func TestOdoo19LoadBehindAProxyThatGivesUpMakesOneRecord(t *testing.T) {
	t.Parallel()
	i := odoo19.Start(t)
	user, proxy := i.LeastPrivilege(t), newImpatientProxy(t, i.URL)
	for _, protocol := range allProtocols {
		config := asUser(i, user, protocol)
		config.URL = proxy.URL
		client := newClient(t, config)
		if _, err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		proxy.armed.Store("load")
		upsertUntilDone(t, client, protocol, 0)
		if proxy.armed.Load() != "" {
			t.Errorf("%s: no load passed the proxy", protocol)
		}
	}
	got := i.Call(t, model, "search_count", []any{[]any{[]any{"name", "like", "restart "}}}, nil)
	if want := float64(len(allProtocols)); got != want {
		t.Errorf("%v records, want %v", got, want)
	}
}

func TestOdoo19TellsAUserOfLeastPrivilegeWhetherPushIsSetUp(t *testing.T) {
	t.Parallel()
	i := odoo19.Start(t)
	admin := newClient(t, asUser(i, i.Admin(t), odoo.JSON2))
	user := i.LeastPrivilege(t)
	ask := func(want bool) {
		t.Helper()
		for _, protocol := range allProtocols {
			got, err := newClient(t, asUser(i, user, protocol)).PushInstalled(t.Context(), model)
			if err != nil || got != want {
				t.Errorf("%s: installed = %v, %v; want %v", protocol, got, err, want)
			}
		}
	}
	ask(false)
	_, err := admin.SetupPush(t.Context(), odoo.PushConfig{Name: "Bridge", Model: model, TriggerFields: []string{"deadline_date"}, URL: "http://127.0.0.1:1/x"})
	if err != nil {
		t.Fatal(err)
	}
	ask(true)
}

func TestOdoo19MissingRightIsRefusedInTwoCalls(t *testing.T) {
	t.Parallel()
	i := odoo19.Start(t)
	user := i.LeastPrivilege(t)
	for _, protocol := range allProtocols {
		counter := &counting{next: http.DefaultTransport}
		config := asUser(i, user, protocol)
		config.HTTPClient = &http.Client{Transport: counter}
		client := newClient(t, config)
		if _, err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		counter.requests.Store(0)
		var records []odoo.RecordValues
		for id := range int64(64) {
			records = append(records, odoo.RecordValues{ID: id + 1, Values: odoo.Values{"name": fmt.Sprint("company ", id)}})
		}
		failed := client.WriteEach(t.Context(), "res.company", records)
		if len(failed) != 64 || !errors.Is(failed[1], odoo.ErrAccess) {
			t.Errorf("%s: %d failed, %v", protocol, len(failed), failed[1])
		}
		if n := counter.requests.Load(); n != 2 {
			t.Errorf("%s: %d calls for a right that is missing, want 2", protocol, n)
		}
	}
}
