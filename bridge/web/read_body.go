package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
)

// readBody reads a body of at most limit bytes. The room that it takes is held until
// release is called, which the caller does once the sender is known.
func (r *Receiver) readBody(c echo.Context, limit int64) (body []byte, release func(), err error) {
	request := c.Request()
	if request.ContentLength > limit {
		return nil, nil, refuseBody(c, &http.MaxBytesError{Limit: limit}, limit)
	}
	open := r.bodies.open(request.ContentLength, func() {
		// Without support for deadlines, as in a test without a connection, nothing waits.
		_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Unix(1, 0))
	})
	body, err = open.readAll(request.Body, request.ContentLength, limit)
	if err != nil {
		open.release()
		return nil, nil, refuseBody(c, err, limit)
	}
	return body, open.release, nil
}

// readWebhook is readBody for what may be a webhook of Plane's. One that did not come
// to its end is counted, and looked for.
func (r *Receiver) readWebhook(c echo.Context, limit int64) (body []byte, release func(), err error) {
	body, release, err = r.readBody(c, limit)
	var known *echo.HTTPError
	if errors.As(err, &known) {
		r.metrics.Webhook(known.Code, false)
		if known.Code == http.StatusRequestEntityTooLarge {
			r.tooLarge(c.Request().Context())
			return body, release, err
		}
		r.refused()
	}
	return body, release, err
}

// readAll reads to the end. It holds what has come and at most one chunk more,
// whatever the sender announced.
func (b *openBody) readAll(from io.Reader, announced, limit int64) ([]byte, error) {
	for {
		into, err := b.next()
		if err != nil {
			return nil, err
		}
		n, wanted, err := b.read(from, into.bytes[len(into.bytes):cap(into.bytes)])
		into.bytes = into.bytes[:len(into.bytes)+n]
		switch {
		case !wanted:
			return nil, errNoRoom
		case b.arrived > limit:
			return nil, &http.MaxBytesError{Limit: limit}
		case errors.Is(err, io.EOF), b.arrived == announced:
			if !b.finish() {
				return nil, errNoRoom
			}
			return b.join(b.arrived), nil
		case err != nil:
			return nil, err
		}
	}
}

// next is the chunk that the next read goes into.
func (b *openBody) next() (*chunk, error) {
	last := len(b.chunks) - 1
	if last >= 0 && len(b.chunks[last].bytes) < cap(b.chunks[last].bytes) {
		return &b.chunks[last], nil
	}
	if err := b.extend(); err != nil {
		return nil, err
	}
	return &b.chunks[last+1], nil
}

// refuseBody says why a body was not read to its end. What is left of it is not
// waited for: the connection closes.
func refuseBody(c echo.Context, err error, limit int64) *echo.HTTPError {
	c.Response().Header().Set("Connection", "close")
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge, "the body is larger than "+inMiB(limit))
	case errors.Is(err, errNoRoom):
		return echo.NewHTTPError(http.StatusServiceUnavailable, "too many bodies are under way and this one was among the slowest; send it again")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return echo.NewHTTPError(http.StatusRequestTimeout, "the body did not come to its end in time")
	default:
		return echo.NewHTTPError(http.StatusBadRequest, "the body could not be read to its end")
	}
}

// refusalKeeper is an inbox that keeps what was refused.
type refusalKeeper interface {
	RefusedTooLarge(ctx context.Context) error
}

// tooLarge is told of each webhook that is refused because of its size, however it
// came. What it told of is found by a sweep, and the refusal is a sign of life.
func (r *Receiver) tooLarge(ctx context.Context) {
	r.refused()
	keeper, keeps := r.inbox.(refusalKeeper)
	if !keeps {
		return
	}
	if err := keeper.RefusedTooLarge(ctx); err != nil {
		r.logger.WarnContext(ctx, "a webhook was too large, and that could not be noted", slog.Any("error", err))
	}
}
