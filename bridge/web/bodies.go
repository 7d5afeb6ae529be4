package web

import (
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

// Anybody may open connections and send bodies, so what is held for all of them
// together is bounded, and not what one address sends: all honest webhooks may come
// from one forwarder.
const (
	// ownRoom is what each connection has for itself: nearly every webhook of Plane's is
	// smaller, so no stranger can take its place, however slowly it comes.
	ownRoom = 16 << 10
	// smallBody is what all but a few webhooks stay below. Small bodies have room of
	// their own, so that large ones that never end cannot take it.
	smallBody = 64 << 10
	// roomOwn is for as many connections as the server admits.
	roomOwn   = 1024 * ownRoom
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
// yet, over all connections. Each body begins in the room of its connection; beyond
// it, bodies share. When a share is used up, the slowest body in it that has not
// ended is dropped: one that is sent in earnest hardly keeps the receiver waiting.
type bodyRoom struct {
	mu                sync.Mutex
	own, small, large *share
	// joining lets one large body be put together at a time: it takes as much again.
	joining sync.Mutex
}

// share is the room for one part of bodies. Room is given in the order in which it
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
	room      *bodyRoom
	announced int64 // less than 0 when that is unknown
	chunks    []chunk
	held      map[*share]int64
	dropped   bool
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

func newBodyRoom(own, small, large int64) *bodyRoom {
	return &bodyRoom{own: newShare(own, smallChunk), small: newShare(small, smallChunk), large: newShare(large, largeChunk)}
}

func newShare(size, chunk int64) *share {
	return &share{size: size, chunk: chunk, unfinished: make(map[*openBody]struct{})}
}

func (r *bodyRoom) shares() []*share { return []*share{r.large, r.small, r.own} }

// open begins a body; size is what its sender announces, less than 0 when that is
// unknown.
func (r *bodyRoom) open(size int64, hangUp func()) *openBody {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &openBody{room: r, announced: size, held: make(map[*share]int64, 1), hangUp: hangUp}
	r.own.unfinished[b] = struct{}{}
	return b
}

// share is where the body's next chunk comes from.
func (b *openBody) share() *share {
	switch own, small := b.held[b.room.own], b.held[b.room.small]; {
	case own < ownRoom:
		return b.room.own
	case b.announced > smallBody, own+small >= smallBody:
		return b.room.large
	default:
		return b.room.small
	}
}

// extend gives a body one more chunk, and drops slower bodies until there is room. A
// body that is the slowest itself is dropped.
func (b *openBody) extend() error {
	s, turn := b.ask()
	if turn != nil {
		// What was dropped, and what is being checked, gives its room back at once.
		<-turn
	}
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	if b.dropped {
		return errNoRoom
	}
	if last := len(s.free) - 1; last >= 0 {
		b.chunks = append(b.chunks, chunk{s.free[last], s})
		s.free = s.free[:last]
		return nil
	}
	b.chunks = append(b.chunks, chunk{make([]byte, 0, s.chunk), s})
	return nil
}

// ask holds the bytes of one more chunk, or stands in line for them.
func (b *openBody) ask() (from *share, turn <-chan struct{}) {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	s := b.share()
	if b.dropped {
		return s, nil
	}
	s.unfinished[b] = struct{}{}
	if len(s.line) == 0 && s.held+s.chunk <= s.size {
		b.hold(s, s.chunk)
		return s, nil
	}
	b.turn = make(chan struct{})
	s.line = append(s.line, b)
	for s.held-s.leaving+int64(len(s.line))*s.chunk > s.size && s.dropSlowest() {
		continue
	}
	return s, b.turn
}

func (b *openBody) hold(s *share, n int64) {
	s.held += n
	b.held[s] += n
	if b.dropped {
		s.leaving += n
	}
}

// serve gives room to those who are first in line.
func (s *share) serve() {
	for len(s.line) > 0 && s.held+s.chunk <= s.size {
		first := s.line[0]
		s.line = s.line[1:]
		first.hold(s, s.chunk)
		close(first.turn)
	}
}

// drop makes a body end, wherever it is.
func (b *openBody) drop() {
	b.dropped = true
	for _, s := range b.room.shares() {
		s.leaving += b.held[s]
		delete(s.unfinished, b)
		if place := slices.Index(s.line, b); place >= 0 {
			s.line = slices.Delete(s.line, place, place+1)
			close(b.turn)
		}
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
	for _, s := range slowest.room.shares() {
		s.serve()
	}
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
	for _, s := range r.shares() {
		if s.dropSlowest() {
			return true
		}
	}
	return false
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
	b.end()
	return !b.dropped
}

// end takes the body out of those that may be dropped.
func (b *openBody) end() {
	for _, s := range b.room.shares() {
		delete(s.unfinished, b)
	}
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
	b.end()
	for _, c := range b.chunks {
		c.from.free = append(c.from.free, c.bytes[:0])
	}
	b.chunks = nil
	for _, s := range []*share{b.room.own, b.room.small, b.room.large} {
		keep := min(still, b.held[s])
		still -= keep
		b.hold(s, keep-b.held[s])
		s.serve()
	}
}

// release ends the body: its sender is known by now, or it was refused. It may be
// called more than once.
func (b *openBody) release() { b.giveBack(0) }
