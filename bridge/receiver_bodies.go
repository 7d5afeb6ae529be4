package bridge

import (
	"errors"
	"io"
	"net/http"
	"os"
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
	// firstRead is what a body takes before anything of it has come.
	firstRead = 4 << 10
)

// errNoRoom says that a body was dropped, or never begun, for want of room.
var errNoRoom = errors.New("no room for the body")

// bodyRoom bounds the bytes that are held for bodies whose senders are not known
// yet, over all connections. When it is used up, the slowest body that has not ended
// is dropped: one that is sent in earnest ends within milliseconds.
type bodyRoom struct {
	mu           sync.Mutex
	freed        *sync.Cond
	small, large share
}

// share is the room for bodies of one kind.
type share struct {
	size, held int64
	// leaving is the part of held whose bodies were dropped and end at any moment.
	leaving    int64
	unfinished map[*openBody]struct{}
}

// openBody is a body that is being read or checked.
type openBody struct {
	room    *bodyRoom
	share   *share
	held    int64
	arrived int64
	begun   time.Time
	// hangUp makes a read that waits return at once.
	hangUp  func()
	dropped bool
}

func newBodyRoom(small, large int64) *bodyRoom {
	r := &bodyRoom{
		small: share{size: small, unfinished: make(map[*openBody]struct{})},
		large: share{size: large, unfinished: make(map[*openBody]struct{})},
	}
	r.freed = sync.NewCond(&r.mu)
	return r
}

// shareFor is where a body of so many bytes belongs.
func (r *bodyRoom) shareFor(size int64) *share {
	if size <= smallBody {
		return &r.small
	}
	return &r.large
}

// open begins a body; size is what its sender announces, 0 when that is unknown.
func (r *bodyRoom) open(size int64, hangUp func()) *openBody {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &openBody{room: r, share: r.shareFor(size), begun: time.Now(), hangUp: hangUp}
	b.share.unfinished[b] = struct{}{}
	return b
}

// take holds n bytes more for a body, and drops slower ones until there is room. A
// body that fits beside no other is dropped itself.
func (b *openBody) take(n int64) error {
	r := b.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.dropped {
		return errNoRoom
	}
	b.moveTo(r.shareFor(max(b.held+n, b.announced())))
	b.hold(n)
	for !b.dropped && b.share.held > b.share.size {
		enough := b.share.held-b.share.leaving <= b.share.size
		if !enough && b.share.dropSlowest(b) {
			continue
		}
		if !enough && b.share.held == b.held {
			b.drop()
			break
		}
		// What was dropped, and what is being checked, gives its room back at once.
		r.freed.Wait()
	}
	if b.dropped {
		return errNoRoom
	}
	return nil
}

func (b *openBody) hold(n int64) {
	b.share.held += n
	b.held += n
	if b.dropped {
		b.share.leaving += n
	}
}

// drop makes a body end, wherever it is.
func (b *openBody) drop() {
	b.dropped = true
	b.share.leaving += b.held
	delete(b.share.unfinished, b)
	b.hangUp()
	b.room.freed.Broadcast()
}

// announced is the least that keeps a body in the share in which it began.
func (b *openBody) announced() int64 {
	if b.share == &b.room.large {
		return smallBody + 1
	}
	return 0
}

// moveTo carries a body whose length was not announced to the larger share once it
// has outgrown the smaller.
func (b *openBody) moveTo(to *share) {
	if to == b.share {
		return
	}
	delete(b.share.unfinished, b)
	b.share.held -= b.held
	b.share = to
	b.share.held += b.held
	b.share.unfinished[b] = struct{}{}
	b.room.freed.Broadcast()
}

// give returns n bytes.
func (b *openBody) give(n int64) {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	b.hold(-n)
	b.room.freed.Broadcast()
}

// got notes that bytes came, and reports whether the body is still wanted.
func (b *openBody) got(n int) bool {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	b.arrived += int64(n)
	return !b.dropped
}

// finish says that the body has come to its end: it is not dropped any more. It
// reports false when it was dropped before.
func (b *openBody) finish() bool {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	delete(b.share.unfinished, b)
	return !b.dropped
}

// release ends the body: its sender is known by now, or it was refused. It may be
// called more than once.
func (b *openBody) release() {
	b.finish()
	b.give(b.held)
}

// dropSlowest drops the slowest unfinished body but the one that asks. It reports
// false when there is none.
func (s *share) dropSlowest(asking *openBody) bool {
	now := time.Now()
	var slowest *openBody
	for b := range s.unfinished {
		if b != asking && (slowest == nil || b.pace(now) < slowest.pace(now)) {
			slowest = b
		}
	}
	if slowest == nil {
		return false
	}
	slowest.drop()
	return true
}

// pace is how many bytes a second have come. Every body begins with the credit of a
// small one, or whichever began last would always be the slowest.
func (b *openBody) pace(now time.Time) float64 {
	return float64(b.arrived+smallBody) / max(now.Sub(b.begun).Seconds(), 1e-6)
}

// dropSlowest drops the slowest unfinished body of all. It reports false when none
// is being read.
func (r *bodyRoom) dropSlowest() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.large.dropSlowest(nil) || r.small.dropSlowest(nil)
}

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
		r.metrics.webhook(reply{status: known.Code})
		if known.Code != http.StatusRequestEntityTooLarge {
			r.refused()
		}
	}
	return body, release, err
}

// readAll reads to the end. Its buffer grows by doubling and never beyond what the
// sender announced, so that an announcement alone takes no room.
func (b *openBody) readAll(from io.Reader, announced, limit int64) ([]byte, error) {
	most := limit + 1
	if announced >= 0 {
		most = announced
	}
	var body []byte
	for {
		if int64(len(body)) == int64(cap(body)) && int64(len(body)) < most {
			grown, err := b.grow(body, most)
			if err != nil {
				return nil, err
			}
			body = grown
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch wanted := b.got(n); {
		case !wanted:
			return nil, errNoRoom
		case int64(len(body)) > limit:
			return nil, &http.MaxBytesError{Limit: limit}
		case errors.Is(err, io.EOF), announced >= 0 && int64(len(body)) == announced:
			if !b.finish() {
				return nil, errNoRoom
			}
			return body, nil
		case err != nil:
			return nil, err
		}
	}
}

// grow returns the body in a buffer of twice the size. For a moment both are held.
func (b *openBody) grow(body []byte, most int64) ([]byte, error) {
	size := min(max(2*int64(cap(body)), firstRead), most)
	if err := b.take(size); err != nil {
		return nil, err
	}
	grown := make([]byte, len(body), size)
	copy(grown, body)
	b.give(int64(cap(body)))
	return grown, nil
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
