package planetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
)

// A recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorder) replay(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) // A client that has gone away is no fault of the server.
}

// RoundTripper is a transport that reaches this server without a socket,
// whatever the host of a request. It may be used inside a testing/synctest
// bubble, where sockets would keep time from moving.
func (s *Server) RoundTripper() http.RoundTripper { return HandlerTransport{s, s.isDown} }

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// A HandlerTransport reaches a handler without a socket. It also serves the
// other way round, as Options.WebhookTransport.
type HandlerTransport struct {
	Handler http.Handler
	// Down, when given, tells whether connections are refused.
	Down func() bool
}

// RoundTrip runs the handler. A handler that panics with http.ErrAbortHandler
// cuts the connection. The handler goes on when the client gives up, as a
// server's does.
func (t HandlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, fmt.Errorf("reading the request's body: %w", err)
		}
	}
	if t.Down != nil && t.Down() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ctx, cancel := context.WithCancel(r.Context())
	served := r.Clone(ctx)
	served.Body = io.NopCloser(bytes.NewReader(body))
	served.RequestURI = r.URL.RequestURI()
	served.Host = orDefault(r.Host, r.URL.Host)
	served.RemoteAddr = "127.0.0.1:1"
	done := make(chan *recorder, 1)
	go t.run(served, done, cancel)
	select {
	case recorded := <-done:
		if recorded == nil {
			return nil, fmt.Errorf("%s %s: connection cut: %w", r.Method, r.URL.Path, io.ErrUnexpectedEOF)
		}
		return recorded.response(r), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func (t HandlerTransport) run(r *http.Request, done chan<- *recorder, cancel func()) {
	defer cancel()
	recorded := newRecorder()
	defer func() {
		switch cause := recover(); cause {
		case nil:
			done <- recorded
		case http.ErrAbortHandler:
			done <- nil
		default:
			panic(cause)
		}
	}()
	t.Handler.ServeHTTP(recorded, r)
	recorded.WriteHeader(http.StatusOK)
}

func (r *recorder) response(request *http.Request) *http.Response {
	r.header.Set("Content-Length", strconv.Itoa(r.body.Len()))
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)),
		StatusCode: r.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        r.header,
		Body:          io.NopCloser(&r.body),
		ContentLength: int64(r.body.Len()),
		Request:       request,
	}
}
