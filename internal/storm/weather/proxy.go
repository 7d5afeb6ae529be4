package weather

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault is a way in which the proxy spoils a request.
type Fault string

// The faults of a proxy.
const (
	None    Fault = ""
	Cut     Fault = "cut before the effect"
	Stall   Fault = "stalled, then cut"
	Slow    Fault = "slow"
	Foreign Fault = "answered in its place"
	Lost    Fault = "answer lost after the effect"
	Covered Fault = "answered in its place after the effect"
	Torn    Fault = "answer truncated"
	Late    Fault = "effect after the client has gone"
)

// Proxy stands before one server.
type Proxy struct {
	// Name is the server's, for the account.
	Name string
	// Target is the server's address, and Foreign what is answered in its place.
	Target  string
	Foreign []Answer
	Dice    *Dice
	// MayBeLate tells of which requests the effect may come after the client has gone.
	MayBeLate func(*http.Request) bool

	mu     sync.Mutex
	rate   float64
	late   float64
	outage Fault
	foul   int // which foreign answer an outage has
	client *http.Client
}

// Answer is what somebody answers in a server's place.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Serve listens on a loopback port until the context ends, and answers the address.
func (p *Proxy) Serve(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening for the proxy of %s: %w", p.Name, err)
	}
	p.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 32},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// Set says how many requests are spoiled in ordinary times.
func (p *Proxy) Set(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// Forsake says how many creates lose their client while they are carried out.
func (p *Proxy) Forsake(late float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = late
}

// Outage spoils every request in one way, until it is ended by None.
func (p *Proxy) Outage(fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outage, p.foul = fault, p.Dice.Below(len(p.Foreign))
}

// faults are drawn in ordinary times, some more often than others.
var faults = []Fault{Cut, Cut, Stall, Slow, Slow, Foreign, Foreign, Foreign, Lost, Lost, Covered, Torn, Late}

func (p *Proxy) draw(r *http.Request) (Fault, Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault, foul := p.outage, p.foul
	if fault == None && p.Dice.Chance(p.rate) {
		fault, foul = faults[p.Dice.Below(len(faults))], p.Dice.Below(len(p.Foreign))
	}
	// What comes late is rare among all requests, and the worst that can happen to a create.
	switch late := p.MayBeLate(r); {
	case late && p.outage == None && (fault != None && p.Dice.Chance(0.4) || p.Dice.Chance(p.late)):
		fault = Late
	case fault == Late && !late:
		fault = Lost
	}
	if fault != None {
		p.Dice.Note(p.Name + ": " + string(fault))
	}
	return fault, p.Foreign[foul]
}

// ServeHTTP passes a request on, or not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // The client has gone.
	}
	switch fault, foreign := p.draw(r); fault {
	case Cut:
		cut(w)
	case Stall:
		p.wait(r.Context(), 2*time.Second, 8*time.Second)
		cut(w)
	case Slow:
		p.wait(r.Context(), 200*time.Millisecond, 3*time.Second)
		p.pass(w, r, body)
	case Foreign:
		foreign.write(w)
	case Late:
		late := r.Clone(context.WithoutCancel(r.Context()))
		delay := time.Duration(0) // The server has it already, and may be slow.
		if p.Dice.Chance(0.5) {
			delay = p.Dice.Between(500*time.Millisecond, 12*time.Second)
		}
		time.AfterFunc(delay, func() { _, _ = p.forward(late, body) })
		cut(w)
	case Lost:
		_, _ = p.forward(r, body)
		cut(w)
	case Covered:
		_, _ = p.forward(r, body)
		foreign.write(w)
	case Torn:
		p.tear(w, r, body)
	default:
		p.pass(w, r, body)
	}
}

func (p *Proxy) wait(ctx context.Context, least, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(p.Dice.Between(least, most)):
	}
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	if hijacker, can := w.(http.Hijacker); can {
		if conn, _, err := hijacker.Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}

func (a Answer) write(w http.ResponseWriter) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}

// forwarded is the server's answer, read to its end.
type forwarded struct {
	status int
	header http.Header
	body   []byte
}

// forward sends the request on. The server goes on with it when the client has gone.
func (p *Proxy) forward(r *http.Request, body []byte) (forwarded, error) {
	request, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, p.Target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return forwarded{}, err
	}
	request.Header = r.Header.Clone()
	response, err := p.client.Do(request)
	if err != nil {
		return forwarded{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return forwarded{response.StatusCode, response.Header, content}, err
}

func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, body []byte) {
	answer, err := p.forward(r, body)
	if err != nil {
		cut(w)
		return
	}
	answer.writeHeader(w, len(answer.body))
	_, _ = w.Write(answer.body)
}

func (a forwarded) writeHeader(w http.ResponseWriter, length int) {
	for name, values := range a.header {
		if name != "Content-Length" && name != "Connection" && name != "Transfer-Encoding" {
			w.Header()[name] = values
		}
	}
	if length > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}

// tear passes half of the answer on and ends the connection.
func (p *Proxy) tear(w http.ResponseWriter, r *http.Request, body []byte) {
	answer, err := p.forward(r, body)
	if err != nil || len(answer.body) < 2 {
		cut(w)
		return
	}
	answer.writeHeader(w, len(answer.body))
	_, _ = w.Write(answer.body[:len(answer.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// IsCreate reports whether a request makes something in Plane. A create goes on when its
// client has gone; the bridge waits for that (docs/adr/0017-creates-are-waited-out.md).
func IsCreate(r *http.Request) bool { return r.Method == http.MethodPost }

// Never is for servers whose calls have no effect after their client has gone.
func Never(*http.Request) bool { return false }
