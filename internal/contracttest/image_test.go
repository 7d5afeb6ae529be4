package contracttest_test

import (
	"debug/elf"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// image is what the last stage of the Dockerfile makes.
type image struct {
	from        string
	copies      map[string]string // path in the image -> path in the build stage
	user        string
	entrypoint  []string
	command     []string
	healthcheck []string
	ports       []string
}

func readImage(t *testing.T) image {
	t.Helper()
	text := strings.ReplaceAll(read(t, "docker/Dockerfile"), "\\\n", " ")
	i := image{copies: make(map[string]string)}
	for line := range strings.Lines(text) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch instruction {
		case "FROM":
			i = image{from: rest, copies: make(map[string]string)}
		case "COPY":
			words := strings.Fields(strings.TrimPrefix(rest, "--from=build "))
			i.copies[words[len(words)-1]] = words[0]
		case "USER":
			i.user = rest
		case "EXPOSE":
			i.ports = strings.Fields(rest)
		case "ENTRYPOINT":
			i.entrypoint = words(t, rest)
		case "CMD":
			i.command = words(t, rest)
		case "HEALTHCHECK":
			i.healthcheck = words(t, regexp.MustCompile(`^.*CMD `).ReplaceAllString(rest, ""))
		}
	}
	return i
}

// words reads the form of an instruction that needs no shell.
func words(t *testing.T, text string) []string {
	t.Helper()
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Errorf("%q needs a shell, and the image has none: %v", text, err)
	}
	return list
}

func TestTheImageHoldsTheBinaryAndCertificatesOnly(t *testing.T) {
	t.Parallel()
	i := readImage(t)
	if i.from != "scratch" || len(i.copies) != 2 {
		t.Errorf("the image is made from %s with %v", i.from, i.copies)
	}
	if i.copies["/etc/ssl/certs/ca-certificates.crt"] == "" || i.copies[i.entrypoint[0]] == "" || i.healthcheck[0] != i.entrypoint[0] {
		t.Errorf("the image lacks certificates or program: %+v", i)
	}
	if wanted := []string{port(t, "LISTEN_ADDR"), port(t, "METRICS_ADDR")}; !slices.Equal(i.ports, wanted) {
		t.Errorf("EXPOSE %v, want %v", i.ports, wanted)
	}
}

func TestTheBinaryIsStatic(t *testing.T) {
	t.Parallel()
	file, err := elf.Open(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	libraries, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	if len(libraries) > 0 {
		t.Errorf("the binary needs %v", libraries)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the binary needs a dynamic linker")
		}
	}
}

// TestTheBridgeRunsAsItsImageWould starts the program as a container engine
// does, less the engine: in a root directory that holds what the image holds, as
// the image's user, to whom nothing there is writable.
func TestTheBridgeRunsAsItsImageWould(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root may change the root directory")
	}
	i := readImage(t)
	dir := rootDirectory(t, i)
	inImage := &syscall.SysProcAttr{Chroot: dir, Credential: account(t, i.user)}
	serve := exec.Command(i.entrypoint[0], append(i.entrypoint[1:], i.command...)...)
	serve.Dir, serve.SysProcAttr = "/", inImage
	bridge := start(t, serve, map[string]string{"DATABASE_URL": pgtest.DSN(t), "TIMEZONE": "Asia/Manila"})
	if got := get(t, bridge.URL+"/healthz"); got.status != http.StatusOK {
		t.Errorf("/healthz = %d %s", got.status, got.body)
	}
	check := exec.Command(i.healthcheck[0], i.healthcheck[1:]...)
	check.Dir, check.SysProcAttr = "/", inImage
	check.Env = []string{"LISTEN_ADDR=" + strings.TrimPrefix(bridge.URL, "http://")}
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("health check: %v\n%s", err, out)
	}
	check = exec.Command(i.healthcheck[0], i.healthcheck[1:]...)
	check.Dir, check.SysProcAttr, check.Env = "/", inImage, []string{"LISTEN_ADDR=" + unusedAddress(t)}
	if err := check.Run(); err == nil {
		t.Error("the health check passes where nothing listens")
	}
}

// rootDirectory lays out what the image holds. Certificates come from this
// machine, as they do from the build stage.
func rootDirectory(t *testing.T, i image) string {
	t.Helper()
	// Not t.TempDir: the parents of that are closed to other users.
	dir, err := os.MkdirTemp("", "odoo-plane-bridge-image-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for inside, source := range i.copies {
		if inside == i.entrypoint[0] {
			source = binary(t)
		}
		place(t, source, filepath.Join(dir, inside))
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	return dir
}

func place(t *testing.T, source, target string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY, 0o555)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}

// account reads USER as uid:gid.
func account(t *testing.T, user string) *syscall.Credential {
	t.Helper()
	uid, gid, _ := strings.Cut(user, ":")
	u, err := strconv.ParseUint(uid, 10, 32)
	if err != nil || u == 0 {
		t.Fatalf("USER %q is not an unprivileged uid:gid", user)
	}
	g, err := strconv.ParseUint(gid, 10, 32)
	if err != nil || g == 0 {
		t.Fatalf("USER %q is not an unprivileged uid:gid", user)
	}
	return &syscall.Credential{Uid: uint32(u), Gid: uint32(g)}
}

// unusedAddress is a port that was free a moment ago.
func unusedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestTheImageIsBuiltWithTheGoThatGoModNames(t *testing.T) {
	t.Parallel()
	toolchain := regexp.MustCompile(`(?m)^toolchain go(\S+)$`).FindStringSubmatch(read(t, "go.mod"))
	if toolchain == nil {
		t.Fatal("go.mod names no toolchain")
	}
	if !strings.Contains(read(t, "docker/Dockerfile"), " golang:"+toolchain[1]+"-") {
		t.Errorf("the image is not built with Go %s", toolchain[1])
	}
}
