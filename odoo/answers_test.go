package odoo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// results are what a method may be answered with. Each is wrong for most calls.
var results = map[string]any{
	"nothing": nil, "true": true, "false": false, "0": int64(0), "-1": int64(-1), "7": int64(7), "1.5": 1.5, "an empty text": "", "a text": "ok",
	"[]": []any{}, "[7]": []any{int64(7)}, "[false]": []any{false}, "[null]": []any{nil}, "[text, text]": []any{"res.users", "seven"},
	"[record 7]": []any{map[string]any{"id": int64(7)}}, "[{}]": []any{map[string]any{}}, "[record false]": []any{map[string]any{"id": false}},
	"{}": map[string]any{}, "an error": map[string]any{"error": "down for maintenance"}, "a page": map[string]any{"results": []any{}},
	"ids false without messages": map[string]any{"ids": false, "messages": []any{}}, "no ids": map[string]any{"ids": []any{}, "messages": []any{}},
	"two ids": map[string]any{"ids": []any{int64(7), int64(8)}, "messages": []any{}},
}

// asking is one exported way to ask Odoo.
type asking struct {
	do func(ctx context.Context, c *odoo.Client) error
	// takes are those of the results that a real server may answer it with.
	takes []string
	write bool
}

func drop[T any](_ T, err error) error { return err }

// askings has every exported call of the client but those that make the session.
func askings() map[string]asking {
	id, err := odoo.NewExternalID("answer")
	if err != nil {
		panic(err)
	}
	users := odoo.Where("login", "=", "x")
	name := odoo.Values{"name": "x"}
	var anything any
	lists := []string{"[]", "[record 7]"}
	return map[string]asking{
		"Search": {func(ctx context.Context, c *odoo.Client) error {
			return drop(c.Search(ctx, "res.users", users, odoo.ReadOptions{}))
		}, []string{"[]", "[7]"}, false},
		"SearchCount": {func(ctx context.Context, c *odoo.Client) error { return drop(c.SearchCount(ctx, "res.users", users)) }, []string{"0", "7"}, false},
		"SearchRead": {func(ctx context.Context, c *odoo.Client) error {
			return c.SearchRead(ctx, "res.users", users, odoo.ReadOptions{}, &[]map[string]any{})
		}, lists, false},
		"SearchReadPages": {func(ctx context.Context, c *odoo.Client) error {
			for _, err := range odoo.SearchReadPages[map[string]any](ctx, c, "res.users", users, odoo.ReadOptions{}, 100) {
				if err != nil {
					return err
				}
			}
			return nil
		}, lists, false},
		"Read": {func(ctx context.Context, c *odoo.Client) error {
			return c.Read(ctx, "res.users", []int64{1}, []string{"name"}, &[]map[string]any{})
		}, []string{"[]"}, false},
		"May":         {func(ctx context.Context, c *odoo.Client) error { return drop(c.May(ctx, "res.users", "read", 1)) }, []string{"true", "false"}, false},
		"Exists":      {func(ctx context.Context, c *odoo.Client) error { return drop(c.Exists(ctx, "res.users", 1)) }, []string{"[]"}, false},
		"ExternalIDs": {func(ctx context.Context, c *odoo.Client) error { return drop(c.ExternalIDs(ctx, "res.users", 1)) }, []string{"[]"}, false},
		"FieldsGet":   {func(ctx context.Context, c *odoo.Client) error { return drop(c.FieldsGet(ctx, "res.users")) }, nil, false},
		"Param":       {func(ctx context.Context, c *odoo.Client) error { _, _, err := c.Param(ctx, "x"); return err }, []string{"false", "an empty text", "a text"}, false},
		"Params":      {func(ctx context.Context, c *odoo.Client) error { return drop(c.Params(ctx, "x")) }, lists, false},
		"Resolve":     {func(ctx context.Context, c *odoo.Client) error { _, _, err := c.Resolve(ctx, id); return err }, nil, false},
		"APIKeys":     {func(ctx context.Context, c *odoo.Client) error { return drop(c.APIKeys(ctx)) }, lists, false},
		"APIKeyExpiry": {func(ctx context.Context, c *odoo.Client) error {
			_, _, err := c.APIKeyExpiry(ctx)
			return err
		}, lists, false},
		"PushInstalled": {func(ctx context.Context, c *odoo.Client) error { return drop(c.PushInstalled(ctx, "res.users")) }, nil, false},
		"RemovePush":    {func(ctx context.Context, c *odoo.Client) error { return drop(c.RemovePush(ctx, "res.users")) }, nil, false},
		"SetupPush": {func(ctx context.Context, c *odoo.Client) error {
			return drop(c.SetupPush(ctx, odoo.PushConfig{Model: "res.users", URL: "http://x", TriggerFields: []string{"name"}}))
		}, []string{"[]"}, false},
		"SetupFields": {func(ctx context.Context, c *odoo.Client) error {
			return drop(c.SetupFields(ctx, "res.users", []odoo.FieldSpec{{Name: "x_a", Type: "char"}}))
		}, nil, false},
		"LoadOnce": {func(ctx context.Context, c *odoo.Client) error {
			_, _, err := c.LoadOnce(ctx, "res.users", id, name)
			return err
		}, nil, false},
		"Create": {func(ctx context.Context, c *odoo.Client) error { return drop(c.Create(ctx, "res.users", name)) }, []string{"7", "[7]"}, true},
		"Write":  {func(ctx context.Context, c *odoo.Client) error { return c.Write(ctx, "res.users", []int64{1}, name) }, []string{"true"}, true},
		"WriteExisting": {func(ctx context.Context, c *odoo.Client) error {
			return drop(c.WriteExisting(ctx, "res.users", []int64{1}, name))
		}, []string{"[]"}, false},
		"WriteEach": {func(ctx context.Context, c *odoo.Client) error {
			return c.WriteEach(ctx, "res.users", []odoo.RecordValues{{ID: 1, Values: name}})[1]
		}, []string{"true"}, true},
		"Unlink": {func(ctx context.Context, c *odoo.Client) error { return c.Unlink(ctx, "res.users", 1) }, []string{"true"}, true},
		"Load": {func(ctx context.Context, c *odoo.Client) error {
			return drop(c.Load(ctx, "res.users", []string{"name"}, [][]string{{"x"}}))
		}, nil, true},
		"Upsert": {func(ctx context.Context, c *odoo.Client) error {
			return drop(c.Upsert(ctx, "res.users", odoo.Upsertion{ExternalID: id, Values: name}))
		}, nil, true},
		// What a method of any name answers nobody knows.
		"Call": {func(ctx context.Context, c *odoo.Client) error {
			return c.Call(ctx, "res.users", "context_get", nil, nil, &anything)
		}, resultNames(), true},
	}
}

func resultNames() []string {
	var names []string
	for name := range results {
		names = append(names, name)
	}
	return names
}

func TestEveryExportedCallIsAskedWithEveryWrongResult(t *testing.T) {
	t.Parallel()
	calls := askings()
	for method := range reflect.TypeFor[*odoo.Client]().Methods() {
		if _, known := calls[method.Name]; !known && method.Name != "Connect" && method.Name != "Version" {
			t.Errorf("%s is in no list: add how it is called and what it takes", method.Name)
		}
	}
}

// protocols are all ways to speak with Odoo.
var protocols = []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2}

// connected is a client with a session, and its server.
func connected(t *testing.T, protocol odoo.Protocol) (*odoo.Client, *odootest.Server) {
	t.Helper()
	client, server := unconnected(t, protocol)
	if _, err := client.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func unconnected(t *testing.T, protocol odoo.Protocol) (*odoo.Client, *odootest.Server) {
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
	return client, server
}

// knowledge are the kinds from which a caller concludes something about its data, its rights or a record.
var knowledge = []odoo.Kind{odoo.ErrDenied, odoo.ErrAccess, odoo.ErrUser, odoo.ErrValidation, odoo.ErrMissing, odoo.ErrUnknownModel, odoo.ErrUnknownMethod, odoo.ErrValue, odoo.ErrTooLarge}

func isTrouble(t *testing.T, name string, err error, write bool) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: taken for an answer", name)
		return
	}
	for _, kind := range knowledge {
		if errors.Is(err, kind) {
			t.Errorf("%s: taken for %q: %v", name, kind, err)
		}
	}
	want := odoo.Retryable
	if write {
		want = odoo.Uncertain
	}
	if class := odoo.ClassOf(err); class != want {
		t.Errorf("%s: %s, want %s: %v", name, class, want, err)
	}
}

func TestAResultThatIsNotTheMethodsOwnIsTroubleOnTheWay(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		for call, tt := range askings() {
			t.Run(fmt.Sprint(protocol, " ", call), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client, server := connected(t, protocol)
					for name, result := range results {
						if slices.Contains(tt.takes, name) {
							continue
						}
						server.Fail(odootest.Fault{Kind: odootest.WrongResult, Result: result, Times: -1})
						isTrouble(t, name, tt.do(t.Context(), client), tt.write)
						server.ClearFaults()
					}
				})
			})
		}
	}
}

func TestWhatARealServerMayAnswerIsTaken(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		for call, tt := range askings() {
			t.Run(fmt.Sprint(protocol, " ", call), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client, server := connected(t, protocol)
					for _, name := range tt.takes {
						server.Fail(odootest.Fault{Kind: odootest.WrongResult, Result: results[name], Times: -1})
						if err := tt.do(t.Context(), client); errors.Is(err, odoo.ErrProtocol) {
							t.Errorf("%s: %v", name, err)
						}
						server.ClearFaults()
					}
				})
			})
		}
	}
}

const proxyPage = "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr><center>nginx</center></body></html>"

// foreignBodies are answers that come from somebody else than Odoo.
var foreignBodies = map[string]string{
	"a page": proxyPage, "nothing": "", "null": "null", "{}": "{}", "[]": "[]", "a text": `"ok"`, "true": "true",
	"a gateway's refusal":     `{"message":"no Route matched with those values"}`,
	"another API's refusal":   `{"name":"NotFound","message":"gone"}`,
	"an error object":         `{"error":{"code":404,"message":"gone"}}`,
	"an answer to nothing":    `{"jsonrpc":"2.0","result":[]}`,
	"an answer to another":    `{"jsonrpc":"2.0","id":987654321,"result":[]}`,
	"an answer without name":  `{"id":1,"result":[]}`,
	"an error of another":     `{"jsonrpc":"2.0","id":987654321,"error":{"data":{"name":"odoo.exceptions.MissingError","message":"gone"}}}`,
	"an error without name":   `{"jsonrpc":"2.0","id":null,"error":{"message":"gone"}}`,
	"an answer, cut":          `{"jsonrpc":"2.0","id":1,"resu`,
	"XML without a value":     `<?xml version='1.0'?><methodResponse></methodResponse>`,
	"XML without parameters":  `<?xml version='1.0'?><methodResponse><params></params></methodResponse>`,
	"XML, cut":                `<?xml version='1.0'?><methodResponse><params><param><value><boolean>1</boolean></value></param>`,
	"XML in a page":           `<html><pre><methodResponse><params><param><value><boolean>1</boolean></value></param></params></methodResponse></pre></html>`,
	"XML with an odd fault":   `<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>404</int></value></member><member><name>faultString</name><value><string>gone</string></value></member></struct></value></fault></methodResponse>`,
	"XML with an empty fault": `<?xml version='1.0'?><methodResponse><fault></fault></methodResponse>`,
}

func TestAnAnswerThatIsNotOdoosIsTroubleOnTheWay(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		for call, tt := range askings() {
			t.Run(fmt.Sprint(protocol, " ", call), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client, server := connected(t, protocol)
					for name, body := range foreignBodies {
						for _, status := range []int{200, 400, 401, 403, 405, 409, 415, 422, 502, 504} {
							if status == http.StatusOK && protocol == odoo.JSON2 && !strings.HasPrefix(body, "<") && body != "" && !strings.HasSuffix(body, "resu") {
								continue // JSON-2 has no envelope: whether the result fits the method is tried above.
							}
							contentType := "application/json"
							if strings.HasPrefix(body, "<") {
								contentType = "text/xml"
							}
							server.Fail(odootest.Fault{Kind: odootest.ForeignAnswer, Status: status, Body: body, ContentType: contentType, Times: -1})
							isTrouble(t, fmt.Sprint(status, " with ", name), tt.do(t.Context(), client), tt.write)
							server.ClearFaults()
						}
					}
				})
			})
		}
	}
}

func TestAReadIsRepeatedUntilOdooItselfAnswers(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, server := connected(t, protocol)
				server.Fail(odootest.Fault{Kind: odootest.ForeignAnswer, Body: proxyPage})
				server.Fail(odootest.Fault{Kind: odootest.WrongResult, Result: map[string]any{}})
				n, err := client.SearchCount(t.Context(), "res.company", nil)
				if err != nil || n != 1 || server.FaultsLeft() != 0 {
					t.Errorf("%d companies, error %v, %d faults left", n, err, server.FaultsLeft())
				}
			})
		})
	}
}

func TestAWriteThatTookEffectBehindAForeignAnswerIsUncertain(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			client, server := connected(t, protocol)
			server.Fail(odootest.Fault{Kind: odootest.EffectThenForeign, Body: proxyPage})
			err := client.Write(t.Context(), "res.company", []int64{1}, odoo.Values{"name": "changed"})
			if odoo.ClassOf(err) != odoo.Uncertain || server.Records("res.company")[0]["name"] != "changed" {
				t.Errorf("error %v, record %v", err, server.Records("res.company")[0])
			}
		})
	}
}

func TestCredentialsAreRefusedInOdoosOwnWordsOnly(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		where := odootest.Fault{Model: "common", Method: "authenticate", Times: -1}
		if protocol == odoo.JSON2 {
			where.Model, where.Method = "res.users", "context_get"
		}
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			for name, result := range results {
				if name == "7" && protocol != odoo.JSON2 {
					continue // A user id.
				}
				client, server := unconnected(t, protocol)
				fault := where
				fault.Kind, fault.Result = odootest.WrongResult, result
				server.Fail(fault)
				_, err := client.Connect(t.Context())
				if err == nil || errors.Is(err, odoo.ErrDenied) != (name == "false" && protocol != odoo.JSON2) {
					t.Errorf("%s: error %v", name, err)
				}
			}
			for _, status := range []int{200, 401, 403, 404} {
				client, server := unconnected(t, protocol)
				fault := where
				fault.Kind, fault.Body, fault.Status = odootest.ForeignAnswer, proxyPage, status
				server.Fail(fault)
				if _, err := client.Connect(t.Context()); odoo.ClassOf(err) != odoo.Retryable || errors.Is(err, odoo.ErrDenied) {
					t.Errorf("a page with %d: %s, %v", status, odoo.ClassOf(err), err)
				}
			}
		})
	}
}

func TestAVersionIsReadInItsOwnShapeOnly(t *testing.T) {
	t.Parallel()
	for name, result := range results {
		client, server := unconnected(t, odoo.JSONRPC)
		server.Fail(odootest.Fault{Kind: odootest.WrongResult, Model: "common", Method: "version", Result: result, Times: -1})
		if version, err := client.Version(t.Context()); odoo.ClassOf(err) != odoo.Retryable || err == nil {
			t.Errorf("%s: version %v, error %v", name, version, err)
		}
	}
}

func TestPagesThatDoNotGoByIDAreNoList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := connected(t, odoo.JSONRPC)
		server.Fail(odootest.Fault{Kind: odootest.WrongResult, Times: -1, Result: []any{map[string]any{"id": int64(7)}, map[string]any{"id": int64(7)}}})
		for page, err := range odoo.SearchReadPages[map[string]any](t.Context(), client, "res.users", nil, odoo.ReadOptions{}, 2) {
			if !errors.Is(err, odoo.ErrProtocol) || page != nil {
				t.Fatalf("page %v, error %v", page, err)
			}
		}
	})
}

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
