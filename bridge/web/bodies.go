package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Anybody may open connections and send bodies, so what is held for all of them
// together is bounded, and not what one address sends: all honest webhooks may come
// from one forwarder.
const (
	// smallBody is what nearly every webhook stays below. Small bodies have room of
	// their own, so that large ones that never end cannot take it.
	smallBody = 64 << 10
	roomSmall = 4 << 20
	roomLarge = 16 << 20
	// Bodies are read into chunks that are used again: growing buffers would leave
	// twice as much behind for the collector as there is room.
	smallChunk = 4 << 10
	largeChunk = 64 << 10
)

// errNoRoom says that a body was dropped, or never begun, for want of room.
var errNoRoom = errors.New("no room for the body")

// bodyRoom bounds the bytes that are held for bodies whose senders are not known
// yet, over all connections. When it is used up, the slowest body that has not ended
// is dropped: one that is sent in earnest hardly keeps the receiver waiting.
type bodyRoom struct {
	mu           sync.Mutex
	small, large share
	// joining lets one large body be put together at a time: it takes as much again.
	joining sync.Mutex
}

// share is the room for bodies of one kind. Room is given in the order in which it
// was asked for.
type share struct {
	size, held int64
	chunk      int64
	free       [][]byte
	// leaving is the part of held whose bodies were dropped and end at any moment.
	leaving    int64
	line       []*openBody // each waits for one chunk
	unfinished map[*openBody]struct{}
}

// openBody is a body that is being read or checked.
type openBody struct {
	room    *bodyRoom
	share   *share
	chunks  []chunk
	held    int64
	dropped bool
	// turn is closed when a body in line is given its chunk, or dropped.
	turn chan struct{}

	// arrived is how much came, waited how long that took, and reading since when a
	// read has been waiting. Time that the body spent in line is not its sender's.
	arrived int64
	waited  time.Duration
	reading time.Time
	// hangUp makes a read that waits return at once.
	hangUp func()
}

// chunk is a part of a body, and where it goes when it is not needed any more.
type chunk struct {
	bytes []byte
	from  *share
}

func newBodyRoom(small, large int64) *bodyRoom {
	return &bodyRoom{
		small: share{size: small, chunk: smallChunk, unfinished: make(map[*openBody]struct{})},
		large: share{size: large, chunk: largeChunk, unfinished: make(map[*openBody]struct{})},
	}
}

// open begins a body; size is what its sender announces, less than 0 when that is
// unknown.
func (r *bodyRoom) open(size int64, hangUp func()) *openBody {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &openBody{room: r, share: &r.small, hangUp: hangUp}
	if size > smallBody {
		b.share = &r.large
	}
	b.share.unfinished[b] = struct{}{}
	return b
}

// extend gives a body one more chunk, and drops slower bodies until there is room. A
// body that is the slowest itself is dropped.
func (b *openBody) extend() error {
	if turn := b.ask(); turn != nil {
		// What was dropped, and what is being checked, gives its room back at once.
		<-turn
	}
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	if b.dropped {
		return errNoRoom
	}
	s := b.share
	if last := len(s.free) - 1; last >= 0 {
		b.chunks = append(b.chunks, chunk{s.free[last], s})
		s.free = s.free[:last]
		return nil
	}
	b.chunks = append(b.chunks, chunk{make([]byte, 0, s.chunk), s})
	return nil
}

// ask holds the bytes of one more chunk, or stands in line for them.
func (b *openBody) ask() (turn <-chan struct{}) {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	if b.dropped {
		return nil
	}
	if b.held+smallChunk > smallBody {
		b.moveTo(&b.room.large)
	}
	s := b.share
	if len(s.line) == 0 && s.held+s.chunk <= s.size {
		b.hold(s.chunk)
		return nil
	}
	b.turn = make(chan struct{})
	s.line = append(s.line, b)
	for s.held-s.leaving+int64(len(s.line))*s.chunk > s.size && s.dropSlowest() {
		continue
	}
	return b.turn
}

// moveTo carries a body whose length was not announced to the larger share once it
// has outgrown the smaller.
func (b *openBody) moveTo(to *share) {
	from := b.share
	if to == from {
		return
	}
	held := b.held
	b.hold(-held)
	delete(from.unfinished, b)
	b.share = to
	to.unfinished[b] = struct{}{}
	b.hold(held)
	from.serve()
}

func (b *openBody) hold(n int64) {
	b.share.held += n
	b.held += n
	if b.dropped {
		b.share.leaving += n
	}
}

// serve gives room to those who are first in line.
func (s *share) serve() {
	for len(s.line) > 0 && s.held+s.chunk <= s.size {
		first := s.line[0]
		s.line = s.line[1:]
		first.hold(s.chunk)
		close(first.turn)
	}
}

// drop makes a body end, wherever it is.
func (b *openBody) drop() {
	b.dropped = true
	b.share.leaving += b.held
	delete(b.share.unfinished, b)
	if place := slices.Index(b.share.line, b); place >= 0 {
		b.share.line = slices.Delete(b.share.line, place, place+1)
		close(b.turn)
	}
	b.hangUp()
}

// dropSlowest drops the slowest unfinished body, and reports false when there is none.
func (s *share) dropSlowest() bool {
	now := time.Now()
	var slowest *openBody
	for b := range s.unfinished {
		if slowest == nil || b.pace(now) < slowest.pace(now) {
			slowest = b
		}
	}
	if slowest == nil {
		return false
	}
	slowest.drop()
	s.serve()
	return true
}

// pace is how many bytes have come for each second of waiting. Every body begins with
// the credit of a small one, or whichever began last would always be the slowest.
func (b *openBody) pace(now time.Time) float64 {
	waited := b.waited
	if !b.reading.IsZero() {
		waited += now.Sub(b.reading)
	}
	return float64(b.arrived+smallBody) / max(waited.Seconds(), 1e-6)
}

// dropSlowest drops the slowest unfinished body of all. It reports false when none
// is being read.
func (r *bodyRoom) dropSlowest() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.large.dropSlowest() || r.small.dropSlowest()
}

// read is one read from the connection. It reports whether the body is still wanted.
func (b *openBody) read(from io.Reader, into []byte) (n int, wanted bool, err error) {
	b.room.mu.Lock()
	b.reading = time.Now()
	b.room.mu.Unlock()
	n, err = from.Read(into)
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	b.waited += time.Since(b.reading)
	b.reading = time.Time{}
	b.arrived += int64(n)
	return n, !b.dropped, err
}

// finish says that the body has come to its end: it is not dropped any more. It
// reports false when it was dropped before.
func (b *openBody) finish() bool {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	delete(b.share.unfinished, b)
	return !b.dropped
}

// join puts a finished body together and gives its chunks back. What is held for it
// from then on is its length.
func (b *openBody) join(size int64) []byte {
	if size > smallBody {
		b.room.joining.Lock()
		defer b.room.joining.Unlock()
	}
	body := make([]byte, 0, size)
	for _, c := range b.chunks {
		body = append(body, c.bytes...)
	}
	b.giveBack(size)
	return body
}

// giveBack returns the chunks, and all room but what is still held.
func (b *openBody) giveBack(still int64) {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	delete(b.share.unfinished, b)
	for _, c := range b.chunks {
		c.from.free = append(c.from.free, c.bytes[:0])
	}
	b.chunks = nil
	b.hold(min(still, b.held) - b.held)
	b.share.serve()
}

// release ends the body: its sender is known by now, or it was refused. It may be
// called more than once.
func (b *openBody) release() { b.giveBack(0) }

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
