package main

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
func (a *app) refresh(ctx context.Context) error {
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
		a.live.Refresh(ctx, a.logger)
		a.sayParameters(ctx)
		if a.outdated(ctx) {
			return errStartAnew
		}
	}
}

// sayParameters logs how things stand with Odoo's system parameters, once for
// each change.
func (a *app) sayParameters(ctx context.Context) {
	state := a.parameters.State()
	if state.kind == a.saidParameters {
		return
	}
	a.saidParameters = state.kind
	switch state.kind {
	case parametersRead:
		a.logger.InfoContext(ctx, "settings that are set nowhere else are taken from Odoo's system parameters")
	case parametersRefused:
		a.logger.InfoContext(ctx, "the bridge's user may not read Odoo's system parameters, as is right for a user of least privilege; "+
			"settings come from the environment, files and Vault alone")
	case parametersAway:
		a.logger.WarnContext(ctx, "Odoo's system parameters could not be read; they are asked for again every minute", slog.Any("error", state.err))
	case parametersNotNeeded:
	}
}

// outdated reports whether the settings in use differ from the newest ones in
// something that is built in. New settings that cannot work are logged, once, and
// the old ones stay in force.
func (a *app) outdated(ctx context.Context) bool {
	newest := a.live.Current()
	changed := slices.DeleteFunc(a.settings.Differing(newest), func(name string) bool { return slices.Contains(readEachTime, name) })
	names := strings.Join(changed, ", ")
	if names == "" {
		return false
	}
	if err := a.usable(newest); err != nil {
		if names != a.saidUnusable {
			a.logger.WarnContext(ctx, "settings changed to something that cannot be used; the old ones stay in force",
				slog.String("changed", names), slog.Any("error", err))
		}
		a.saidUnusable = names
		return false
	}
	a.logger.InfoContext(ctx, "settings changed; finishing what is in hand and starting anew with them", slog.String("changed", names))
	return true
}

// usable tries whether a bridge can be built from settings. Building makes no
// connection.
func (a *app) usable(s settings.Settings) error {
	if err := s.Check(settings.Database, settings.OdooIfAny, settings.TaskIfAny); err != nil {
		return err
	}
	trial, err := wire(s, a.live, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	trial.pool.Close()
	return nil
}
