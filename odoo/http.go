package odoo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// exchange sends one HTTP request at a time per place and reads the whole answer, bounded. Straight to Odoo every answer
// closes its connection; behind a proxy that keeps connections, they are used again. net/http obeys either.
type exchange struct {
	base     *url.URL
	http     *http.Client
	places   *semaphore.Weighted
	maxBytes int64
	secret   string
	settling settling
}

// request is what a protocol wants sent.
type request struct {
	method, path, contentType string
	header                    map[string]string
	body                      []byte
}

// answer is what came back, whatever its status.
type answer struct {
	status      int
	contentType string
	location    string
	body        []byte
}

// newExchange keeps idle connections for less time than proxies do (nginx: 75 s): a request that meets a connection
// being closed would be lost, and for a write that is Uncertain.
func newExchange(base *url.URL, config Config) *exchange {
	carrier := http.Client{}
	if config.HTTPClient != nil {
		carrier = *config.HTTPClient
	} else {
		carrier.Transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			MaxIdleConnsPerHost:   config.MaxInFlight,
			IdleConnTimeout:       20 * time.Second,
			ResponseHeaderTimeout: 0,
			ForceAttemptHTTP2:     true,
		}
	}
	carrier.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &exchange{
		base: base, http: &carrier, places: semaphore.NewWeighted(int64(config.MaxInFlight)),
		maxBytes: config.MaxResponseBytes, secret: config.Secret,
	}
}

// errNotSent marks a failure before a byte of the request left: the server knows nothing of the call.
var errNotSent = errors.New("not sent")

// errAnswerTooLarge marks an answer over the limit.
var errAnswerTooLarge = errors.New("answer over the limit")

// send waits for a place, sends and reads. Its errors carry errNotSent where that is certain.
func (x *exchange) send(ctx context.Context, req request) (answer, error) {
	if err := x.places.Acquire(ctx, 1); err != nil {
		return answer{}, fmt.Errorf("waiting for a free place: %w: %w", errNotSent, err)
	}
	defer x.places.Release(1)
	var sent dialTrace
	built, err := x.build(sent.watch(ctx), req)
	if err != nil {
		return answer{}, fmt.Errorf("%w: building the request", errNotSent)
	}
	response, err := x.http.Do(built)
	if err != nil {
		return answer{}, sent.mark(withoutURL(err))
	}
	defer response.Body.Close()
	return x.read(response)
}

func (x *exchange) build(ctx context.Context, req request) (*http.Request, error) {
	built, err := http.NewRequestWithContext(ctx, req.method, x.base.JoinPath(req.path).String(), bytes.NewReader(req.body))
	if err != nil {
		return nil, err
	}
	if req.contentType != "" {
		built.Header.Set("Content-Type", req.contentType)
	}
	for name, value := range req.header {
		built.Header.Set(name, value)
	}
	return built, nil
}

func (x *exchange) read(response *http.Response) (answer, error) {
	body, err := readUpTo(response.Body, x.maxBytes+1)
	if err != nil {
		return answer{status: response.StatusCode}, fmt.Errorf("reading the answer: %w", withoutURL(err))
	}
	if int64(len(body)) > x.maxBytes {
		return answer{status: response.StatusCode}, fmt.Errorf("%w of %d bytes", errAnswerTooLarge, x.maxBytes)
	}
	return answer{
		status: response.StatusCode, contentType: response.Header.Get("Content-Type"),
		location: withoutQuery(response.Header.Get("Location")), body: body,
	}, nil
}

// isPage reports whether the answer is a page for people: an HTML type, or a body that begins like markup although
// JSON was asked for.
func (a answer) isPage() bool {
	return strings.Contains(a.contentType, "html") || bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<"))
}

// dialTrace learns whether a connection was had for the request. Without one nothing was sent.
type dialTrace struct{ asked, got atomic.Bool }

func (t *dialTrace) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
	})
}

func (t *dialTrace) mark(err error) error {
	var dial *net.OpError
	noConnection := t.asked.Load() && !t.got.Load()
	if noConnection || (errors.As(err, &dial) && dial.Op == "dial") {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	return err
}

// withoutURL drops the wrapper that repeats the address, which may hold a user's name and is no news.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// withoutQuery keeps scheme, host and path of a Location header.
func withoutQuery(location string) string {
	target, err := url.Parse(location)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path}).String()
}
