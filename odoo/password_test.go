package odoo_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// takesPassword is an Odoo whose administrator's password is another text: over
// JSON-RPC it is taken, over JSON-2 it is no key, as on a real server.
type takesPassword struct {
	password, real string
	next           http.RoundTripper
	bearer         atomic.Int64
}

// RoundTrip puts the simulated server's own password in the place of ours.
func (o *takesPassword) RoundTrip(request *http.Request) (*http.Response, error) {
	if strings.HasPrefix(request.Header.Get("Authorization"), "bearer ") || strings.HasPrefix(request.Header.Get("Authorization"), "Bearer ") {
		o.bearer.Add(1)
	}
	if request.Body == nil || request.URL.Path != "/jsonrpc" {
		return o.next.RoundTrip(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	body = bytes.ReplaceAll(body, []byte(o.password), []byte(o.real))
	changed := request.Clone(request.Context())
	changed.Body, changed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return o.next.RoundTrip(changed)
}

func TestAPasswordThatLooksLikeAKeyIsTriedAsOne(t *testing.T) {
	t.Parallel()
	server := odootest.New(odootest.Options{})
	hex := strings.Repeat("9f", 20)
	for _, row := range []struct {
		name     string
		password string
		works    bool
	}{{"it is the password", hex, true}, {"it is neither", "another", false}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			carrier := &takesPassword{password: row.password, real: server.Admin().Password, next: server.RoundTripper()}
			client, err := odoo.New(odoo.Config{
				URL: "http://odoo.test", Database: "odoo", Login: server.Admin().Login, Secret: hex, Protocol: odoo.Auto,
				HTTPClient: &http.Client{Transport: carrier},
			})
			if err != nil {
				t.Fatal(err)
			}
			session, err := client.Connect(t.Context())
			if (err == nil) != row.works {
				t.Fatalf("connecting: %v, want it to work: %t", err, row.works)
			}
			if row.works && (session.Protocol != odoo.JSONRPC || !strings.Contains(session.Why, "ODOO_PROTOCOL=jsonrpc")) {
				t.Errorf("connected over %s: %s", session.Protocol, session.Why)
			}
			if carrier.bearer.Load() == 0 {
				t.Error("it was not tried as a key first")
			}
		})
	}
}
