package observe

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// repeatsEvery is how often one message is logged while it keeps coming.
const repeatsEvery = time.Minute

// WithoutRepeats logs a message at most once a minute, with how often it was left out
// since. It is for what is said again and again while a server is away: the first line
// tells it, and hundreds more hide everything else.
func WithoutRepeats(logger *slog.Logger) *slog.Logger {
	return slog.New(&repeats{Handler: logger.Handler(), seen: &seenMessages{last: map[string]message{}}})
}

type repeats struct {
	slog.Handler
	seen *seenMessages
}

// seenMessages is shared by the handlers that one logger was split into.
type seenMessages struct {
	mu   sync.Mutex
	last map[string]message
}

type message struct {
	at      time.Time
	leftOut int
}

// pass reports whether a message is logged now, and how often it was left out before.
func (s *seenMessages) pass(text string, now time.Time) (passes bool, leftOut int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.last[text]
	if known && now.Sub(last.at) < repeatsEvery {
		s.last[text] = message{last.at, last.leftOut + 1}
		return false, 0
	}
	s.last[text] = message{at: now}
	return true, last.leftOut
}

// Handle passes a record on unless its message was logged within the last minute. The
// messages are few, because they are the program's own; what varies is in attributes.
func (h *repeats) Handle(ctx context.Context, record slog.Record) error {
	if record.Level < slog.LevelWarn {
		return h.Handler.Handle(ctx, record)
	}
	passes, leftOut := h.seen.pass(record.Message, record.Time)
	if !passes {
		return nil
	}
	if leftOut > 0 {
		record.AddAttrs(slog.Int("left_out", leftOut))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs keeps counting with the others.
func (h *repeats) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &repeats{Handler: h.Handler.WithAttrs(attrs), seen: h.seen}
}

// WithGroup keeps counting with the others.
func (h *repeats) WithGroup(name string) slog.Handler {
	return &repeats{Handler: h.Handler.WithGroup(name), seen: h.seen}
}
