package contracttest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// root is the top of the project, seen from this package.
const root = "../.."

// patience is how long a check waits for something that happens soon after; it
// only runs out when something is broken.
const patience = 60 * time.Second

func TestMain(m *testing.M) { pgtest.Main(m) }

// without skips a test whose program is not on a developer's machine. In CI, where
// scripts/ensure-test-packages.sh has installed it, a missing one is a failure.
func without(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

var built struct {
	once sync.Once
	path string
	err  error
}

// binary builds the program as the image does, once for all tests here. It lands
// among what is built, where the next run replaces it.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() { built.path, built.err = build() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func build() (string, error) {
	dir, err := filepath.Abs(filepath.Join(root, "bin", "contracttest"))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "odoo-plane-bridge")
	// Under a name of its own first: another run may be using the present one.
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	compile := exec.Command("go", "build", "-trimpath", "-o", fresh, "./cmd/odoo-plane-bridge")
	compile.Dir, compile.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return path, os.Rename(fresh, path)
}

// process is a running `serve`.
type process struct {
	URL, MetricsURL string
	log             *safeBuffer
}

// serve starts the program with the given settings on free ports and stops it
// when the test ends.
func serve(t *testing.T, settings map[string]string) *process {
	t.Helper()
	return start(t, exec.Command(binary(t), "serve"), settings)
}

func start(t *testing.T, cmd *exec.Cmd, settings map[string]string) *process {
	t.Helper()
	cmd.Env = []string{"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=127.0.0.1:0", "LOG_FORMAT=json"}
	for name, value := range settings {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting the bridge: %v", err)
	}
	p := &process{log: new(safeBuffer)}
	listening, drained := make(chan [2]string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		p.follow(out, listening)
	}()
	t.Cleanup(func() { stop(t, cmd, drained, p) })
	select {
	case addresses := <-listening:
		p.URL, p.MetricsURL = "http://"+addresses[0], "http://"+addresses[1]
	case <-drained:
		t.Fatalf("the bridge ended instead of listening:\n%s", p.log)
	case <-time.After(patience):
		t.Fatalf("the bridge does not listen:\n%s", p.log)
	}
	return p
}

// follow keeps the log and passes on the addresses that it names.
func (p *process) follow(out io.Reader, listening chan<- [2]string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintf(p.log, "%s\n", lines.Bytes())
		var line struct{ Msg, Address, Metrics string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			listening <- [2]string{line.Address, line.Metrics}
		}
	}
}

func stop(t *testing.T, cmd *exec.Cmd, drained <-chan struct{}, p *process) {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("stopping the bridge: %v", err)
	}
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	<-drained
	if err := cmd.Wait(); err != nil {
		t.Errorf("the bridge ended with %v", err)
	}
	if t.Failed() {
		t.Logf("the bridge's log:\n%s", p.log)
	}
}

// safeBuffer is a log that is written and read at once.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the log.
func (b *safeBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

// String is the log so far.
func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func do(t *testing.T, request *http.Request) answer {
	t.Helper()
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, body}
}

// eventually asks again until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again := time.NewTicker(25 * time.Millisecond)
	defer again.Stop()
	expired := time.After(patience)
	for !holds() {
		select {
		case <-again.C:
		case <-expired:
			t.Fatalf("still not so after %s: %s", patience, what)
		}
	}
}
