package planetest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// maxRetries is how often a webhook is sent again before the server gives up
// and switches its receiver off.
const maxRetries = 5

// A Delivery is one event on its way to one receiver.
type Delivery struct {
	// EventID is stable over all attempts; webhooks v2 carry it.
	EventID   string
	WebhookID string
	Version   Version
	// Event and Action are Plane's v1 words: "issue", "updated".
	Event    string
	Action   string
	EntityID string
	// Field is the changed field that a v1 webhook is about.
	Field    string
	Attempts []Attempt
}

// An Attempt is one request to the receiver.
type Attempt struct {
	// ID is the X-Plane-Delivery header: new for every attempt.
	ID     string
	At     time.Time
	Header http.Header
	Body   []byte
	// Status and Answer are the receiver's; Status is 0 when there was none,
	// and Err says why.
	Status int
	Answer []byte
	Err    string
}

type delivery struct {
	hook     *hook
	change   change
	eventID  string
	body     []byte // of v1, the same for every attempt
	retries  int
	attempts []Attempt
}

type outbox struct {
	hooks   []*hook
	queue   []*delivery
	all     []*delivery
	active  int // being sent
	timers  map[*delivery]*time.Timer
	held    bool
	muted   bool
	closed  bool
	changed chan struct{} // closed and replaced whenever something moves
	random  *rand.Rand
	client  *http.Client
}

// HoldWebhooks keeps webhooks in the queue until it is called with false. What
// is sent then carries the records as they are by then.
func (s *Server) HoldWebhooks(hold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.held = hold
	s.pump()
}

// MuteWebhooks makes the server forget to send: what happens while it is on is
// told to nobody, ever.
func (s *Server) MuteWebhooks(mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.muted = mute
}

// ShuffleWebhooks puts the waiting webhooks in a random order, the same for the
// same seed. It is of use while they are held.
func (s *Server) ShuffleWebhooks(seed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // An order, not a secret.
	queue := s.outbox.queue
	random.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
}

// Deliveries tells of every webhook so far, in the order of the events.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Delivery
	for _, d := range s.outbox.all {
		field, _ := d.change.field.(string)
		list = append(list, Delivery{
			EventID: d.eventID, WebhookID: d.hook.ID, Version: d.hook.Version, Event: d.change.event,
			Action: d.change.action, EntityID: d.change.entity, Field: field,
			Attempts: append([]Attempt(nil), d.attempts...),
		})
	}
	return list
}

// Redeliver sends an event again under a fresh delivery id: with the same bytes
// for v1, with the same event_id for v2. It takes the id of any attempt.
func (s *Server) Redeliver(deliveryID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.outbox.all {
		for _, a := range d.attempts {
			if a.ID == deliveryID {
				d.retries = 0
				s.outbox.queue = append(s.outbox.queue, d)
				s.pump()
				return nil
			}
		}
	}
	return fmt.Errorf("no delivery %s", deliveryID)
}

// Quiesce waits until every webhook has been sent, those included that wait to
// be sent again.
func (s *Server) Quiesce(ctx context.Context) error {
	for {
		s.mu.Lock()
		busy := len(s.outbox.queue) + s.outbox.active + len(s.outbox.timers)
		changed := s.outbox.changed
		s.mu.Unlock()
		if busy == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d webhooks: %w", busy, ctx.Err())
		}
	}
}

// Close stops sending webhooks, those that wait included.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.closed = true
	s.outbox.queue = nil
	for d, timer := range s.outbox.timers {
		timer.Stop()
		delete(s.outbox.timers, d)
	}
	if s.outbox.client != nil {
		s.outbox.client.CloseIdleConnections()
	}
	s.moved()
}

// moved wakes those who wait in Quiesce. The caller holds mu.
func (s *Server) moved() {
	close(s.outbox.changed)
	s.outbox.changed = make(chan struct{})
}

func (s *Server) enqueue(d *delivery) {
	s.outbox.all = append(s.outbox.all, d)
	s.outbox.queue = append(s.outbox.queue, d)
	s.pump()
}

// pump starts as many sends as there are workers. The caller holds mu.
func (s *Server) pump() {
	o := &s.outbox
	for !o.held && !o.closed && o.active < s.options.WebhookWorkers && len(o.queue) > 0 {
		d := o.queue[0]
		o.queue = o.queue[1:]
		o.active++
		go s.send(d)
	}
}

func (s *Server) send(d *delivery) {
	attempt, ok := s.compose(d)
	if ok {
		s.post(d, &attempt)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.active--
	if ok {
		d.attempts = append(d.attempts, attempt)
		s.afterAttempt(d, attempt)
	}
	s.pump()
	s.moved()
}

// compose reads the record as it is now and signs it. It is false when there is
// nothing left to send.
func (s *Server) compose(d *delivery) (Attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	a := Attempt{ID: newID(), At: s.options.Now()}
	event := d.change.event
	if d.hook.Version == V2 {
		payload, ok := s.payloadV2(d, a.ID)
		if !ok {
			return a, false
		}
		event = s.v2Event(d.change)
		a.Body = webhookStyle.encode(payload)
	} else {
		if d.body == nil {
			payload, ok := s.payloadV1(d)
			if !ok {
				return a, false
			}
			d.body = webhookStyle.encode(payload)
		}
		a.Body = d.body
	}
	a.Header = http.Header{
		"Content-Type":      {"application/json"},
		"User-Agent":        {"Autopilot"},
		"X-Plane-Delivery":  {a.ID},
		"X-Plane-Event":     {event},
		"X-Plane-Signature": {sign(d.hook.secret, a.Body)},
	}
	return a, true
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Server) post(d *delivery, a *Attempt) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, d.hook.URL, bytes.NewReader(a.Body))
	if err != nil {
		a.Err = err.Error()
		return
	}
	request.Header = a.Header.Clone()
	response, err := s.webhookClient().Do(request)
	if err != nil {
		a.Err = err.Error()
		return
	}
	defer response.Body.Close()
	a.Status = response.StatusCode
	a.Answer, err = io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		a.Status, a.Err = 0, err.Error()
	}
}

func (s *Server) webhookClient() *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outbox.client == nil {
		transport := s.options.WebhookTransport
		if transport == nil {
			transport = &http.Transport{MaxIdleConnsPerHost: s.options.WebhookWorkers}
		}
		s.outbox.client = &http.Client{Transport: transport, Timeout: s.options.WebhookTimeout}
	}
	return s.outbox.client
}

// afterAttempt decides whether to send again: Community when there was no
// answer, the commercial edition also on a 5xx. A 4xx is never repeated.
func (s *Server) afterAttempt(d *delivery, a Attempt) {
	s.options.Logger.Debug("plane webhook", slog.String("event", d.change.event), slog.String("action", d.change.action),
		slog.Int("status", a.Status), slog.String("error", a.Err))
	commercial := d.hook.Version == V2 || s.options.Edition == Commercial
	failed := a.Err != "" || commercial && a.Status >= 500
	if !failed || s.outbox.closed {
		return
	}
	if d.retries == maxRetries {
		d.hook.Active = false
		return
	}
	wait := s.backoff(d.retries, commercial)
	d.retries++
	if s.outbox.timers == nil {
		s.outbox.timers = map[*delivery]*time.Timer{}
	}
	s.outbox.timers[d] = time.AfterFunc(wait, func() { s.again(d) })
}

// backoff is a random time up to RetryBase on Community; the commercial edition
// begins there and doubles.
func (s *Server) backoff(retries int, commercial bool) time.Duration {
	if commercial {
		return s.options.RetryBase << retries
	}
	return time.Duration(s.outbox.random.Int64N(int64(s.options.RetryBase))) + 1
}

func (s *Server) again(d *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, waiting := s.outbox.timers[d]; !waiting {
		return
	}
	delete(s.outbox.timers, d)
	s.outbox.queue = append(s.outbox.queue, d)
	s.pump()
}
