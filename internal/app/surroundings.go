package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
)

// Surroundings are what the program is started in.
type Surroundings struct {
	Getenv func(string) string
	// EnvFile is the file of settings that Getenv reads besides; empty for none.
	EnvFile string
	// Log is where the log goes, and LogIsRead says that a person watches it.
	Log       io.Writer
	LogIsRead bool
	// Version is the program's own.
	Version string
	// PlaneTimeout bounds one request to Plane; the client's own when 0.
	PlaneTimeout time.Duration
}

// Settings reads all settings and checks those that a command needs. Every fault is
// in the one error.
func (w Surroundings) Settings(ctx context.Context, needs ...settings.Need) (settings.Settings, *settings.Live, error) {
	return load(ctx, append(w.sources(ctx), &OdooParameters{logger: w.Logger}), needs)
}

// SettingsWithoutOdoo is Settings for what asks no server.
func (w Surroundings) SettingsWithoutOdoo(ctx context.Context, needs ...settings.Need) (settings.Settings, *settings.Live, error) {
	return load(ctx, w.sources(ctx), needs)
}

func load(ctx context.Context, from []settings.Source, needs []settings.Need) (settings.Settings, *settings.Live, error) {
	loaded, err := settings.Load(ctx, from...)
	if err := settings.Together(err, loaded.Check(needs...)); err != nil {
		return loaded, nil, fmt.Errorf("%w:\n%w", settings.ErrUsage, err)
	}
	return loaded, settings.NewLive(loaded, from...), nil
}

// sources are where settings come from before Odoo is asked.
func (w Surroundings) sources(ctx context.Context) []settings.Source {
	environment := sources.Environment{Getenv: w.Getenv, File: w.EnvFile}
	all := []settings.Source{environment}
	// A fault of it is told with the others, when all are read.
	if source, _, err := settings.One(ctx, environment, settings.Spec{Name: "SECRETS_SOURCE"}); err == nil && source == "vault" {
		all = append(all, &sources.Vault{Connect: database.ConnectTo(w.Getenv)})
	}
	return all
}

// Logger writes the log as the settings say.
func (w Surroundings) Logger(s settings.Settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.Level(s.LogLevel)}
	if s.LogFormat == "text" || (s.LogFormat == "" && w.LogIsRead) {
		return slog.New(slog.NewTextHandler(w.Log, options))
	}
	return slog.New(slog.NewJSONHandler(w.Log, options))
}

// Build puts an app together from settings that were read here. It makes no
// connection, so it works while the servers are away.
func (w Surroundings) Build(s settings.Settings, live *settings.Live) (*App, error) {
	return New(s, live, Config{Logger: w.Logger(s), Version: w.Version, PlaneTimeout: w.PlaneTimeout})
}
