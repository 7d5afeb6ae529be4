package httpserver

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// connection turns what net/http answers by itself into the JSON that every answer
// is: a head that is too long or malformed, an expectation or a transfer coding that
// it does not know. Those answers are written to the connection without the handler.
type connection struct {
	net.Conn
	crowd *crowd

	// handled says that a request has come to the handler, and begun that some of the
	// next one has been read. waiting is since when the connection has kept the server
	// waiting for a request, 0 while one is worked on.
	handled, begun, isHead atomic.Bool
	waiting                atomic.Int64
}

// nextRequest begins anew after an answer.
func (c *connection) nextRequest() {
	c.handled.Store(false)
	c.begun.Store(false)
	c.isHead.Store(false)
	c.waiting.Store(time.Now().UnixNano())
}

// Read reads, and answers when a request that has begun does not go on in time;
// net/http would hang up without a word.
func (c *connection) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	if n > 0 && c.begun.CompareAndSwap(false, true) {
		c.isHead.Store(bytes.HasPrefix(into[:n], []byte("HEAD ")))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && c.begun.Load() && !c.handled.Load() {
		c.refuse(http.StatusRequestTimeout, "the request did not come to its end in time")
		c.crowd.refused()
	}
	return n, err
}

// Write passes on what the handler answers, and rewrites what net/http answers in
// its place.
func (c *connection) Write(written []byte) (int, error) {
	if c.handled.Load() {
		return c.Conn.Write(written)
	}
	status, reason := refusal(written)
	if status == 0 {
		return c.Conn.Write(written)
	}
	c.refuse(status, reason)
	return len(written), nil
}

// CloseWrite lets net/http end an answer without cutting it off.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// refusal reads the status line that net/http wrote, and what stands below its
// header, if anything does.
func refusal(written []byte) (status int, reason string) {
	line, rest, _ := bytes.Cut(written, []byte("\r\n"))
	words := strings.SplitN(string(line), " ", 3)
	if len(words) < 2 || !strings.HasPrefix(words[0], "HTTP/1.") {
		return 0, ""
	}
	status, err := strconv.Atoi(words[1])
	if err != nil || status < http.StatusBadRequest {
		return 0, ""
	}
	_, body, _ := bytes.Cut(rest, []byte("\r\n\r\n"))
	reason = strings.TrimPrefix(string(body), words[1]+" ")
	if reason == "" {
		reason = http.StatusText(status)
	}
	return status, strings.ToLower(reason)
}

// refuse writes an answer of the bridge's own and says that the connection ends.
func (c *connection) refuse(status int, reason string) {
	body := encoded(answer{Error: reason})
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		status, http.StatusText(status), len(body))
	if c.isHead.Load() {
		body = nil
	}
	_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // It fails with the connection, and then the write does.
	_, _ = c.Conn.Write(append([]byte(head), body...))  // Whoever asked may be gone; there is nobody else to tell.
}
