package contracttest_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

// pooled puts a pgbouncer in transaction mode in front of a database and returns
// the address through it. Ten connections to the server are all it has, so that
// transactions of one client land on different ones.
func pooled(t *testing.T, dsn string) string {
	t.Helper()
	return pooledWith(t, dsn, 10)
}

func pooledWith(t *testing.T, dsn string, places int) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	if _, err := os.Stat(program); err != nil {
		without(t, "pgbouncer is not installed (Debian package pgbouncer); it stands in for every transaction-mode pooler")
	}
	server, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	address := unusedAddress(t)
	dir, credential := poolerHome(t)
	config := fmt.Sprintf("[databases]\n* = host=%s port=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\n"+
		"auth_type = trust\nauth_file = %s/users\npool_mode = transaction\ndefault_pool_size = %d\nmax_client_conn = 200\n",
		server.Hostname(), server.Port(), address[len("127.0.0.1:"):], dir, places)
	for name, content := range map[string]string{"config": config, "users": `"` + server.User.Username() + `" ""`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	runPooler(t, program, filepath.Join(dir, "config"), credential)
	awaitPooler(t, address)
	server.Host = address
	return server.String()
}

func awaitPooler(t *testing.T, address string) {
	t.Helper()
	eventually(t, "pgbouncer listens", func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// poolerHome is a folder that the account pgbouncer runs as can read; it refuses
// to run as root.
func poolerHome(t *testing.T) (string, *syscall.Credential) {
	t.Helper()
	dir, err := os.MkdirTemp("", "odoo-plane-bridge-pooler-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Geteuid() != 0 {
		return dir, nil
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return dir, &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
}

// runPooler keeps a pgbouncer up until the test ends, as systemd does: some versions end
// with "bad client state" when a client that sent a cancel request is gone before its
// answer (pgbouncer issues 801 and 904).
func runPooler(t *testing.T, program, config string, credential *syscall.Credential) {
	t.Helper()
	log := new(safeBuffer)
	// What is left at the end are the tests' own connections, so it is killed at once.
	ctx, stop := context.WithCancel(context.Background())
	var keeper sync.WaitGroup
	keeper.Go(func() {
		for ctx.Err() == nil {
			pooler := exec.CommandContext(ctx, program, config)
			pooler.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
			pooler.Stderr = log
			if err := pooler.Run(); ctx.Err() == nil {
				fmt.Fprintf(log, "pgbouncer ended by itself and is started again: %v\n", err)
			}
		}
	})
	t.Cleanup(func() {
		stop()
		keeper.Wait()
		if t.Failed() {
			t.Logf("pgbouncer:\n%s", log)
		}
	})
}

func TestTheBridgeWorksThroughATransactionModePooler(t *testing.T) {
	t.Parallel()
	direct := pgtest.EmptyDSN(t)
	settings := map[string]string{
		"DATABASE_URL": pooled(t, direct), "DATABASE_POOLER": "true", "PLANE_WEBHOOK_SECRET": webhookSecret, "PLANE_APP_URL": appURL,
	}
	// Two at once: both migrate, and both work through the queue.
	bridges := []*process{serve(t, settings), serve(t, settings)}
	pool := pgtest.Open(t, direct)
	eventually(t, "both bridges are ready for deliveries", func() bool { return migrated(pool) })

	s, items := readYAML[source](t, sourcePath), make([]workItem, 12)
	for i := range items {
		items[i] = newWorkItem()
		for change := range 3 {
			items[i].Name = fmt.Sprintf("state %d", change)
			items[i].UpdatedAt = fmt.Sprintf("2026-03-01T02:03:0%d.000000Z", change)
			if got := do(t, s.webhook(t, bridges[(i+change)%2].URL, "updated", items[i])); got.status != http.StatusOK {
				t.Fatalf("webhook: %d %s", got.status, got.body)
			}
		}
	}
	eventually(t, "every delivery is processed", func() bool {
		return number(t, pool, "SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status = 'processed'") == 3*len(items)
	})
	if n := number(t, pool, "SELECT count(*) FROM ops.work_items WHERE title = 'state 2'"); n != len(items) {
		t.Errorf("%d work items in their newest state, want %d", n, len(items))
	}
}

// migrated reports whether all migrations have run; until then it is no error that
// the ledger cannot be asked.
func migrated(pool *pgxpool.Pool) bool {
	return migrations.Check(context.Background(), pool) == nil
}

func number(t *testing.T, pool *pgxpool.Pool, sql string) int {
	t.Helper()
	var n int
	if err := pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAPoolerThatNobodySetIsNamed runs commands through pgbouncer in transaction
// mode with few places, and with the setting that such a pooler takes or without.
func TestAPoolerThatNobodySetIsNamed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, pooler, says string
		places             int
	}{
		{"without the setting", "false", "DATABASE_POOLER: is false, and DATABASE_URL leads through a transaction-mode pooler", 5},
		{"without the setting and with one place", "false", "DATABASE_POOLER: is false, and DATABASE_URL leads through a transaction-mode pooler", 1},
		{"with one place", "true", "lets 1 of the 3 transactions through", 1},
		{"with two places", "true", "lets 2 of the 3 transactions through", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			through := pooledWith(t, pgtest.DSN(t), row.places)
			server, err := url.Parse(through)
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"serve", "check", "migrate"} {
				awaitPooler(t, server.Host)
				// A serve that started in spite of the pooler would never end.
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				program := exec.CommandContext(ctx, binary(t), command)
				program.Env = []string{"DATABASE_URL=" + through, "DATABASE_POOLER=" + row.pooler, "LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=127.0.0.1:0"}
				out, err := program.CombinedOutput()
				if want := map[string]int{"serve": 2, "check": 1, "migrate": 2}[command]; err == nil || program.ProcessState.ExitCode() != want {
					t.Errorf("%s ends with %v, want exit code %d", command, err, want)
				}
				if !strings.Contains(string(out), row.says) {
					t.Errorf("%s does not say that %s:\n%s", command, row.says, out)
				}
			}
		})
	}
}
