package odooflow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

const model = "bir.filing.deadline"

// calls are what flows ask of Odoo.
var calls = map[string]func(ctx context.Context, c *odoo.Client) error{
	"read": func(ctx context.Context, c *odoo.Client) error {
		return c.SearchRead(ctx, model, nil, odoo.ReadOptions{Fields: []string{"deadline_date"}}, &[]map[string]any{})
	},
	"write": func(ctx context.Context, c *odoo.Client) error {
		return c.Write(ctx, model, []int64{1}, odoo.Values{"name": "x"})
	},
	"reminder": func(ctx context.Context, c *odoo.Client) error {
		_, err := c.Load(ctx, "mail.activity", []string{"id", "summary"}, [][]string{{"planebridge.x", "x"}})
		return err
	},
}

func connected(t *testing.T, protocol odoo.Protocol) (*odoo.Client, *odootest.Server) {
	t.Helper()
	server := odootest.New(odootest.Options{})
	admin := server.Admin()
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.test", Database: "odoo", Login: admin.Login, Secret: admin.APIKey, Protocol: protocol,
		HTTPClient: &http.Client{Transport: server.RoundTripper()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func judge(err error) *bridge.FlowError {
	var failure *bridge.FlowError
	errors.As(odooflow.Classify(err), &failure)
	return failure
}

func TestWorkIsNeverGivenUpForAnOdooThatIsBeingUpgraded(t *testing.T) {
	t.Parallel()
	for _, protocol := range []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2} {
		for name, fault := range odootest.UpgradeFaults() {
			t.Run(fmt.Sprint(protocol, " ", name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client, server := connected(t, protocol)
					server.Fail(fault)
					for what, call := range calls {
						err := call(t.Context(), client)
						if failure := judge(err); err == nil || failure.Permanent || failure.Cause != bridge.CauseOdoo {
							t.Errorf("%s: permanent %v, cause %s: %v", what, failure.Permanent, failure.Cause, err)
						}
					}
				})
			})
		}
	}
}

func TestWorkIsNeverGivenUpForAnAnswerThatIsNotOdoos(t *testing.T) {
	t.Parallel()
	for _, protocol := range []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2} {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, server := connected(t, protocol)
				for _, status := range []int{200, 401, 403, 404, 409, 502} {
					server.Fail(odootest.Fault{Kind: odootest.ForeignAnswer, Status: status, Body: "<html>proxy</html>", Times: -1})
					for what, call := range calls {
						if failure := judge(call(t.Context(), client)); failure.Permanent || failure.Cause != bridge.CauseOdoo {
							t.Errorf("%s, %d: permanent %v, cause %s: %v", what, status, failure.Permanent, failure.Cause, failure.Err)
						}
					}
					server.ClearFaults()
				}
			})
		})
	}
}

func TestAMistakeOfOursIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := connected(t, odoo.JSONRPC)
		server.Fail(odootest.Fault{Kind: odootest.ErrorObject, Name: "builtins.KeyError", Message: "'x_nope'", Times: -1})
		for range 4 {
			if failure := judge(calls["write"](t.Context(), client)); failure.Permanent {
				t.Fatalf("given up too early: %v", failure.Err)
			}
			time.Sleep(8 * time.Minute) // The bubble's clock; nobody waits.
		}
		if failure := judge(calls["write"](t.Context(), client)); !failure.Permanent || failure.Cause != bridge.CauseData {
			t.Errorf("permanent %v, cause %s: %v", failure.Permanent, failure.Cause, failure.Err)
		}
	})
}
