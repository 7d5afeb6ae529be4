package planetest

import (
	"net/http"
	"time"
)

// clocks are those of the hosts that serve. The server's own records carry the
// time of the host that wrote them.
type clocks struct {
	choose  func(*http.Request) time.Duration // nil: all hosts are right
	current time.Duration                     // of the host that serves just now
	last    map[time.Duration]time.Time       // the newest timestamp that each host has given
}

// SetClocks puts the server behind that many hosts, whose clocks are off by the
// given amounts: each request and each act of a person goes to the next of them
// in turn. One amount is one host; none makes the clock right again. The rate
// limit keeps one time for all; X-RateLimit-Reset and every timestamp of a
// record are the host's.
func (s *Server) SetClocks(offsets ...time.Duration) {
	if len(offsets) == 0 {
		s.ChooseClock(nil)
		return
	}
	turn := 0
	s.ChooseClock(func(*http.Request) time.Duration {
		turn++
		return offsets[(turn-1)%len(offsets)]
	})
}

// ChooseClock lets a function say by how much the clock of the host is off that
// serves a request; the request is nil for what people do. It is called one at a
// time, must not read the body and must not call the server.
func (s *Server) ChooseClock(offset func(*http.Request) time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clocks.choose, s.clocks.current = offset, 0
}

// takeClock makes the clock current that serves this request. The caller holds mu.
func (s *Server) takeClock(r *http.Request) {
	if s.clocks.choose != nil {
		s.clocks.current = s.clocks.choose(r)
	}
}

// now is the time for a record: the current host's. The caller holds mu.
func (s *Server) now() time.Time { return s.nowOn(s.clocks.current) }

// nowOn is the time of a host whose clock is off by so much, but never one that
// it gave before, so that an order by time has no ties within one host.
func (s *Server) nowOn(offset time.Duration) time.Time {
	t := s.options.Now().Add(offset).UTC().Truncate(time.Microsecond)
	if !t.After(s.clocks.last[offset]) {
		t = s.clocks.last[offset].Add(time.Microsecond)
	}
	s.clocks.last[offset] = t
	return t
}
