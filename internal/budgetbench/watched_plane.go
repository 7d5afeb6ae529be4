package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// foreignAgent is the User-Agent by which the foreign client is told from us.
const foreignAgent = "foreign"

// watchedPlane is a simulated Plane on a loopback port that notes every request.
type watchedPlane struct {
	plane *planetest.Server
	http  *http.Server
	url   string

	mu       sync.Mutex
	requests []request
}

// request is one that the server answered.
type request struct {
	at      time.Time
	foreign bool
	status  int
}

func serve(ctx context.Context, limit int) (*watchedPlane, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the simulated Plane: %w", err)
	}
	w := &watchedPlane{plane: planetest.New(planetest.Options{Limit: limit}), url: "http://" + listener.Addr().String()}
	w.http = &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = w.http.Serve(listener) }() // it always ends with an error: that it was closed
	return w, nil
}

func (w *watchedPlane) close() {
	_ = w.http.Close() // nobody is served any more
	w.plane.Close()
}

// ServeHTTP notes what the simulated Plane answers.
func (w *watchedPlane) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	noted := request{at: time.Now(), foreign: r.UserAgent() == foreignAgent}
	answer := &statusWriter{ResponseWriter: out, status: http.StatusOK}
	w.plane.ServeHTTP(answer, r)
	noted.status = answer.status
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, noted)
}

// seen returns the requests in the order in which they came.
func (w *watchedPlane) seen() []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := slices.Clone(w.requests)
	slices.SortFunc(seen, func(a, b request) int { return a.at.Compare(b.at) })
	return seen
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// foreigner uses the key every interval until ctx ends, as another program does
// that knows nothing of our budget.
func (w *watchedPlane) foreigner(ctx context.Context, every time.Duration) error {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		if err := w.askOnce(ctx); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("calling Plane as the foreign client: %w", err)
		}
	}
}

func (w *watchedPlane) askOnce(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/api/v1/users/me/", nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-API-Key", w.plane.BotKey())
	r.Header.Set("User-Agent", foreignAgent)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// tell writes a line per minute, so that whoever waits sees that it goes on.
func (w *watchedPlane) tell(ctx context.Context, started time.Time, out io.Writer) {
	ticks := time.NewTicker(time.Minute)
	defer ticks.Stop()
	for minute := 1; ; minute++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		from := started.Add(time.Duration(minute-1) * time.Minute)
		ours := tally(w.seen(), from, from.Add(time.Minute), false)
		theirs := tally(w.seen(), from, from.Add(time.Minute), true)
		fmt.Fprintf(out, "minute %d: %d of ours served, %d refused; foreign %d served, %d refused\n",
			minute, ours.served, ours.refused, theirs.served, theirs.refused)
	}
}
