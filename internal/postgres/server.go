// Package postgres starts a private PostgreSQL: a real server on a loopback
// port and in a folder of its own, for the demo and the tests. It never touches
// a cluster that is already on the machine.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// role owns every database of a private server. It is deliberately not
// "postgres": Odoo refuses to work under that name.
const role = "bridge"

// Options say where a private server lives and how careful it is.
type Options struct {
	// Dir holds the data. It is created when missing and reused when it holds a
	// cluster already; empty means a new temporary folder, removed by Stop.
	Dir string
	// Durable keeps fsync on, as a company's server has it. Tests that do not
	// pull the plug leave it off and run faster.
	Durable bool
	// Port to listen on; 0 takes a free one.
	Port int
	// Environment is added to the server's, such as LD_PRELOAD=libfaketime.so.1.
	Environment []string
}

// Server is one running private PostgreSQL.
type Server struct {
	dir       string
	temporary bool
	port      int
	process   *os.Process
	exited    chan struct{}
	exitErr   error
}

// Start runs a private PostgreSQL and returns when it answers. As root it runs
// as the user postgres or nobody, because PostgreSQL refuses to run as root.
// The server ends with this process, however that ends.
func Start(ctx context.Context, opts Options) (*Server, error) {
	bin, err := FindPrograms()
	if err != nil {
		return nil, err
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: opts.Dir, port: opts.Port, exited: make(chan struct{})}
	if err := s.prepareDir(account); err != nil {
		return nil, fmt.Errorf("preparing PostgreSQL's folder: %w", err)
	}
	if err := s.initialise(ctx, bin, account); err != nil {
		return nil, errors.Join(err, s.removeDir())
	}
	if err := s.launch(ctx, bin, account, opts); err != nil {
		return nil, errors.Join(err, s.removeDir())
	}
	if err := s.waitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// DSN is the address of a database of this server, for pgx and libpq alike.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", role, s.port, database)
}

// Port is the loopback port the server listens on.
func (s *Server) Port() int { return s.port }

// Stop ends the server at once, open connections or not, and removes a
// temporary folder.
func (s *Server) Stop() error {
	if err := s.process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		// SIGQUIT abandons the shutdown checkpoint; the folder stays consistent.
		_ = s.process.Signal(syscall.SIGQUIT)
		<-s.exited
	}
	return s.removeDir()
}

// Crash ends the server as a power cut would, as far as a program can: nothing is
// written any more, and the next start recovers from the log. The folder stays.
func (s *Server) Crash() error {
	if err := s.process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("crashing PostgreSQL: %w", err)
	}
	<-s.exited
	return nil
}

func (s *Server) prepareDir(account *syscall.Credential) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "odoo-plane-bridge-pg-")
		if err != nil {
			return err
		}
		s.dir, s.temporary = dir, true
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if account == nil {
		return nil
	}
	return os.Chown(s.dir, int(account.Uid), int(account.Gid))
}

func (s *Server) removeDir() error {
	if !s.temporary {
		return nil
	}
	return os.RemoveAll(s.dir)
}

func (s *Server) initialise(ctx context.Context, bin string, account *syscall.Credential) error {
	if _, err := os.Stat(filepath.Join(s.data(), "PG_VERSION")); err == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
		"--pgdata", s.data(), "--username", role, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("creating a PostgreSQL cluster in %s: %w\n%s", s.dir, err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) launch(ctx context.Context, bin string, account *syscall.Credential, opts Options) error {
	if s.port == 0 {
		port, err := freePort(ctx)
		if err != nil {
			return fmt.Errorf("finding a free port for PostgreSQL: %w", err)
		}
		s.port = port
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	// Not CommandContext: the server outlives the context that started it.
	cmd := exec.Command(filepath.Join(bin, "postgres"), s.arguments(opts.Durable)...) //nolint:noctx // see above
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = append(os.Environ(), opts.Environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account, Pdeathsig: syscall.SIGINT, Setpgid: true}
	started := make(chan error, 1)
	go s.own(cmd, log, started)
	if err := <-started; err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	return nil
}

// own starts the server and waits for it on one locked thread: the kernel sends
// the parent-death signal when the starting thread ends, not the process.
func (s *Server) own(cmd *exec.Cmd, log *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer log.Close()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	s.process = cmd.Process
	started <- nil
	s.exitErr = cmd.Wait()
	close(s.exited)
}

func (s *Server) arguments(durable bool) []string {
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=",
		"max_connections=200", "shared_buffers=64MB", "timezone=UTC", "log_min_messages=warning",
	}
	if !durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
			"max_wal_senders=0", "autovacuum=off", "checkpoint_timeout=1h", "max_wal_size=4GB", "jit=off")
	}
	args := []string{"-D", s.data()}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	poll := time.NewTicker(25 * time.Millisecond)
	defer poll.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.DSN("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return fmt.Errorf("PostgreSQL ended at once: %w\n%s", s.exitErr, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer on port %d: %w", s.port, err)
		case <-poll.C:
		}
	}
}

func (s *Server) logTail() string {
	log, err := os.ReadFile(filepath.Join(s.dir, "server.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
