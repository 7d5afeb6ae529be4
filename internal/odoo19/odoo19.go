// Package odoo19 gives tests a real Odoo 19 Community with the project's test addon: one server per
// test process, one database per test. The scripts in scripts/odoo19 build it from Debian's packages
// (see there); nothing of it needs Docker.
//
// The servers end with the test process, however that ends: they watch a pipe whose other end the
// process holds.
package odoo19

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	templateDatabase = "odoo19_template"
	adminUID         = 2
)

// Instance is a database of a running Odoo 19 that belongs to one test.
type Instance struct {
	// URL has no trailing slash. DB must go along with every JSON-2 call (X-Odoo-Database), because
	// the server holds more databases than this one.
	URL, DB string
	// AdminLogin and AdminPassword have Settings rights; AdminUID is their user.
	AdminLogin, AdminPassword string
	AdminUID                  int64
	// DatabaseURL reaches the same database as SQL.
	DatabaseURL string

	server *server
	alone  bool
}

var shared = struct {
	once   sync.Once
	server *server
	err    error
}{}

// databases numbers the clones of this process.
var databases atomic.Int64

// Start gives the test a fresh database on the process's one server, which the first call starts
// (and provisions, if scripts/odoo19/provision.sh has not run yet). The database holds no deadlines,
// see GenerateDeadlines. It is dropped when the test ends.
func Start(t testing.TB) *Instance {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = startServer() })
	if shared.err != nil {
		t.Fatalf("starting Odoo 19: %v", shared.err)
	}
	return clone(t, shared.server)
}

// StartAlone is Start on a server of the test's own, which it may Stop and Restart without
// disturbing others.
func StartAlone(t testing.TB) *Instance {
	t.Helper()
	own, err := startServer()
	if err != nil {
		t.Fatalf("starting Odoo 19: %v", err)
	}
	t.Cleanup(func() {
		if err := own.close(); err != nil {
			t.Errorf("stopping Odoo 19: %v", err)
		}
	})
	instance := clone(t, own)
	instance.alone = true
	return instance
}

func clone(t testing.TB, s *server) *Instance {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := s.duplicate(name); err != nil {
		t.Fatalf("cloning database %s: %v\n%s", name, err, s.logTail())
	}
	instance := &Instance{
		URL: s.url, DB: name, AdminLogin: "admin", AdminPassword: "admin", AdminUID: adminUID,
		DatabaseURL: s.databaseURL(name), server: s,
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of Odoo's log:\n%s", s.logTail())
		}
		if instance.alone {
			return // The whole server goes.
		}
		if err := s.drop(name); err != nil {
			t.Errorf("dropping database %s: %v", name, err)
		}
	})
	return instance
}

// Stop ends Odoo (SIGTERM, as an operator's restart does); its PostgreSQL stays. Only for StartAlone.
func (i *Instance) Stop(t testing.TB) {
	t.Helper()
	i.mustBeAlone(t)
	if err := i.server.odoo.stop(); err != nil {
		t.Fatalf("stopping Odoo: %v", err)
	}
}

// Restart starts Odoo again on the same address and returns when it answers. Only for StartAlone.
func (i *Instance) Restart(t testing.TB) {
	t.Helper()
	i.mustBeAlone(t)
	if err := i.server.restart(); err != nil {
		t.Fatalf("restarting Odoo: %v\n%s", err, i.server.logTail())
	}
}

func (i *Instance) mustBeAlone(t testing.TB) {
	t.Helper()
	if !i.alone {
		t.Fatal("this server is shared with other tests: use odoo19.StartAlone")
	}
}

// GenerateDeadlines fires the addon's scheduled action: what is missing of this year's 60 deadlines
// per company is created.
func (i *Instance) GenerateDeadlines(t testing.TB) {
	t.Helper()
	ids := i.Call(t, "ir.cron", "search", []any{[]any{[]any{"code", "=", "model._cron_generate_deadlines()"}}},
		map[string]any{"context": map[string]any{"active_test": false}})
	if i.Call(t, "ir.cron", "method_direct_trigger", []any{ids}, nil) != true {
		t.Fatal("the deadline generator did not answer true")
	}
}

// Call runs a method as the administrator over JSON-RPC, for arranging and for looking at the
// outcome without the client under test. Numbers come back as float64.
func (i *Instance) Call(t testing.TB, model, method string, args []any, kwargs map[string]any) any {
	t.Helper()
	if args == nil {
		args = []any{}
	}
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	result, err := callRPC(i.URL, "object", "execute_kw",
		[]any{i.DB, i.AdminUID, i.AdminPassword, model, method, args, kwargs})
	if err != nil {
		t.Fatalf("%s.%s: %v", model, method, err)
	}
	return result
}

// User is somebody who can sign in.
type User struct {
	UID             int64
	Login, Password string
	// APIKey serves as the password too, and is the only secret that JSON-2 takes.
	APIKey string
}

// Admin is the administrator with a fresh API key.
func (i *Instance) Admin(t testing.TB) User {
	t.Helper()
	return i.withKey(t, User{UID: i.AdminUID, Login: i.AdminLogin, Password: i.AdminPassword})
}

// LeastPrivilege makes a user who may work with deadlines, returns, tasks and contacts and may
// neither read settings nor change the set-up, and gives it an API key that ends after a day.
func (i *Instance) LeastPrivilege(t testing.TB) User {
	t.Helper()
	user := User{Login: "bridge", Password: "bridge-of-a-test"}
	groups := []any{}
	for _, key := range []string{"base.group_user", "bridge_test_bir.group_deadline_manager", "base.group_partner_manager", "project.group_project_user"} {
		groups = append(groups, []any{4, i.record(t, key)})
	}
	id, ok := i.Call(t, "res.users", "create", []any{map[string]any{
		"name": "Bridge", "login": user.Login, "password": user.Password, "group_ids": groups,
	}}, nil).(float64)
	if !ok {
		t.Fatal("creating the user gave no id")
	}
	user.UID = int64(id)
	return i.withKey(t, user)
}

// record finds the id behind an external id.
func (i *Instance) record(t testing.TB, key string) any {
	t.Helper()
	module, name, _ := strings.Cut(key, ".")
	rows, ok := i.Call(t, "ir.model.data", "search_read", []any{[]any{
		[]any{"module", "=", module}, []any{"name", "=", name},
	}}, map[string]any{"fields": []string{"res_id"}}).([]any)
	if !ok || len(rows) != 1 {
		t.Fatalf("external id %s: %v", key, rows)
	}
	row, ok := rows[0].(map[string]any)
	if !ok {
		t.Fatalf("external id %s: %v", key, rows)
	}
	return row["res_id"]
}

func (i *Instance) withKey(t testing.TB, user User) User {
	t.Helper()
	key, err := makeKey(i.URL, i.DB, user.Login, user.Password)
	if err != nil {
		t.Fatalf("making an API key for %s: %v", user.Login, err)
	}
	user.APIKey = key
	return user
}

func (s *server) databaseURL(name string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword("odoo", s.password),
		Host: fmt.Sprintf("127.0.0.1:%d", s.postgresPort), Path: "/" + name,
	}).String()
}
