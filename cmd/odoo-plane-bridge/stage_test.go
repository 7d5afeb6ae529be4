package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

const stageSecret = "stage-webhook-secret"

// stage is a Plane, an Odoo and a database for the program to run against.
type stage struct {
	t        *testing.T
	plane    *planetest.Server
	odoo     *odootest.Server
	pool     *pgxpool.Pool
	settings map[string]string
	// endPlane ends the server in front of plane once every request to it has ended.
	endPlane func()
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dsn := pgtest.DSN(t)
	s := &stage{
		t: t, pool: pgtest.Open(t, dsn),
		plane: planetest.New(planetest.Options{Limit: 100_000, RetryBase: 50 * time.Millisecond}),
		odoo:  odootest.New(odootest.Options{}),
	}
	t.Cleanup(s.plane.Close)
	planeServer, odooServer := httptest.NewServer(s.plane), httptest.NewServer(s.odoo)
	t.Cleanup(planeServer.Close)
	t.Cleanup(odooServer.Close)
	s.endPlane = planeServer.Close
	user := s.odoo.LeastPrivilege()
	s.settings = map[string]string{
		"DATABASE_URL": dsn, "LISTEN_ADDR": "127.0.0.1:0", "METRICS_ADDR": "127.0.0.1:0", "INSTANCE_ID": "stage",
		// Every run of a test is searched for secrets, at the level that tells most.
		"LOG_LEVEL":      "debug",
		"PLANE_BASE_URL": planeServer.URL, "PLANE_WORKSPACE_SLUG": s.plane.WorkspaceSlug(), "PLANE_API_KEY": s.plane.BotKey(),
		"PLANE_WEBHOOK_SECRET": stageSecret, "PLANE_BIR_PROJECT_ID": s.plane.ProjectID(),
		"ODOO_URL": odooServer.URL, "ODOO_DB": "odoo", "ODOO_LOGIN": user.Login, "ODOO_PASSWORD": user.APIKey,
	}
	return s
}

// command runs one command inside the test and returns its exit code and output.
func (s *stage) command(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, log strings.Builder
	code = run(s.t.Context(), args, func(name string) string { return s.settings[name] }, &out, &log)
	s.mustHoldNoSecret("the log of "+strings.Join(args, " "), log.String())
	if !slices.Contains(args, "--values") { // Then the operator asked for them.
		s.mustHoldNoSecret(strings.Join(args, " "), out.String())
	}
	return code, out.String(), withoutDebug(log.String())
}

// mustHoldNoSecret fails the test when a text shows the value of a secret.
func (s *stage) mustHoldNoSecret(where, text string) {
	s.t.Helper()
	for _, spec := range settings.Specs() {
		// The database's address holds no password here and is no secret then.
		if value := s.settings[spec.Name]; spec.Secret != "" && value != "" && spec.Name != "DATABASE_URL" && strings.Contains(text, value) {
			s.t.Errorf("%s shows %s", where, spec.Name)
		}
	}
}

// withoutDebug is what an operator sees at the default level.
func withoutDebug(log string) string {
	var kept strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"level":"DEBUG"`) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// program is the bridge as a process of its own.
type program struct {
	t       *testing.T
	command *exec.Cmd
	// url is where its receiver listens.
	url       string
	listening chan string
	// ended is closed when its log has ended.
	ended chan struct{}

	mu  sync.Mutex
	log strings.Builder
}

// start runs a command as a process of its own and returns when it listens.
func (s *stage) start(args ...string) *program {
	s.t.Helper()
	p := s.launch(args...)
	select {
	case address := <-p.listening:
		p.url = "http://" + address
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the program does not listen; its log:\n%s", p.logged())
	}
	return p
}

// launch runs a command as a process of its own.
func (s *stage) launch(args ...string) *program {
	s.t.Helper()
	binary, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	p := &program{t: s.t, command: exec.Command(binary, args...), listening: make(chan string, 1), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), asProgram+"=1")
	for name, value := range s.settings {
		p.command.Env = append(p.command.Env, name+"="+value)
	}
	stderr, err := p.command.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	go p.read(stderr, p.listening)
	s.t.Cleanup(func() {
		p.kill()
		if s.t.Failed() {
			s.t.Logf("the log of %s:\n%s", strings.Join(args, " "), withoutDebug(p.logged()))
		}
		s.mustHoldNoSecret("the log of "+strings.Join(args, " "), p.logged())
	})
	return p
}

// read keeps the log and finds the address in it.
func (p *program) read(stderr io.Reader, listening chan<- string) {
	defer close(p.ended)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			listening <- line.Address
		}
		p.mu.Lock()
		p.log.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
	}
}

func (p *program) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// wait returns the exit code when the process has ended.
func (p *program) wait() int {
	<-p.ended // Waiting for the process would cut its log off.
	_ = p.command.Wait()
	return p.command.ProcessState.ExitCode()
}

// kill ends the process as a power cut would.
func (p *program) kill() {
	if p.command.ProcessState != nil {
		return
	}
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// ready asks for readiness and returns the status and each check's error.
func (p *program) ready() (status int, errs map[string]string) {
	p.t.Helper()
	response, err := http.Get(p.url + "/readyz")
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	var report struct {
		Checks map[string]struct {
			OK    bool
			Error string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&report); err != nil {
		p.t.Fatal(err)
	}
	errs = make(map[string]string)
	for name, check := range report.Checks {
		if !check.OK {
			errs[name] = check.Error
		}
	}
	return response.StatusCode, errs
}

// deliver sends a signed webhook and returns the status of the answer.
func (p *program) deliver(id, body string) (int, error) {
	request, err := http.NewRequest(http.MethodPost, p.url+"/api/webhooks/plane", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set(plane.HeaderSignature, plane.Sign(stageSecret, []byte(body)))
	request.Header.Set(plane.HeaderDelivery, id)
	request.Header.Set(plane.HeaderEvent, "issue")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// count runs a query that gives one number.
func (s *stage) count(sql string, args ...any) int {
	s.t.Helper()
	var n int
	if err := s.pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// text runs a query that gives one text.
func (s *stage) text(sql string, args ...any) string {
	s.t.Helper()
	var text string
	if err := s.pool.QueryRow(context.Background(), sql, args...).Scan(&text); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return text
}

func (s *stage) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql, args...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// eventually waits until a condition holds, looking often; it fails the test
// after a time in which even a slow machine gets there.
func (s *stage) eventually(what string, within time.Duration, holds func() bool) {
	s.t.Helper()
	deadline, tick := time.After(within), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			s.t.Fatalf("after %s still not: %s", within, what)
		case <-tick.C:
		}
	}
}

func (s *stage) open() int {
	return s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status IN ('received', 'failed')")
}

func workItemBody(id, name, group string, at time.Time) string {
	return fmt.Sprintf(`{"event": "issue", "action": "updated", "data": {"id": %q, "name": %q, "updated_at": %q, "state": {"id": "a9213c44-c29a-4b65-9213-01f3e436a0ea", "name": "State", "group": %q}}}`,
		id, name, at.UTC().Format(time.RFC3339Nano), group)
}
