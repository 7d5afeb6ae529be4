package plane

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// DefaultLimit is the requests per minute that Plane grants a key unless its operator says otherwise.
const DefaultLimit = 60

// The figures of the algorithm. Times are in microseconds, as everything in Window is.
const (
	span        = int64(60 * time.Second / time.Microsecond) // a request leaves the server's log this long after it was made
	grace       = int64(30 * time.Second / time.Microsecond) // an unanswered request may have arrived this much later
	trend       = 15 * second                                // how far back Growth looks
	second      = float64(time.Second / time.Microsecond)
	fresh       = int64(10 * time.Second / time.Microsecond) // an observation is taken as current this long
	probeWait   = int64(2 * time.Second / time.Microsecond)  // without a current observation, one request at a time
	peakPeriod  = int64(2 * time.Minute / time.Microsecond)  // a limit that nothing proves any more is forgotten after one to two of these
	minRefusal  = int64(time.Second / time.Microsecond)
	mergeWithin = int64(250 * time.Millisecond / time.Microsecond)
	maxEntries  = 256
	keepFree    = 5 // the rule: with fewer than this remaining, wait
)

// Window is the server's sliding-window log, kept on our side: the pure algorithm of the budget, without clock, lock
// or store. A budget shared by several processes loads a Window, calls Reserve or Observe with the store's own
// clock, and saves it, all under one lock. Its JSON stays below a few kilobytes whatever the limit is.
//
// How it works. The server keeps the times of the requests of the last 60 s and refuses when they reach the limit;
// every answer says how many remain. So what remains plus what we ourselves have in the log is our share: the limit
// less what others with the same key use. Reserve keeps our entries below the share, by a margin that depends on
// the lane. The share is taken as last seen, less what others were seen to add; where our own requests in the log are
// too few to make room by leaving, it drifts back to the limit, because what others sent leaves the log too.
type Window struct {
	Assumed      int     `json:"assumed,omitempty"`       // requests per minute assumed before anything is known
	Limit        int     `json:"limit,omitempty"`         // highest limit that answers have proved lately
	Settled      bool    `json:"settled,omitempty"`       // Limit has been watched long enough to fall below Assumed
	Share        int     `json:"share,omitempty"`         // places for us, at SeenAt
	Growth       float64 `json:"growth,omitempty"`        // by how many places a second others were taking more than they gave back
	SeenAt       int64   `json:"seen_at,omitempty"`       // last answer
	BlockedUntil int64   `json:"blocked_until,omitempty"` // a 429 asked for silence until then
	Refusals     int     `json:"refusals,omitempty"`      // 429s in a row
	LastSent     int64   `json:"last_sent,omitempty"`
	Peak         int     `json:"peak,omitempty"` // highest limit proved since PeakSince, and in the period before
	PeakBefore   int     `json:"peak_before,omitempty"`
	PeakSince    int64   `json:"peak_since,omitempty"`
	Log          []Entry `json:"log,omitempty"`
}

// Entry is one request, or several that were close together, in Unix microseconds.
type Entry struct {
	At    int64 `json:"a"`           // place taken: no later than the server's own stamp
	Done  int64 `json:"d,omitempty"` // answer seen: no earlier than the server's stamp; 0 while in flight
	Count int   `json:"n"`
	// Told is set when the answer said how many remain: only then did the server certainly count it. An answer of a
	// proxy, or a refused key, proves nothing about the limit.
	Told bool `json:"t,omitempty"`
}

// BudgetStatus is what a budget believes at one moment.
type BudgetStatus struct {
	Limit        int       // requests per minute that are reckoned with
	Proved       int       // the highest limit that the server's headers have proved lately, 0 for none
	Used         int       // our own requests of the last minute
	Free         int       // places that are believed free
	BlockedUntil time.Time // zero unless a 429 asked for silence
}

// Reserve takes a place for one request of lane and returns the zero time, or returns when asking again is worth it.
// Somebody else's observation may make room earlier.
func (w *Window) Reserve(now time.Time, lane Lane) time.Time {
	t := now.UnixMicro()
	w.prune(t)
	at := max(w.BlockedUntil, w.probeGate(t), w.paceGate(t, lane), w.roomGate(t, lane))
	if w.retries() {
		at = w.BlockedUntil
	}
	if at > t {
		return time.UnixMicro(at)
	}
	w.Log = append(w.Log, Entry{At: t, Count: 1})
	w.LastSent = t
	return time.Time{}
}

// retries reports whether a 429 is answered by one request at the time that the server named: by its word a place is
// free then, whatever we believe. Were that refused too, more of us have to leave the log first than one.
func (w *Window) retries() bool {
	return w.Refusals == 1 && !slices.ContainsFunc(w.Log, func(e Entry) bool { return e.Done == 0 && e.At >= w.BlockedUntil })
}

// Observe corrects the window by one answer.
func (w *Window) Observe(now time.Time, o Observation) {
	t := now.UnixMicro()
	if now.Nanosecond()%1000 != 0 {
		t++ // rounded up, so that no entry leaves before the server's does
	}
	w.prune(t)
	i := w.inFlight(t - o.Took.Microseconds())
	switch {
	case o.Unsent:
		w.drop(i)
		return
	case o.Status == http.StatusTooManyRequests:
		w.drop(i) // the server does not count what it refuses
		w.refused(t, t-o.Took.Microseconds(), o)
		return
	}
	sentAt := w.complete(i, t, o.Remaining >= 0)
	if o.Status == 0 {
		return
	}
	w.Refusals = 0
	if o.Remaining >= 0 {
		w.learn(t, sentAt, o.Remaining)
	} else {
		w.Share = w.share(t) // the server is there, but said nothing new
	}
	w.SeenAt = t
}

// Status returns what is believed at now.
func (w *Window) Status(now time.Time) BudgetStatus {
	t := now.UnixMicro()
	w.prune(t)
	s := BudgetStatus{Limit: w.limit(), Proved: w.Limit, Used: w.used(), Free: max(w.share(t)-w.used(), 0)}
	if w.BlockedUntil > t {
		s.BlockedUntil = time.UnixMicro(w.BlockedUntil)
	}
	return s
}

func (w *Window) clone() Window {
	c := *w
	c.Log = slices.Clone(w.Log)
	return c
}

// limit is what the key is believed to have. Until the limit is settled the assumption holds as a lower bound: a
// low first answer more often means that somebody, perhaps we before a restart, used the key a moment ago.
func (w *Window) limit() int {
	assumed := w.Assumed
	if assumed <= 0 {
		assumed = DefaultLimit
	}
	if w.Settled && w.Limit > 0 {
		return w.Limit
	}
	return max(w.Limit, assumed)
}

// share is how many places are ours at t: as last seen while that is fresh, then drifting back to the limit.
func (w *Window) share(t int64) int {
	limit := w.limit()
	age := t - w.SeenAt
	switch {
	case w.SeenAt == 0 || age >= span || w.Share >= limit:
		return limit
	case age <= fresh:
		return w.Share
	}
	return w.Share + int(int64(limit-w.Share)*(age-fresh)/(span-fresh))
}

// used counts our own entries.
func (w *Window) used() int {
	n := 0
	for _, e := range w.Log {
		n += e.Count
	}
	return n
}

// need is how many places must be free before a request of lane may take one. Each lane needs one more than the
// lane above, so that under contention a freed place goes to the higher lane, in this process and in every other.
func need(lane Lane, limit int) int {
	margin := keepFree
	if limit < 2*keepFree {
		margin = limit / 4
	}
	n := max(margin, 1)
	switch lane {
	case LaneInteractive:
	case LaneSweep:
		n += 1 + max(limit/10, 1)
	default:
		n++
	}
	return max(min(n, limit), 1)
}

// room is how many requests of lane may go now; when none may, minus how many places have to become free.
//
// While enough of the share is our own, others are reckoned to hold what they were seen to hold, and to go on growing
// as they did: our own places leave the log soon, and the answer to what is sent then tells more. Reckoning on others
// to leave would run into a log that they go on filling. Only where our own places would not suffice does the share
// drift, because somebody has to look.
func (w *Window) room(t int64, lane Lane) int {
	share, needed := w.share(t), need(lane, w.limit())
	if w.ownSuffices(t, needed) {
		share = min(share, w.Share) - int(max(w.Growth, 0)*float64(t-w.SeenAt)/second)
	}
	free := share - w.used() - needed
	if free >= 0 {
		return free + 1
	}
	return free
}

// ownSuffices reports whether there is room for a request once our own places have left.
func (w *Window) ownSuffices(t int64, needed int) bool {
	return w.SeenAt > 0 && t-w.SeenAt < span && w.Share >= needed
}

// roomGate returns t or earlier when there is room, else when room is expected.
func (w *Window) roomGate(t int64, lane Lane) int64 {
	missing := -w.room(t, lane)
	if missing < 0 {
		return t
	}
	leaving, last := w.leaving(missing)
	if leaving > 0 && w.ownSuffices(t, need(lane, w.limit())) {
		return min(leaving, w.SeenAt+span)
	}
	drifted := w.drifted(t, missing)
	switch {
	case leaving > 0 && drifted > 0:
		return min(leaving, drifted)
	case leaving > 0 || drifted > 0:
		return max(leaving, drifted)
	}
	return max(last, w.SeenAt+span, t+minRefusal)
}

// drifted returns when the share will have grown by n places, 0 if it never does.
func (w *Window) drifted(t int64, n int) int64 {
	grown, gap := w.share(t)-w.Share+n, w.limit()-w.Share
	if grown > gap || w.SeenAt == 0 {
		return 0
	}
	return w.SeenAt + fresh + int64(grown)*(span-fresh)/int64(gap) + 1
}

// leaving returns when n of our places will have left the log, 0 if there are fewer, and when the last one will.
func (w *Window) leaving(n int) (at, last int64) {
	ends := slices.SortedFunc(slices.Values(w.Log), func(a, b Entry) int { return cmp.Compare(a.end(), b.end()) })
	for _, e := range ends {
		n -= e.Count
		if last = e.end(); n <= 0 && at == 0 {
			at = last
		}
	}
	return at, last
}

// paceGate spreads the lower lanes once half of the share is in use. Without it a backfill would spend the whole
// minute at once: a person's change would wait for that minute to pass, and with no answers to watch, somebody else
// could fill the log unseen. So the room that is left has to last until our first place leaves. Where places leave
// steadily the pace is a little faster than the rate, so that it costs no throughput.
func (w *Window) paceGate(t int64, lane Lane) int64 {
	share := w.share(t)
	if lane == LaneInteractive || share <= 0 || 2*w.used() < share {
		return t
	}
	step := span * 9 / 10 / int64(share)
	if room := w.room(t, lane); room > 0 {
		first, _ := w.leaving(1)
		step = max(step, (first-w.LastSent)/int64(room+1))
	}
	return w.LastSent + step
}

// probeGate lets one request go ahead while nothing current is known, so that a burst after a pause cannot run into
// a limit that is lower than assumed or a log that somebody else has filled.
func (w *Window) probeGate(t int64) int64 {
	if w.SeenAt > 0 && t-w.SeenAt <= fresh {
		return t
	}
	for _, e := range w.Log {
		if e.Done == 0 && e.At+probeWait > t {
			return e.At + probeWait
		}
	}
	return t
}

// end is when the entry has surely left the server's log.
func (e Entry) end() int64 {
	if e.Done > 0 {
		return e.Done + span
	}
	return e.At + span + grace
}

// prune forgets what has left the log, and keeps a clock that was set back from freezing the budget.
func (w *Window) prune(t int64) {
	w.SeenAt, w.LastSent, w.PeakSince = min(w.SeenAt, t), min(w.LastSent, t), min(w.PeakSince, t)
	w.BlockedUntil = min(w.BlockedUntil, t+maxRetryAfter.Microseconds())
	for i, e := range w.Log {
		if e.At > t+span {
			w.Log[i].At, w.Log[i].Done = t, t
		}
	}
	w.Log = slices.DeleteFunc(w.Log, func(e Entry) bool { return e.end() <= t })
	if len(w.Log) > maxEntries {
		w.compact()
	}
}

// compact merges answered neighbours, so that a limit of thousands does not make thousands of entries.
func (w *Window) compact() {
	merged := w.Log[:1]
	for _, e := range w.Log[1:] {
		last := &merged[len(merged)-1]
		if last.Done > 0 && e.Done > 0 && last.Told == e.Told && max(e.Done, last.Done)-min(e.At, last.At) < mergeWithin {
			*last = Entry{At: min(e.At, last.At), Done: max(e.Done, last.Done), Count: last.Count + e.Count, Told: e.Told}
			continue
		}
		merged = append(merged, e)
	}
	w.Log = merged
}

// inFlight finds the entry of a request that was sent at sent: the latest that was reserved before, else the oldest.
func (w *Window) inFlight(sent int64) int {
	latest, oldest := -1, -1
	for i, e := range w.Log {
		if e.Done != 0 {
			continue
		}
		if oldest < 0 || e.At < w.Log[oldest].At {
			oldest = i
		}
		if e.At <= sent && (latest < 0 || e.At >= w.Log[latest].At) {
			latest = i
		}
	}
	if latest < 0 {
		return oldest
	}
	return latest
}

func (w *Window) drop(i int) {
	if i >= 0 {
		w.Log = slices.Delete(w.Log, i, i+1)
	}
}
