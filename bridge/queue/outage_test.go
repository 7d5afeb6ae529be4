package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Whoever reads why work waits looks for a server that is down, or for a key that is
// refused; not for both.
func TestWhatWaitsSaysWhetherAServerIsAwayOrRefuses(t *testing.T) {
	t.Parallel()
	for words, failure := range map[string]error{
		"it is away since":            plane.ErrUnreachable,
		"it refuses the bridge since": plane.ErrBadKey,
	} {
		s := &side{}
		s.answered(failure, time.Now())
		if err := s.pass(); !errors.Is(err, plane.ErrAway) || !strings.Contains(err.Error(), words) {
			t.Errorf("after %v what waits is told %v, want %q", failure, err, words)
		}
		if err := s.pass(); words != "it is away since" && strings.Contains(err.Error(), "away") {
			t.Errorf("after %v a server that answers is called away: %v", failure, err)
		}
	}
}

// asked is a side that is as it was, after a probe with this answer.
func asked(t *testing.T, s *side, answer error) *side {
	t.Helper()
	s.check = func(ctx context.Context) error {
		if _, limited := plane.MaxWaitOf(ctx); !limited {
			t.Error("a probe waits for the rate limit until its time is over")
		}
		return answer
	}
	(&Outages{logger: slog.New(slog.DiscardHandler)}).ask(t.Context(), s, 0)
	return s
}

func TestASpentBudgetSaysNothingAboutAServer(t *testing.T) {
	t.Parallel()
	spent := &plane.BusyError{Until: time.Now().Add(time.Minute)}
	if err := asked(t, &side{known: true, suspected: true}, spent).pass(); err != nil {
		t.Errorf("a server that was not asked is taken for away: %v", err)
	}
	away := &side{known: true, since: time.Now().Add(-time.Minute), reminded: time.Now()}
	if err := asked(t, away, spent).pass(); err == nil {
		t.Error("a server that was not asked is taken for back")
	}
}

// Work has more time than a probe. A server that is only slow must not be kept from it
// for as long as it is slow.
func TestASlowServerStillGetsItsWork(t *testing.T) {
	t.Parallel()
	slow := fmt.Errorf("asking: %w", context.DeadlineExceeded)
	if err := asked(t, &side{known: true, suspected: true}, slow).pass(); err != nil {
		t.Errorf("work is kept from a server that is slow: %v", err)
	}
	if err := asked(t, &side{known: true, suspected: true}, plane.ErrUnreachable).pass(); err == nil {
		t.Error("work is sent to a server that is away")
	}
}
