package plane

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// call is one request before it is bound to a path style. itemsToken in path stands for work-items or issues.
type call struct {
	method string
	path   string // below /api/v1/, escaped, ends in /
	query  url.Values
	body   any
	// repeat says that sending it twice does what sending it once does, so that a 5xx or a cut connection is
	// answered by one more try.
	repeat bool
	// id is the record that is asked for, "" where none is: an answer about another one is no answer.
	id string
	// source and externalID are the pair that a create gives its record. An answer that shows another is no answer.
	source, externalID string
	// array says that this list is a bare array on a real server. Elsewhere an array is not Plane's answer.
	array bool
	// read takes in the body of a success. What it refuses is not the answer to this call.
	read func(body []byte) error
}

// of says which record a call is about.
func (cl call) of(id string) call {
	cl.id = id
	return cl
}

func (cl call) reads() bool { return cl.method == http.MethodGet || cl.method == http.MethodHead }

func get(path string, query url.Values) call {
	return call{method: http.MethodGet, path: path, query: query, repeat: true}
}

// arrayOf gets a list that a real server answers with a bare array; a page is read as well.
func arrayOf(path string) call {
	return call{method: http.MethodGet, path: path, repeat: true, array: true}
}

// post is never repeated by itself: the caller looks whether the first one took effect (see createOnce).
func post(path string, body any) call {
	return call{method: http.MethodPost, path: path, body: body}
}

// patch sets state and so may be repeated.
func patch(path string, body any) call {
	return call{method: http.MethodPatch, path: path, body: body, repeat: true}
}

// del may be repeated; the caller reads a 404 as done.
func del(path string) call {
	return call{method: http.MethodDelete, path: path, repeat: true}
}

// join escapes the segments and ends the path with the slash without which Django breaks a POST.
func join(segments ...string) string {
	for i, segment := range segments {
		if segment != itemsToken {
			segments[i] = url.PathEscape(segment)
		}
	}
	return strings.Join(segments, "/") + "/"
}

// inWorkspace returns a path below the client's workspace.
func (c *Client) inWorkspace(segments ...string) string {
	return join(append([]string{"workspaces", c.workspace}, segments...)...)
}

// inProject returns a path below one project. An empty id would silently address the parent collection, which is
// why callers check ids first.
func (c *Client) inProject(projectID string, segments ...string) string {
	return c.inWorkspace(append([]string{"projects", projectID}, segments...)...)
}

// needIDs refuses ids that would address something else: a path without its last id addresses the whole collection.
func needIDs(ids ...string) error {
	for _, id := range ids {
		if id == "" || id == "." || id == ".." || id == itemsToken {
			return &Error{Kind: KindInvalid, Message: fmt.Sprintf("%q is no id", id)}
		}
	}
	return nil
}

// carrying says which external pair a create gives its record.
func (cl call) carrying(source, externalID string) call {
	cl.source, cl.externalID = source, externalID
	return cl
}

// fetch runs a call and reads its answer.
func fetch[T any](ctx context.Context, c *Client, cl call) (T, error) {
	var out T
	cl.read = func(body []byte) error {
		var err error
		out, err = readAnswer[T](cl, body)
		return err
	}
	if _, err := c.do(ctx, cl); err != nil {
		return *new(T), err
	}
	return out, nil
}

// decodeError keeps the position and drops the value, which may be anything that the server sent.
func decodeError(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("decoding answer: field %s is a %s", wrongType.Field, wrongType.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("decoding answer: no JSON at byte %d", syntax.Offset)
	}
	var odd oddValue
	if errors.As(err, &odd) {
		return fmt.Errorf("decoding answer: %w", odd)
	}
	return errors.New("decoding answer: unexpected value")
}

// once sends one request within the budget and reads its answer to the end.
func (c *Client) once(ctx context.Context, cl call) (*response, error) {
	if err := passGate(ctx); err != nil {
		return nil, err
	}
	if err := c.takePlace(ctx); err != nil {
		return nil, fmt.Errorf("waiting for the rate budget: %w", err)
	}
	// The slot is taken now, so the budget must hear the outcome even when ctx has ended meanwhile.
	after := context.WithoutCancel(ctx)
	req, err := c.request(ctx, cl)
	if err != nil {
		c.budget.Observe(after, Observation{Remaining: -1, Unsent: true})
		return nil, err
	}
	if err := beforeCreate(ctx, cl); err != nil {
		c.budget.Observe(after, Observation{Remaining: -1, Unsent: true})
		return nil, err
	}
	start := time.Now()
	r, err := exchange(c.http, req, c.maxBody)
	took := time.Since(start)
	if err != nil {
		failure := transportError(cl, err)
		c.budget.Observe(after, Observation{Remaining: -1, Took: took, Unsent: failure.Kind == KindUnreachable})
		c.logRequest(ctx, cl, failure.Kind, took, -1)
		return nil, failure
	}
	seen := r.observe(time.Now(), took)
	c.budget.Observe(after, seen)
	c.logRequest(ctx, cl, r.status, took, seen.Remaining)
	return r, withoutCredentials(r.check(cl, time.Now()), req)
}

func (c *Client) request(ctx context.Context, cl call) (*http.Request, error) {
	var body io.Reader
	if cl.body != nil {
		encoded, err := json.Marshal(cl.body)
		if err != nil {
			return nil, fmt.Errorf("encoding request for %s: %w", cl.path, err)
		}
		body = bytes.NewReader(encoded)
	}
	address := c.api.String() + cl.path
	if len(cl.query) > 0 {
		address += "?" + cl.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, cl.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("building request for %s: %w", cl.path, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if err := c.auth.Authorize(ctx, req); err != nil {
		return nil, fmt.Errorf("authorizing request for %s: %w", cl.path, err)
	}
	return req, nil
}

var errBodyTooLarge = errors.New("answer exceeds the size limit")

// maxErrorBody bounds what is read of an answer that is no success. The rest is a page for people and is left unread,
// so that its size is never taken for the record's.
const maxErrorBody = 1 << 20

// exchange sends a request and reads at most limit bytes of the answer. One that says beforehand that it is larger is
// not read at all.
func exchange(client *http.Client, req *http.Request, limit int64) (*response, error) {
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	success := res.StatusCode >= 200 && res.StatusCode < 300
	if success && res.ContentLength > limit {
		return nil, errBodyTooLarge
	}
	most := limit + 1
	if !success {
		most = min(most, maxErrorBody)
	}
	body, err := readUpTo(res.Body, most)
	if err != nil {
		return nil, err
	}
	if success && int64(len(body)) > limit {
		return nil, errBodyTooLarge
	}
	return &response{status: res.StatusCode, header: res.Header, body: body}, nil
}

// transportError types a failure without an answer. Only a failed dial, or a certificate that was refused before
// anything followed, proves that nothing was sent.
func transportError(cl call, err error) *Error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err // it repeats method and address, query included
	}
	e := &Error{Kind: KindInterrupted, Method: cl.method, Path: cl.path, Uncertain: !cl.reads(), cause: err}
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &op) && op.Op == "dial" || errors.As(err, &certificate) {
		e.Kind, e.Uncertain = KindUnreachable, false
	}
	if errors.Is(err, errBodyTooLarge) {
		e.Kind = KindTooLarge
	}
	return e
}

// withoutCredentials guards against a server or proxy that echoes what was sent to it.
func withoutCredentials(err error, req *http.Request) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	for _, header := range []string{"X-API-Key", "Authorization"} {
		secret := strings.TrimPrefix(req.Header.Get(header), "Bearer ")
		if secret == "" {
			continue
		}
		e.Message = strings.ReplaceAll(e.Message, secret, redacted)
		for _, messages := range e.Fields {
			for i := range messages {
				messages[i] = strings.ReplaceAll(messages[i], secret, redacted)
			}
		}
	}
	return err
}

func (c *Client) logRequest(ctx context.Context, cl call, outcome any, took time.Duration, remaining int) {
	c.log.DebugContext(ctx, "plane request", slog.String("method", cl.method), slog.String("path", cl.path), slog.Any("outcome", outcome),
		slog.Duration("took", took), slog.Int("remaining", remaining), slog.String("lane", LaneOf(ctx).String()))
}
