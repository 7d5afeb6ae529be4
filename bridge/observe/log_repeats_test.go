package observe

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAMessageThatKeepsComingIsLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		logger := WithoutRepeats(slog.New(slog.NewTextHandler(&log, nil)))
		for range 90 {
			logger.With(slog.String("queue", "plane")).Error("the database does not answer")
			logger.Error("something else")
			logger.Info("said each time")
			time.Sleep(time.Second)
		}
		for text, want := range map[string]int{"the database does not answer": 2, "something else": 2, "said each time": 90, "left_out=59": 2} {
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%q stands %d times in the log, want %d", text, got, want)
			}
		}
	})
}
