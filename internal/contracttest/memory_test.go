package contracttest_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// thousand has a thousand strangers come instead of some hundred: `make test-siege`.
// A gigabyte in one second leaves little of a machine to whatever else is tested.
var thousand = flag.Bool("thousand", false, "besiege the program with a thousand connections")

const (
	// half is what each stranger sends of a body that never ends.
	half = 1_000_000
	// bearable is what the program may hold at its worst, as the manifests allow it.
	bearable = 128 << 20
	// promptly is how soon an honest webhook has to be answered meanwhile.
	promptly = time.Second
)

func strangers() int {
	if *thousand {
		return 1000
	}
	return 128
}

// A stranger needs no signature to open a connection and send most of a body. Many
// of them at once must neither fill the memory nor keep a webhook waiting, whether
// they say how long their bodies are or not, and whether they are large.
func TestStrangersWithHalfABodyTakeNeitherMemoryNorTheWay(t *testing.T) {
	for name, attack := range map[string]struct{ head, part string }{
		"a megabyte each":             {"POST /api/webhooks/plane HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n", strings.Repeat("a", half)},
		"a megabyte each, in chunks":  {"POST /api/webhooks/plane HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "F4240\r\n" + strings.Repeat("a", half-1)},
		"a call of eight megabytes":   {"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n", strings.Repeat("a", half)},
		"thirty kilobytes each":       {"POST /api/webhooks/plane HTTP/1.1\r\nHost: x\r\nContent-Length: 32768\r\n\r\n", strings.Repeat("a", 30_000)},
		"a head that never ends":      {"GET /healthz HTTP/1.1\r\nHost: x\r\n", "X-A: " + strings.Repeat("a", 15_000)},
		"nothing at all, but waiting": {"", ""},
	} {
		t.Run(name, func(t *testing.T) { besiege(t, attack.head+attack.part) })
	}
}

func besiege(t *testing.T, sent string) {
	const secret = "a-secret-for-signing"
	serving := exec.Command(binary(t), "serve")
	p := start(t, serving, map[string]string{
		"DATABASE_URL": pgtest.DSN(t), "PLANE_WEBHOOK_SECRET": secret, "PLANE_BASE_URL": "http://127.0.0.1:1",
	})
	eventually(t, "a webhook is kept", func() bool { status, _ := honest(t, p, secret); return status == http.StatusOK })

	ctx, leave := context.WithCancel(t.Context())
	var sending, gone sync.WaitGroup
	for range strangers() {
		sending.Add(1)
		gone.Go(func() { stranger(ctx, t, strings.TrimPrefix(p.URL, "http://"), sent, sending.Done) })
	}
	all := make(chan struct{})
	go func() { sending.Wait(); close(all) }()
	for done := false; !done; {
		select {
		case <-all:
			done = true // and one more webhook, while they all wait
		default:
		}
		if status, took := honest(t, p, secret); status != http.StatusOK || took > promptly {
			t.Errorf("meanwhile a signed webhook was answered %d after %s, want 200 within %s", status, took, promptly)
			done = true
		}
	}
	if peak := peakMemory(t, serving.Process.Pid); peak > bearable {
		t.Errorf("the program held %d MiB at its worst, want at most %d", peak>>20, bearable>>20)
	} else {
		t.Logf("%d MiB at its worst", peak>>20)
	}
	leave()
	gone.Wait()
}

// stranger sends what it has, says so, and holds the connection until it is closed.
func stranger(ctx context.Context, t *testing.T, address, sent string, hasSent func()) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() == nil {
			t.Errorf("connecting: %v", err)
		}
		hasSent()
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, sent) // It may be cut off in the middle; that is the point.
	hasSent()
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	_, _ = io.Copy(io.Discard, conn)
}

// honest sends one signed webhook and says how it was answered, and how long after
// its last byte was handed over to be sent. What comes before and after is the test's own machinery,
// which the strangers keep busy as well.
func honest(t *testing.T, p *process, secret string) (status int, took time.Duration) {
	body := fmt.Appendf(nil, `{"event": "issue", "action": "updated", "data": {"id": %q, "name": %q}}`, uuid.New(), strings.Repeat("n", 4000))
	handed := &handedOver{from: bytes.NewReader(body)}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/api/webhooks/plane", handed)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(body))
	request.Header.Set(plane.HeaderSignature, plane.Sign(secret, body))
	request.Header.Set(plane.HeaderDelivery, uuid.NewString())
	var answered time.Time
	request = request.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotFirstResponseByte: func() { answered = time.Now() },
	}))
	response, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Errorf("a signed webhook was not answered: %v", err)
		return 0, 0
	}
	defer response.Body.Close()
	return response.StatusCode, answered.Sub(time.Unix(0, handed.at.Load()))
}

// handedOver notes when the last of a body was handed over to be sent. That the
// transport has written it is told by another goroutine, maybe after the answer.
type handedOver struct {
	from *bytes.Reader
	at   atomic.Int64
}

func (h *handedOver) Read(into []byte) (int, error) {
	n, err := h.from.Read(into)
	h.at.Store(time.Now().UnixNano())
	return n, err
}

// peakMemory is the most that a process has held so far.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Skip("this system does not tell a process's memory") // Linux, where the program runs, does.
	}
	for line := range strings.Lines(string(content)) {
		if amount, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.ParseInt(strings.Fields(amount)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("/proc does not tell the peak of the process's memory")
	return 0
}
