package weather

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Postman takes the webhooks of Plane, acknowledges them, and delivers each three times
// in random order or never. Every comment gets there in the end: a sweep does not look for comments.
type Postman struct {
	Dice *Dice
	// Calm delivers each webhook once and in order.
	Calm bool
	// Bridges are the addresses of the replicas, and Token is Odoo's.
	Bridges []string
	Token   string

	ctx    context.Context //nolint:containedctx // It outlives the requests that bring webhooks.
	client *http.Client
	under  sync.WaitGroup
	events atomic.Int64
}

// letter is a webhook as Plane sent it.
type letter struct {
	header http.Header
	body   []byte
}

// Serve listens on a loopback port until the context ends, and answers the address.
func (p *Postman) Serve(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening for webhooks: %w", err)
	}
	p.ctx, p.client = ctx, &http.Client{Timeout: 10 * time.Second}
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// Events is how many webhooks Plane has sent.
func (p *Postman) Events() int { return int(p.events.Load()) }

// Wait returns when everything is delivered that will ever be.
func (p *Postman) Wait() { p.under.Wait() }

// ServeHTTP takes one webhook from Plane.
func (p *Postman) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.events.Add(1)
	l := letter{r.Header.Clone(), body}
	if p.Calm {
		p.send(l, l.header.Get("X-Plane-Delivery"))
		return
	}
	comment := strings.Contains(strings.ToLower(l.header.Get("X-Plane-Event")), "comment")
	v1 := r.URL.Path == "/v1"
	switch {
	case comment && v1:
		p.threeTimes(l, true)
	case p.Dice.Chance(0.4):
		p.Dice.Note("webhooks: never delivered")
	default:
		p.threeTimes(l, false)
	}
}

// threeTimes delivers a webhook twice under its id and once under another, each after a
// time of its own, so that later ones come before earlier ones.
func (p *Postman) threeTimes(l letter, surely bool) {
	id := l.header.Get("X-Plane-Delivery")
	arrived := new(atomic.Bool)
	for i, id := range []string{id, id, uuid.NewString()} {
		delay := p.Dice.Around(2 * time.Second)
		if p.Dice.Chance(0.1) {
			delay += p.Dice.Around(10 * time.Second)
		}
		p.under.Go(func() {
			for {
				if !p.sleep(delay) {
					return
				}
				if p.send(l, id) {
					arrived.Store(true)
					return
				}
				p.Dice.Note("webhooks: refused by the bridge")
				if !surely || i > 0 || arrived.Load() {
					return
				}
				delay = time.Second
			}
		})
	}
}

func (p *Postman) sleep(delay time.Duration) bool {
	select {
	case <-p.ctx.Done():
		return false
	case <-time.After(delay):
		return true
	}
}

// send delivers once, to any replica, and reports whether it was acknowledged.
func (p *Postman) send(l letter, id string) bool {
	header := l.header.Clone()
	header.Set("X-Plane-Delivery", id)
	for name := range header {
		if !strings.HasPrefix(name, "X-Plane-") && name != "Content-Type" {
			header.Del(name)
		}
	}
	return p.post(p.Bridges[p.Dice.Below(len(p.Bridges))]+"/api/webhooks/plane", header, l.body)
}

// Hint tells replicas that a record of Odoo changed, as automation rules do: a change and
// what is computed from it are two posts, and nobody sends them again.
func (p *Postman) Hint(model string, id int64) {
	if !p.Calm && p.Dice.Chance(0.4) {
		p.Dice.Note("hints from Odoo: never sent")
		return
	}
	body := fmt.Sprintf(`{"_action": "storm(#1)", "_model": %q, "_id": %d}`, model, id)
	for range 2 {
		address := p.Bridges[p.Dice.Below(len(p.Bridges))] + "/api/webhooks/odoo?token=" + p.Token
		p.under.Go(func() {
			p.post(address, http.Header{"Content-Type": {"application/json"}}, []byte(body))
		})
	}
}

func (p *Postman) post(address string, header http.Header, body []byte) bool {
	request, err := http.NewRequestWithContext(p.ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header = header
	response, err := p.client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}
