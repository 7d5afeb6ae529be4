package bridge

import (
	"errors"
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
