package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/httpserver"
)

// rawRequest is what goes over the wire, byte for byte, and the status that has to
// come back; 0 for any.
type rawRequest struct {
	name, sent string
	status     int
}

// served is a listener with the whole program behind it, as serve has it.
func served(t *testing.T) (main, side string) {
	t.Helper()
	a := bareApp(t)
	return serveOn(t, httpserver.Server{Handler: a.Receiver, DropSlowest: a.Receiver.DropSlowest}),
		serveOn(t, httpserver.Server{Handler: httpserver.Only("/metrics", a.metrics.Handler())})
}

func serveOn(t *testing.T, server httpserver.Server) string {
	t.Helper()
	listener, err := httpserver.Listen(t.Context(), "LISTEN_ADDR", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(t.Context(), listener) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

const closing = "Host: x\r\nConnection: close\r\n"

// oddRequests are what monitors, proxies, scanners and mistakes send.
func oddRequests() []rawRequest {
	const post = "POST /api/webhooks/plane HTTP/1.1\r\n" + closing
	return []rawRequest{
		{"no version", "GET /healthz\r\n\r\n", 400},
		{"no method", " /healthz HTTP/1.1\r\n" + closing + "\r\n", 400},
		{"no host", "GET /healthz HTTP/1.1\r\n\r\n", 400},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		{"a host that is none", "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		{"HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", 200},
		{"HTTP/0.9", "GET /healthz HTTP/0.9\r\n\r\n", 505},
		{"HTTP/3.0", "GET /healthz HTTP/3.0\r\n" + closing + "\r\n", 505},
		{"a version that is none", "GET /healthz HTTP/one\r\n" + closing + "\r\n", 400},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
		{"a TLS hello", "\x16\x03\x01\x00\x7a\x01\x00\x00\x76\x03\x03\n\n", 400},
		{"garbage", "\x00\x01\x02\xff\r\n\r\n", 400},
		{"an expectation that is unknown", post + "Expect: a miracle\r\nContent-Length: 2\r\n\r\n{}", 417},
		{"100-continue", post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 403},
		{"a transfer coding that is unknown", post + "Transfer-Encoding: gzip\r\n\r\n", 501},
		{"two transfer codings", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
		{"a length and chunks", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 0},
		{"chunks", post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 403},
		{"chunks of no length", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400},
		{"too large in chunks", post + "Transfer-Encoding: chunked\r\n\r\n110000\r\n" + strings.Repeat("a", 0x110000) + "\r\n0\r\n\r\n", 413},
		{"a length that is none", post + "Content-Length: many\r\n\r\n{}", 400},
		{"a negative length", post + "Content-Length: -1\r\n\r\n{}", 400},
		{"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400},
		{"a length beyond counting", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
		{"too large by its length", post + "Content-Length: 1048577\r\n\r\n", 413},
		{"empty", post + "Content-Length: 0\r\n\r\n", 403},
		{"no length", post + "\r\n", 403},
		{"a compressed body", post + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", 403},
		{"a header without a colon", "GET /healthz HTTP/1.1\r\n" + closing + "oops\r\n\r\n", 400},
		{"a header without a name", "GET /healthz HTTP/1.1\r\n" + closing + ": x\r\n\r\n", 400},
		{"a header with a space in its name", "GET /healthz HTTP/1.1\r\n" + closing + "A B: x\r\n\r\n", 400},
		{"a header with a NUL", "GET /healthz HTTP/1.1\r\n" + closing + "A: x\x00y\r\n\r\n", 400},
		{"a header that is folded", "GET /healthz HTTP/1.1\r\n" + closing + "A: x\r\n y\r\n\r\n", 0},
		{"a header of 2 MB", "GET /healthz HTTP/1.1\r\n" + closing + "A: " + strings.Repeat("a", 2_000_000) + "\r\n\r\n", 431},
		{"a thousand headers", "GET /healthz HTTP/1.1\r\n" + closing + strings.Repeat("A: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 1000) + "\r\n", 431},
		{"a path of 40 kB", "GET /" + strings.Repeat("a", 40_000) + " HTTP/1.1\r\n" + closing + "\r\n", 431},
		{"a path that is none", "GET healthz HTTP/1.1\r\n" + closing + "\r\n", 400},
		{"a path with a bad escape", "GET /%zz HTTP/1.1\r\n" + closing + "\r\n", 400},
		{"a path that climbs", "GET /../../etc/passwd HTTP/1.1\r\n" + closing + "\r\n", 404},
		{"a path with a NUL", "GET /healthz%00 HTTP/1.1\r\n" + closing + "\r\n", 404},
		{"a double slash", "GET //healthz HTTP/1.1\r\n" + closing + "\r\n", 404},
		{"an absolute address", "GET http://elsewhere/healthz HTTP/1.1\r\n" + closing + "\r\n", 200},
		{"a proxy's CONNECT", "CONNECT elsewhere:443 HTTP/1.1\r\n" + closing + "\r\n", 0},
		{"OPTIONS of everything", "OPTIONS * HTTP/1.1\r\n" + closing + "\r\n", 200},
		{"HEAD with a version that is unknown", "HEAD /healthz HTTP/3.0\r\n" + closing + "\r\n", 505},
		{"an upgrade", "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n", 200},
		{"a wrong scheme before the token", "GET /console HTTP/1.1\r\n" + closing + "Authorization: Basic for-tests\r\n\r\n", 403},
		{"a token without a scheme", "GET /console HTTP/1.1\r\n" + closing + "Authorization: for-tests\r\n\r\n", 403},
		{"a method in small letters", "get /healthz HTTP/1.1\r\n" + closing + "\r\n", 405},
		{"a method of 100 letters", strings.Repeat("G", 100) + " /healthz HTTP/1.1\r\n" + closing + "\r\n", 405},
		{"a call that is no JSON", "POST /jsonrpc HTTP/1.1\r\n" + closing + "Content-Length: 1\r\n\r\n[", 200},
		{"a hint without a token", "POST /api/webhooks/odoo HTTP/1.1\r\n" + closing + "Content-Length: 2\r\n\r\n{}", 403},
		{"a hint with an empty token", "POST /api/webhooks/odoo?token= HTTP/1.1\r\n" + closing + "Content-Length: 2\r\n\r\n{}", 403},
		{"a callback of nobody", "GET /oauth/plane/callback?state=%00&code=%ff HTTP/1.1\r\n" + closing + "\r\n", 0},
	}
}

func TestEveryAnswerOverTheWireIsJSONWithABody(t *testing.T) {
	t.Parallel()
	main, side := served(t)
	kinds := 0
	ask := func(address string, r rawRequest) {
		kinds++
		assertRawJSON(t, address, r)
	}
	for _, r := range oddRequests() {
		ask(main, r)
	}
	for _, method := range append(anyMethod, "BREW", "PROPFIND") {
		for _, path := range []string{"/", "/healthz", "/healthz/", "/nothing", "/api/webhooks/plane", "/api/webhooks/odoo", "/jsonrpc", "/console", "/console/x", "/oauth/plane/callback"} {
			r := rawRequest{name: method + " " + path, sent: method + " " + path + " HTTP/1.1\r\n" + closing + "Content-Length: 0\r\n\r\n"}
			if method == http.MethodOptions && path != "/" && path != "/nothing" && path != "/healthz/" {
				r.status = 200
			}
			if method == http.MethodHead && path == "/healthz" {
				r.status = 200
			}
			ask(main, r)
		}
		for _, path := range []string{"/", "/metrics/x", "/metrics"} {
			if path == "/metrics" && (method == http.MethodGet || method == http.MethodHead) {
				continue // Prometheus' text
			}
			ask(side, rawRequest{name: "metrics " + method + " " + path, sent: method + " " + path + " HTTP/1.1\r\n" + closing + "\r\n"})
		}
	}
	for _, r := range oddRequests()[:10] {
		ask(side, rawRequest{name: "metrics " + r.name, sent: r.sent})
	}
	if kinds < 150 {
		t.Errorf("only %d kinds of requests were tried", kinds)
	}
}

// assertRawJSON sends bytes and reads the answer as a client does.
func assertRawJSON(t *testing.T, address string, r rawRequest) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(conn, r.sent) }() // The answer may come before all is sent.
	method, _, _ := strings.Cut(r.sent, " ")
	response, err := finalResponse(bufio.NewReader(conn), method)
	if err != nil {
		t.Errorf("%s: no answer: %v", r.name, err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: reading the answer: %v", r.name, err)
	}
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case r.status != 0 && response.StatusCode != r.status:
		t.Errorf("%s: %s, want %d: %s", r.name, response.Status, r.status, body)
	case err != nil || media != "application/json":
		t.Errorf("%s: %s with Content-Type %q", r.name, response.Status, response.Header.Get("Content-Type"))
	case method == http.MethodHead && len(body) > 0:
		t.Errorf("%s: %s with a body to HEAD: %q", r.name, response.Status, body)
	case method != http.MethodHead && !isAnswer(body):
		t.Errorf("%s: %s with body %q, which is no JSON object", r.name, response.Status, body)
	case response.StatusCode == http.StatusNoContent:
		t.Errorf("%s: 204", r.name)
	case method == http.MethodOptions && response.StatusCode == http.StatusOK && response.Header.Get("Allow") == "":
		t.Errorf("%s: the answer does not say what is allowed", r.name)
	}
}

// finalResponse passes over 100 Continue.
func finalResponse(from *bufio.Reader, method string) (*http.Response, error) {
	for {
		response, err := http.ReadResponse(from, &http.Request{Method: method})
		if err != nil || response.StatusCode >= 200 {
			return response, err
		}
	}
}

func isAnswer(body []byte) bool {
	var object map[string]any
	return json.Unmarshal(body, &object) == nil && len(object) > 0
}

func TestARequestThatStopsInItsHeadIsToldSo(t *testing.T) {
	t.Parallel()
	main, _ := served(t)
	assertRawJSON(t, main, rawRequest{"half a head", "GET /healthz HTTP/1.1\r\nHost: x\r\n", http.StatusRequestTimeout})
}

func TestAConnectionIsUsedAgainAfterAnAnswer(t *testing.T) {
	t.Parallel()
	main, _ := served(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", main)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, sent := range []string{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz\r\n\r\n"} {
		if _, err := fmt.Fprint(conn, sent); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("%q: %v", sent, err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || !isAnswer(body) {
			t.Errorf("%q: %s %q, %v", sent, response.Status, body, err)
		}
	}
}
