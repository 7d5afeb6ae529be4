package odoo19

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// startLimit bounds every wait for a server to answer.
const startLimit = 90 * time.Second

// server is a PostgreSQL with an Odoo on it, both on loopback ports.
type server struct {
	url                  string
	folder               string
	password             string
	odooPort             int
	postgresPort         int
	postgres, odoo       *process
	odooLog, postgresLog *os.File
	// cloning lets one clone of the template happen at a time: PostgreSQL refuses a second.
	cloning sync.Mutex
}

// process is a script that serves until its standard input closes.
type process struct {
	command *exec.Cmd
	input   *os.File
}

// startServer provisions if needed (quick when nothing is missing) and starts both servers.
func startServer() (*server, error) {
	scripts, err := scriptFolder()
	if err != nil {
		return nil, err
	}
	if err := provision(scripts); err != nil {
		return nil, err
	}
	s := &server{folder: filepath.Join(os.TempDir(), fmt.Sprintf("odoo19-test.%d.%d", os.Getpid(), time.Now().UnixNano()))}
	if s.password, err = databasePassword(); err != nil {
		return nil, err
	}
	if s.postgresPort, err = freePort(); err != nil {
		return nil, err
	}
	if s.odooPort, err = freePort(); err != nil {
		return nil, err
	}
	s.url = fmt.Sprintf("http://127.0.0.1:%d", s.odooPort)
	if err := s.startPostgres(scripts); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := s.startOdoo(scripts); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func scriptFolder() (string, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("the source folder is not known to this binary")
	}
	folder := filepath.Join(filepath.Dir(here), "..", "..", "scripts", "odoo19")
	if _, err := os.Stat(filepath.Join(folder, "provision.sh")); err != nil {
		return "", fmt.Errorf("looking for the scripts (was the test built with -trimpath?): %w", err)
	}
	return folder, nil
}

func provision(scripts string) error {
	var output strings.Builder
	script := filepath.Join(scripts, "provision.sh")
	command := exec.CommandContext(context.Background(), "bash", script) //nolint:gosec // A script of this repository.
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("provisioning: %w\n%s", err, lastLines(output.String(), 30))
	}
	return nil
}

// databasePassword reads what provision.sh made up; it is also Odoo's master password.
func databasePassword() (string, error) {
	cache := os.Getenv("ODOO19_CACHE")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("finding the cache folder: %w", err)
		}
		cache = filepath.Join(base, "odoo-plane-bridge", "odoo19")
	}
	raw, err := os.ReadFile(filepath.Join(cache, "database-password")) //nolint:gosec // The developer's own cache.
	if err != nil {
		return "", fmt.Errorf("reading the test database's password: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

func freePort() (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil || !ok {
		return 0, fmt.Errorf("giving port of %s back: %w", listener.Addr(), err)
	}
	return address.Port, nil
}

// serve starts a script whose life hangs on a pipe. Everything it gets is a file, so that no
// goroutine stays behind in the test process.
func serve(output *os.File, script string, args ...string) (*process, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	args = append([]string{script}, args...)
	command := exec.CommandContext(context.Background(), "bash", args...) //nolint:gosec // A script of this repository.
	command.Stdin, command.Stdout, command.Stderr = reader, output, output
	err = command.Start()
	// The child has its own copy of the reading end by now.
	if err := errors.Join(err, reader.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", filepath.Base(script), err), writer.Close())
	}
	return &process{command: command, input: writer}, nil
}

// stop closes the pipe and waits until the server is gone.
func (p *process) stop() error {
	if p == nil || p.input == nil {
		return nil
	}
	if err := p.input.Close(); err != nil {
		return fmt.Errorf("closing the server's input: %w", err)
	}
	p.input = nil
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("waiting for the server to end: %w", err)
	}
	return nil
}

// unnamedFile is a log that vanishes with the process.
func unnamedFile() (*os.File, error) {
	file, err := os.CreateTemp("", "odoo19-*.log")
	if err != nil {
		return nil, fmt.Errorf("making a log file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("unlinking a log file: %w", err)
	}
	return file, nil
}

func (s *server) startPostgres(scripts string) error {
	output, err := unnamedFile()
	if err != nil {
		return err
	}
	s.postgresLog = output
	s.postgres, err = serve(output, filepath.Join(scripts, "postgres.sh"), s.folder, fmt.Sprint(s.postgresPort))
	if err != nil {
		return err
	}
	return waitUntil("PostgreSQL", output, func() bool { return strings.Contains(contents(output), "ready\n") })
}

func (s *server) startOdoo(scripts string) error {
	output, err := unnamedFile()
	if err != nil {
		return err
	}
	s.odooLog = output
	s.odoo, err = serve(output, filepath.Join(scripts, "odoo.sh"), s.folder, fmt.Sprint(s.odooPort))
	if err != nil {
		return err
	}
	return waitUntil("Odoo", output, s.healthy)
}

func (s *server) restart() error {
	if err := s.odoo.stop(); err != nil {
		return err
	}
	scripts, err := scriptFolder()
	if err != nil {
		return err
	}
	return s.startOdoo(scripts)
}

func (s *server) healthy() bool {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.url+"/web/health", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// waitUntil asks again until the server answers; there is nothing to be told by.
func waitUntil(what string, output *os.File, answers func() bool) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(startLimit)
	for !answers() {
		select {
		case <-ticker.C:
		case <-limit:
			return fmt.Errorf("%s did not answer within %s:\n%s", what, startLimit, lastLines(contents(output), 30))
		}
	}
	return nil
}

func (s *server) close() error { return errors.Join(s.odoo.stop(), s.postgres.stop()) }

func (s *server) logTail() string { return lastLines(contents(s.odooLog), 60) }

func contents(file *os.File) string {
	if file == nil {
		return ""
	}
	raw, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<20))
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
