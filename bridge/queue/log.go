package queue

import (
	"context"
	"log/slog"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
)

// quieter passes on what the queue's library warns of, and everything while
// somebody debugs. Its informative lines come every few seconds and say again
// what the workers have said already; its warnings come several times a second while
// the database is away.
func quieter(logger *slog.Logger) *slog.Logger {
	if logger.Enabled(context.Background(), slog.LevelDebug) {
		return logger
	}
	return observe.WithoutRepeats(slog.New(atLeastWarn{logger.Handler()}))
}

type atLeastWarn struct{ slog.Handler }

func (h atLeastWarn) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h atLeastWarn) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeastWarn{h.Handler.WithAttrs(attrs)}
}

func (h atLeastWarn) WithGroup(name string) slog.Handler {
	return atLeastWarn{h.Handler.WithGroup(name)}
}
