package sim

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
)

// RoundTripper serves requests in the same process without sockets; use it as an http.Client's
// Transport. The call runs on when the caller's context ends, as on a real server.
func (s *Server) RoundTripper() http.RoundTripper { return roundTripper{s} }

type roundTripper struct{ server *Server }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.server.isDown() {
		drain(r)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	type outcome struct {
		response *http.Response
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		var result outcome
		result.response, result.err = t.serve(r) //nolint:bodyclose // The caller of RoundTrip closes it.
		done <- result
	}()
	select {
	case result := <-done:
		return result.response, result.err
	case <-r.Context().Done():
		return nil, r.Context().Err() // http.Client wraps it.
	}
}

func (t roundTripper) serve(r *http.Request) (response *http.Response, err error) {
	defer drain(r)
	defer func() {
		switch cut := recover(); {
		case cut == nil:
		case cut == any(http.ErrAbortHandler):
			response, err = nil, io.ErrUnexpectedEOF
		default:
			panic(cut)
		}
	}()
	incoming := r.Clone(r.Context())
	if incoming.Body == nil {
		incoming.Body = http.NoBody
	}
	incoming.RequestURI = r.URL.RequestURI()
	recorder := httptest.NewRecorder()
	t.server.ServeHTTP(recorder, incoming)
	response = recorder.Result()
	response.Request = r
	return response, nil
}

func drain(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // Nobody is left to hear of it.
	}
}

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}
