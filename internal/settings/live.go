package settings

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
)

// Live holds the settings while the process runs and reads them again on
// request, so that a secret that was rotated in its file, in Vault or in Odoo is
// taken up without a restart. It is safe for use by many goroutines.
type Live struct {
	sources []Source
	current atomic.Pointer[Settings]
}

// NewLive wraps settings that Load returned from the same sources.
func NewLive(loaded Settings, sources ...Source) *Live {
	l := &Live{sources: sources}
	l.current.Store(&loaded)
	return l
}

// Current is the newest good reading.
func (l *Live) Current() Settings { return *l.current.Load() }

// Sources are what the settings are read from, first to last.
func (l *Live) Sources() []Source { return slices.Clone(l.sources) }

// Refresh reads every source again. A reading with a fault is logged and
// dropped: the last good one stays in force.
func (l *Live) Refresh(ctx context.Context, logger *slog.Logger) {
	read, err := Load(ctx, l.sources...)
	if err != nil {
		logger.WarnContext(ctx, "settings cannot be read again; the last good ones stay in force", slog.Any("error", err))
		return
	}
	l.current.Store(&read)
}
