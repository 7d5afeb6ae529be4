package quiet

import (
	"log/slog"
	"strings"
	"testing"
)

func TestALibraryIsHeardWhereItWarnsAndWhileSomebodyDebugs(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]string{slog.LevelInfo: "warned", slog.LevelDebug: "chattered warned"} {
		var said strings.Builder
		logger := Library(slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: level})))
		logger.Info("chattered")
		logger.With(slog.Int("n", 1)).WithGroup("g").Info("chattered in a group")
		logger.Warn("warned")
		for _, word := range []string{"chattered", "warned"} {
			if strings.Contains(said.String(), "msg="+word) != strings.Contains(want, word) {
				t.Errorf("at level %s it says %q, want %q", level, said.String(), want)
			}
		}
	}
}
