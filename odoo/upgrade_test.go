package odoo_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

func TestAnUpgradeIsWaitedForOnEveryProtocol(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		for name, fault := range odootest.UpgradeFaults() {
			t.Run(fmt.Sprint(protocol, " ", name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client, server := connected(t, protocol)
					server.Fail(fault)
					for call, tt := range askings() {
						if err := tt.do(t.Context(), client); err == nil || odoo.ClassOf(err) == odoo.Permanent {
							t.Errorf("%s: %s, %v", call, odoo.ClassOf(err), err)
						}
					}
					server.ClearFaults()
					if n, err := client.SearchCount(t.Context(), "res.company", nil); err != nil || n != 1 {
						t.Errorf("afterwards: %d companies, error %v", n, err)
					}
				})
			})
		}
	}
}

func TestWhatDoesNotSettleIsAMistakeAfterAWhile(t *testing.T) {
	t.Parallel()
	ask := func(t *testing.T, client *odoo.Client) odoo.Class {
		err := client.SearchRead(t.Context(), "res.users", nil, odoo.ReadOptions{Fields: []string{"nope"}}, &[]map[string]any{})
		if !errors.Is(err, odoo.ErrValue) {
			t.Errorf("error %v", err)
		}
		return odoo.ClassOf(err)
	}
	synctest.Test(t, func(t *testing.T) {
		client, server := connected(t, odoo.JSONRPC)
		for range 6 {
			if class := ask(t, client); class != odoo.Retryable {
				t.Errorf("within the time: %s", class)
			}
			time.Sleep(5 * time.Minute) // The bubble's clock; nobody waits.
		}
		time.Sleep(time.Minute)
		if class := ask(t, client); class != odoo.Permanent {
			t.Errorf("after half an hour: %s", class)
		}
		other := odoo.ClassOf(client.SearchRead(t.Context(), "res.users", nil, odoo.ReadOptions{Fields: []string{"other"}}, &[]map[string]any{}))
		if other != odoo.Retryable {
			t.Errorf("another field: %s", other)
		}
		time.Sleep(31 * time.Minute)
		if class := ask(t, client); class != odoo.Retryable {
			t.Errorf("at the next upgrade: %s", class)
		}
		before := server.Calls()["res.users.search_read"]
		ask(t, client)
		if n := server.Calls()["res.users.search_read"] - before; n != 1 {
			t.Errorf("asked %d times within seconds", n)
		}
	})
}
