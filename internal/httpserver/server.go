// Package httpserver serves HTTP as the bridge's contract has it: whatever is
// answered is JSON, the refusals that net/http writes by itself included, and what
// strangers can make it hold is bounded.
package httpserver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// maxHeader bounds what is held of one request's head. Plane and its forwarders
	// send less than one kilobyte, and a browser's cookies stay below this as well.
	maxHeader = 16 << 10
	// maxConnections bounds what is held for connections, some ten kilobytes each.
	maxConnections = 1024
	// drainTime is how long requests in hand may go on after a stop was asked for.
	drainTime = 15 * time.Second
)

// Server serves one handler on one listener.
type Server struct {
	Handler http.Handler
	// Refused is told when a request was given up before the handler saw it, for want
	// of room; nil when nobody wants to know.
	Refused func()
	// DropSlowest asks the handler to end a request that it is still reading, and
	// reports whether there was one; nil when the handler reads none.
	DropSlowest func() bool
}

// Serve serves until the context ends and then lets requests in hand finish.
func (s Server) Serve(ctx context.Context, listener net.Listener) error {
	crowd := newCrowd(listener, s)
	server := &http.Server{
		Handler: s.watched(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
		// Its answer to OPTIONS * would be empty.
		DisableGeneralOptionsHandler: true,
		ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ConnState:                    crowd.changed,
		BaseContext:                  func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(crowd) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return server.Shutdown(stopping)
}

type connKey struct{}

// watched notes on the connection that a request has come to the handler. What is
// written before that is net/http's own.
func (s Server) watched() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*connection); ok {
			c.handled.Store(true)
			c.waiting.Store(0)
		}
		s.Handler.ServeHTTP(w, r)
	})
}

// Listen takes a port; setting names where its address comes from.
func Listen(ctx context.Context, setting, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot listen there: %w", setting, err)
	}
	return listener, nil
}
