package queue

import (
	"log/slog"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/internal/quiet"
)

// libraryLog is what the queue's library logs to. Its warnings come several times a
// second while the database is away, so they are said once a minute; while somebody
// debugs, everything is.
func libraryLog(logger *slog.Logger) *slog.Logger {
	warnings := quiet.Library(logger)
	if warnings == logger {
		return logger
	}
	return observe.WithoutRepeats(warnings)
}
