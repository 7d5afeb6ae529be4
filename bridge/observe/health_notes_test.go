package observe

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// A note costs a request to Plane each time that it is found again.
func TestANoteStandsLongerThanAFailure(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		found error
		asked int
	}{
		{nil, 1},
		{&bridge.Note{Text: "the project is archived"}, 3},
		{errors.New("the project cannot be read"), 13},
	} {
		asked, now := 0, time.Now()
		check := &cachedCheck{ttl: 5 * time.Minute, check: func(context.Context) error { asked++; return row.found }}
		for range 121 {
			_ = check.run(t.Context(), now)
			now = now.Add(time.Second)
		}
		if asked != row.asked {
			t.Errorf("within two minutes a check that finds %v is run %d times, want %d", row.found, asked, row.asked)
		}
	}
}
