package httpserver

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// crowd is a listener that bounds how many connections there are. Over the bound
// the one goes first that has kept the server waiting longest for a request, and if
// all have sent theirs, the slowest body. A bound for each address would hit the
// forwarder, through which all honest webhooks may come.
type crowd struct {
	net.Listener
	server Server
	most   int

	mu    sync.Mutex
	conns map[*connection]struct{}
}

func newCrowd(listener net.Listener, server Server) *crowd {
	return &crowd{Listener: listener, server: server, most: maxConnections, conns: make(map[*connection]struct{})}
}

// Accept waits for a connection, and makes room for it.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		accepted, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		conn := &connection{Conn: accepted, crowd: c}
		conn.waiting.Store(time.Now().UnixNano())
		if c.admit(conn) {
			return conn, nil
		}
		conn.refuse(http.StatusServiceUnavailable, "too many connections; try again")
		_ = accepted.Close() // Nobody is told of a stranger's connection that does not close well.
		c.refused()
	}
}

// admit counts a connection in, and closes another one when there are too many.
func (c *crowd) admit(conn *connection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.conns) >= c.most && !c.makeRoom() {
		return false
	}
	c.conns[conn] = struct{}{}
	return true
}

func (c *crowd) makeRoom() bool {
	var longest *connection
	for conn := range c.conns {
		since := conn.waiting.Load()
		if since != 0 && (longest == nil || since < longest.waiting.Load()) {
			longest = conn
		}
	}
	if longest == nil {
		return c.server.DropSlowest != nil && c.server.DropSlowest()
	}
	delete(c.conns, longest)
	if longest.begun.Load() {
		c.refused()
	}
	_ = longest.Close() // The server's own Close, which follows, reports what is wrong.
	return true
}

func (c *crowd) refused() {
	if c.server.Refused != nil {
		c.server.Refused()
	}
}

// changed follows a connection from request to request.
func (c *crowd) changed(conn net.Conn, state http.ConnState) {
	known, ok := conn.(*connection)
	if !ok {
		return
	}
	switch state {
	case http.StateIdle:
		known.nextRequest()
	case http.StateClosed, http.StateHijacked:
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, known)
	case http.StateNew, http.StateActive:
	}
}
