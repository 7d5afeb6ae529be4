package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// as is the stage's database as another role sees it.
func (s *stage) as(role, query string) string {
	s.t.Helper()
	address, err := url.Parse(s.settings["DATABASE_URL"])
	if err != nil {
		s.t.Fatal(err)
	}
	address.User = url.User(role)
	address.RawQuery += query
	return address.String()
}

func TestARoleThatMayNotServeIsToldWhichGrantIsMissing(t *testing.T) {
	t.Parallel()
	for i, row := range []struct{ name, given, says string }{
		{"nothing", "", "GRANT USAGE ON SCHEMA ops TO"},
		{"the schema", "GRANT USAGE ON SCHEMA ops TO %[1]s", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ops TO"},
		{"the tables", "GRANT USAGE ON SCHEMA ops TO %[1]s; GRANT ALL ON ALL TABLES IN SCHEMA ops TO %[1]s", "GRANT USAGE ON ALL SEQUENCES IN SCHEMA ops TO"},
		{
			"everything but the rows", "GRANT USAGE ON SCHEMA ops TO %[1]s; GRANT ALL ON ALL TABLES IN SCHEMA ops TO %[1]s; GRANT ALL ON ALL SEQUENCES IN SCHEMA ops TO %[1]s",
			"BYPASSRLS, or serve as the role that migrated",
		},
		{
			"the rows as well", "GRANT USAGE ON SCHEMA ops TO %[1]s; GRANT ALL ON ALL TABLES IN SCHEMA ops TO %[1]s; GRANT ALL ON ALL SEQUENCES IN SCHEMA ops TO %[1]s; ALTER ROLE %[1]s BYPASSRLS", "",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if code, _, stderr := s.command("migrate"); code != exitDone {
				t.Fatalf("migrate: %s", stderr)
			}
			role := fmt.Sprintf("serves_%d", i)
			s.sql("CREATE ROLE " + role + " LOGIN")
			if row.given != "" {
				s.sql(fmt.Sprintf(row.given, role))
			}
			s.settings["DATABASE_URL"] = s.as(role, "")
			code, stdout, _ := s.command("check")
			if (code == exitDone) != (row.says == "") || !strings.Contains(stdout, row.says) || strings.Contains(stdout, "pending") {
				t.Errorf("check = %d, want a word of %q:\n%s", code, row.says, stdout)
			}
			if code, _, stderr := s.command("deliveries", "list"); (code == exitDone) != (row.says == "") || !strings.Contains(stderr, row.says) {
				t.Errorf("deliveries list = %d:\n%s", code, stderr)
			}
		})
	}
}

func TestAReadOnlyDatabaseIsNotReady(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if code, _, stderr := s.command("migrate"); code != exitDone {
		t.Fatalf("migrate: %s", stderr)
	}
	p := s.start("serve")
	s.eventually("the program is ready", 30*time.Second, func() bool { status, _ := p.ready(); return status == http.StatusOK })
	s.sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$")
	s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	s.eventually("readyz says that the database is read-only", 30*time.Second, func() bool {
		status, errs := p.ready()
		return status == http.StatusServiceUnavailable && strings.Contains(errs["database"], "it is read-only")
	})
	if code, stdout, _ := s.command("check"); code != exitFailed || !strings.Contains(stdout, "it is read-only") {
		t.Errorf("check = %d\n%s", code, stdout)
	}
}

func TestAnOldProgramLeavesANewerSchemaAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if code, _, stderr := s.command("migrate"); code != exitDone {
		t.Fatalf("migrate: %s", stderr)
	}
	s.sql("INSERT INTO ops.schema_migrations (version_id, is_applied) VALUES (9000, true)")
	for _, args := range [][]string{{"check"}, {"migrate"}, {"serve"}, {"deliveries", "list"}} {
		code, stdout, stderr := s.command(args...)
		if code != exitFailed || !strings.Contains(stdout+stderr, "it has migration 9000") {
			t.Errorf("%s = %d\n%s%s", args[0], code, stdout, stderr)
		}
	}
}

// A burst comes while a role may open no more connections than the bridge takes, and
// while it may open fewer, because other replicas hold the others.
func TestABurstWaitsForConnections(t *testing.T) {
	t.Parallel()
	for name, connections := range map[string]int{
		// Ten in the pool, the one that the queue listens on, and one that looks for a
		// pooler at the start.
		"ten in the pool": 12, "eight of ten": 8,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.done("migrate")
			s.settings["DATABASE_URL"] = s.roleWith(connections) + "&pool_max_conns=10"
			p := s.start("serve")
			s.eventually("the program is ready", 30*time.Second, func() bool { status, _ := p.ready(); return status == http.StatusOK })
			if answers := p.burst(300); answers[http.StatusOK] != 300 {
				t.Errorf("answers by status: %v, want 300 times 200", answers)
			}
		})
	}
}

// roleWith makes a role that may do the bridge's work over so many connections, and
// returns the address with it.
func (s *stage) roleWith(connections int) string {
	s.t.Helper()
	role := fmt.Sprintf("has_%d_connections", connections)
	s.sql(fmt.Sprintf("CREATE ROLE %s LOGIN BYPASSRLS CONNECTION LIMIT %d; GRANT USAGE ON SCHEMA ops TO %s", role, connections, role))
	s.sql("GRANT ALL ON ALL TABLES IN SCHEMA ops TO " + role + "; GRANT ALL ON ALL SEQUENCES IN SCHEMA ops TO " + role)
	return s.as(role, "")
}

// burst sends webhooks all at once and counts the answers by status.
func (p *program) burst(n int) map[int]int {
	var mu sync.Mutex
	answers := make(map[int]int)
	var sent sync.WaitGroup
	for range n {
		sent.Go(func() {
			status, err := p.deliver(uuid.NewString(), workItemBody(uuid.NewString(), "burst", "unstarted", time.Now()))
			if err != nil {
				status = -1
			}
			mu.Lock()
			defer mu.Unlock()
			answers[status]++
		})
	}
	sent.Wait()
	return answers
}

func (s *stage) sql(statement string) {
	s.t.Helper()
	if _, err := pgtest.Open(s.t, s.settings["DATABASE_URL"]).Exec(context.Background(), statement); err != nil {
		s.t.Fatal(err)
	}
}
