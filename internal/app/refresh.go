package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// refreshEvery is how often settings are read again, so that a rotated secret is
// taken up. SIGHUP reads them at once.
const refreshEvery = time.Minute

// errStartAnew ends serve so that it begins again with the newest settings, in
// the same process.
var errStartAnew = errors.New("settings changed")

// readEachTime are the settings that are looked up whenever they are needed. All
// others are built into clients, flows and schedules.
var readEachTime = []string{
	"PLANE_API_KEY", "PLANE_WEBHOOK_SECRET", "PLANE_WEBHOOK_SECRET_PREVIOUS", "ODOO_WEBHOOK_TOKEN", "ADMIN_TOKEN", "BRIDGE_PUBLIC_URL",
	"ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS", "PLANE_OAUTH_CLIENT_ID", "PLANE_OAUTH_CLIENT_SECRET", "PLANE_OAUTH_REDIRECT_URL",
	"PLANE_OAUTH_SCOPES", "PLANE_OAUTH_USER_FLOW",
}

// refresh reads the settings again and again until the context ends, or until
// one has changed that takes effect only when everything is built anew.
func (a *App) refresh(ctx context.Context) error {
	ticker := time.NewTicker(refreshEvery)
	defer ticker.Stop()
	a.sayParameters(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-a.hangup:
		}
		a.Live.Refresh(ctx, a.Logger)
		a.sayParameters(ctx)
		if a.outdated(ctx) {
			return errStartAnew
		}
	}
}

// sayParameters logs how things stand with Odoo's system parameters, once for
// each change.
func (a *App) sayParameters(ctx context.Context) {
	state := a.parameters.State()
	if state.Kind == a.saidParameters {
		return
	}
	a.saidParameters = state.Kind
	switch state.Kind {
	case ParametersRead:
		a.Logger.InfoContext(ctx, "settings that are set nowhere else are taken from Odoo's system parameters")
	case ParametersRefused:
		a.Logger.InfoContext(ctx, "the bridge's user may not read Odoo's system parameters, as is right for a user of least privilege; "+
			"settings come from the environment, files and Vault alone")
	case ParametersAway:
		a.Logger.WarnContext(ctx, "Odoo's system parameters could not be read; they are asked for again every minute", slog.Any("error", state.Err))
	case ParametersNotNeeded:
	}
}

// outdated reports whether the settings in use differ from the newest ones in
// something that is built in. New settings that cannot work are logged, once, and
// the old ones stay in force.
func (a *App) outdated(ctx context.Context) bool {
	newest := a.Live.Current()
	changed := slices.DeleteFunc(a.Settings.Differing(newest), func(name string) bool { return slices.Contains(readEachTime, name) })
	names := strings.Join(changed, ", ")
	if names == "" {
		return false
	}
	if err := a.usable(newest); err != nil {
		if names != a.saidUnusable {
			a.Logger.WarnContext(ctx, "settings changed to something that cannot be used; the old ones stay in force",
				slog.String("changed", names), slog.Any("error", err))
		}
		a.saidUnusable = names
		return false
	}
	a.Logger.InfoContext(ctx, "settings changed; finishing what is in hand and starting anew with them", slog.String("changed", names))
	return true
}

// usable tries whether a bridge can be built from settings. Building makes no
// connection.
func (a *App) usable(s settings.Settings) error {
	if err := s.Check(settings.Database, settings.OdooIfAny, settings.FlowsIfAny); err != nil {
		return err
	}
	config := a.config
	config.Logger = slog.New(slog.DiscardHandler)
	trial, err := New(s, a.Live, config)
	if err != nil {
		return err
	}
	trial.Close()
	return nil
}
