package plane

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// slidingServer counts as Plane does: a request leaves the log 60 s after it was made, a refused one never enters.
type slidingServer struct {
	limit   int
	latency time.Duration
	silent  bool // sends no rate-limit headers

	mu       sync.Mutex
	log      []time.Time
	accepted []time.Time // ours
	refused  []time.Time // ours
	lowest   int         // fewest remaining that one of our requests saw
	foreign  struct{ accepted, refused int }
}

// admit answers whether one more request fits, and what remains after it.
func (s *slidingServer) admit() (remaining int, ok bool, retryAfter time.Duration) {
	now := time.Now()
	for len(s.log) > 0 && now.Sub(s.log[0]) >= time.Minute {
		s.log = s.log[1:]
	}
	if len(s.log) >= s.limit {
		return 0, false, time.Minute - now.Sub(s.log[0])
	}
	s.log = append(s.log, now)
	return s.limit - len(s.log), true, 0
}

func (s *slidingServer) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.latency / 2)
	s.mu.Lock()
	remaining, ok, wait := s.admit()
	if ok {
		s.accepted = append(s.accepted, time.Now())
		if len(s.accepted) == 1 || remaining < s.lowest {
			s.lowest = remaining
		}
	} else {
		s.refused = append(s.refused, time.Now())
	}
	s.mu.Unlock()
	time.Sleep(s.latency - s.latency/2)
	if !ok {
		seconds := int((wait + time.Second - 1) / time.Second)
		return answer(r, 429, `{"error_code":5900,"error_message":"RATE_LIMIT_EXCEEDED"}`, "Retry-After", strconv.Itoa(seconds)), nil
	}
	if s.silent {
		return answer(r, 200, `{"id":"u"}`), nil
	}
	return answer(r, 200, `{"id":"u"}`, "X-RateLimit-Remaining", strconv.Itoa(remaining),
		"X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10)), nil
}

// foreigner uses the same key every interval until ctx ends.
func (s *slidingServer) foreigner(ctx context.Context, every time.Duration, burst int) {
	for sleep(ctx, every) == nil {
		s.mu.Lock()
		for range burst {
			if _, ok, _ := s.admit(); ok {
				s.foreign.accepted++
			} else {
				s.foreign.refused++
			}
		}
		s.mu.Unlock()
	}
}

// drain makes n calls from several workers and returns how many failed.
func drain(ctx context.Context, c *Client, n, workers int) (failed int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	jobs := make(chan struct{}, n)
	for range n {
		jobs <- struct{}{}
	}
	close(jobs)
	for range workers {
		wg.Go(func() {
			for range jobs {
				if _, err := c.Me(ctx); err != nil {
					mu.Lock()
					failed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// perMinute is the mean rate over the whole minutes from the second one on; the last, broken minute is left out,
// because a burst at its start would flatter it.
func (s *slidingServer) perMinute() float64 {
	first, last := s.accepted[0].Add(time.Minute), s.accepted[len(s.accepted)-1]
	minutes := int(last.Sub(first) / time.Minute)
	n := 0
	for _, at := range s.accepted {
		if !at.Before(first) && at.Before(first.Add(time.Duration(minutes)*time.Minute)) {
			n++
		}
	}
	return float64(n) / float64(minutes)
}
