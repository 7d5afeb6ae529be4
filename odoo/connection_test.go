package odoo

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// Straight to Odoo each answer closes its connection; behind nginx they stay. The client must fare well with both.
func TestConnectionsAreUsedAgainOnlyWhenKept(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		closes bool
		opened int64
	}{"straight to Odoo": {true, 22}, "behind a proxy": {false, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var opened atomic.Int64
			odoo := &answering{call: func(int, sentCall) (int, string, error) { return 200, result(1), nil }}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer, err := odoo.RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				defer answer.Body.Close()
				if tt.closes {
					w.Header().Set("Connection", "close")
				}
				w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
				w.WriteHeader(answer.StatusCode)
				if _, err := io.Copy(w, answer.Body); err != nil {
					t.Error(err)
				}
			}))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			server.Start()
			defer server.Close()
			client := odoo.client(t, func(c *Config) { c.URL, c.HTTPClient = server.URL, nil })
			for range 20 {
				if _, err := client.SearchCount(t.Context(), "res.users", nil); err != nil {
					t.Fatal(err)
				}
			}
			if got := opened.Load(); got != tt.opened {
				t.Errorf("%d connections for 22 requests", got)
			}
		})
	}
}
