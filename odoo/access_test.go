package odoo_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

func TestWhatAUserMayDoIsAskedInTheWayOfEachVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []int{17, 18, 19} {
		for _, protocol := range []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2} {
			if protocol == odoo.JSON2 && version < 19 {
				continue
			}
			t.Run(fmt.Sprint(version, " ", protocol), func(t *testing.T) {
				t.Parallel()
				server := odootest.New(odootest.Options{Version: version})
				for user, want := range map[odootest.Credentials]bool{server.LeastPrivilege(): true, server.AddUser("bare"): false} {
					client, err := odoo.New(odoo.Config{
						URL: "http://odoo.test", Database: "odoo", Login: user.Login, Secret: user.APIKey, Protocol: protocol,
						HTTPClient: &http.Client{Transport: server.RoundTripper()},
					})
					must(t, err)
					for _, ids := range [][]int64{nil, {1}} {
						if may, err := client.May(t.Context(), "res.partner", "write", ids...); err != nil || may != want {
							t.Errorf("%s may write contacts %v: %t, %v; want %t", user.Login, ids, may, err, want)
						}
					}
				}
			})
		}
	}
}
