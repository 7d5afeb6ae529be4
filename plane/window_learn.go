package plane

// What answers teach a Window.

// complete marks the entry answered and returns when it was reserved. An entry that is not known any more (saved
// state was lost) is added, because the server has it.
func (w *Window) complete(i int, t int64, told bool) int64 {
	if i < 0 {
		w.Log = append(w.Log, Entry{At: t, Done: t, Count: 1, Told: told})
		return t
	}
	w.Log[i].Done, w.Log[i].Told = t, told
	return w.Log[i].At
}

// learn takes what an answer proves. The request was reserved at sentAt and answered at t.
func (w *Window) learn(t, sentAt int64, remaining int) {
	w.raise(t, remaining+w.surelyCounted(t, sentAt))
	share := min(remaining+w.used(), w.limit())
	w.follow(t, share)
	w.Share = share
}

// follow notes how fast others take places, as a mean in which the last quarter of a minute weighs most.
func (w *Window) follow(t int64, share int) {
	since := t - w.SeenAt
	if w.SeenAt == 0 || since >= span {
		w.Growth = 0
		return
	}
	taken := float64(w.Share-share) * second
	w.Growth += (taken - w.Growth*float64(since)) / (float64(since) + trend)
}

// surelyCounted is how many of our requests the server certainly had in its log when it answered: this one, and
// those answered before any request that was still on its way then was reserved.
func (w *Window) surelyCounted(t, sentAt int64) int {
	horizon := sentAt
	for _, e := range w.Log {
		if e.Done == 0 {
			horizon = min(horizon, e.At)
		}
	}
	n := 1
	for _, e := range w.Log {
		if e.Told && e.Done <= horizon && e.At+span > t {
			n += e.Count
		}
	}
	return n
}

// raise notes a proved limit. Each proof is a lower bound, so the highest of the last periods is the limit; older
// ones are forgotten, because an operator may have lowered it.
func (w *Window) raise(t int64, proved int) {
	if w.PeakSince == 0 {
		w.PeakSince = t
	}
	if t-w.PeakSince >= peakPeriod {
		w.PeakBefore, w.Peak, w.PeakSince = w.Peak, 0, t
		w.Settled = true
	}
	w.Peak = max(w.Peak, proved)
	w.Limit = max(w.Peak, w.PeakBefore)
}

// refused is a 429: nothing is free, whatever we believed, and silence is asked for. Those that were sent before the
// silence of an earlier one began are refused for the same reason.
func (w *Window) refused(t, sent int64, o Observation) {
	if w.Refusals == 0 || sent >= w.BlockedUntil {
		w.Refusals++
	}
	w.Share, w.SeenAt = min(w.used()-w.excess(), w.limit()), t
	w.BlockedUntil = max(w.BlockedUntil, t+max(o.RetryAfter.Microseconds(), minRefusal))
}

// excess is how many of our places are reckoned to be beyond the limit, so that they have to leave the log first. A
// refusal at the time that the server named says that its limit is lower than ours, and each further one that it is
// lower still: a call has three retries, and has to find a limit that was halved within them.
func (w *Window) excess() int {
	switch {
	case w.Refusals < 2:
		return 0
	case w.Refusals == 2:
		return w.used() / 8
	default:
		return w.used() / 2
	}
}
