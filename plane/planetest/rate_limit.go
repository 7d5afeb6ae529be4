package planetest

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

const rateWindow = 60 * time.Second

// A rateLog holds the times of one key's requests within the last 60 seconds,
// the oldest first.
type rateLog struct{ times []time.Time }

// allow notes a request. When the log is full the request is refused, is not
// noted, and may come again after wait.
func (l *rateLog) allow(now time.Time, limit int) (remaining int, wait time.Duration) {
	for len(l.times) > 0 && !l.times[0].After(now.Add(-rateWindow)) {
		l.times = l.times[1:]
	}
	if len(l.times) >= limit {
		return 0, l.times[0].Add(rateWindow).Sub(now)
	}
	l.times = append(l.times, now)
	return limit - len(l.times), 0
}

// throttle counts the request of a caller against its key. The caller holds mu.
func (s *Server) throttle(c *call) *answer {
	log := s.limits[c.key]
	if log == nil {
		log = &rateLog{}
		s.limits[c.key] = log
	}
	now := s.options.Now()
	remaining, wait := log.allow(now, s.limitOf(c.key))
	if wait > 0 {
		s.rejected++
		refused := &answer{status: http.StatusTooManyRequests, body: object{
			{"error_code", 5900}, {"error_message", "RATE_LIMIT_EXCEEDED"},
		}}
		refused.retryAfter = strconv.Itoa(int(math.Ceil(wait.Seconds())))
		return refused
	}
	c.remaining = strconv.Itoa(remaining)
	c.reset = strconv.FormatInt(now.Add(s.clocks.current+rateWindow).Unix(), 10)
	return nil
}

func (s *Server) limitOf(key string) int {
	if s.keys[key].Service {
		return s.options.ServiceLimit
	}
	return s.limit
}

// Spend makes n requests of key's budget disappear, as another program that
// shares the key does. It stops at the limit.
func (s *Server) Spend(key string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.limits[key]
	if log == nil {
		log = &rateLog{}
		s.limits[key] = log
	}
	for range n {
		log.allow(s.options.Now(), s.limitOf(key))
	}
}
