package app

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

// stage is a Plane, an Odoo and a database for an app, and the settings that name them.
type stage struct {
	t        *testing.T
	plane    *planetest.Server
	odoo     *odootest.Server
	pool     *pgxpool.Pool
	settings map[string]string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dsn := pgtest.DSN(t)
	s := &stage{
		t: t, pool: pgtest.Open(t, dsn),
		plane: planetest.New(planetest.Options{Limit: 100_000}), odoo: odootest.New(odootest.Options{}),
	}
	t.Cleanup(s.plane.Close)
	planeServer, odooServer := httptest.NewServer(s.plane), httptest.NewServer(s.odoo)
	t.Cleanup(planeServer.Close)
	t.Cleanup(odooServer.Close)
	user := s.odoo.LeastPrivilege()
	s.settings = map[string]string{
		"DATABASE_URL": dsn, "PLANE_WEBHOOK_SECRET": "for-tests",
		"PLANE_BASE_URL": planeServer.URL, "PLANE_WORKSPACE_SLUG": s.plane.WorkspaceSlug(), "PLANE_API_KEY": s.plane.BotKey(),
		"PLANE_BIR_PROJECT_ID": s.plane.ProjectID(),
		"ODOO_URL":             odooServer.URL, "ODOO_DB": "odoo", "ODOO_LOGIN": user.Login, "ODOO_PASSWORD": user.APIKey,
	}
	return s
}

// keptInOdoo is a stage whose settings for Plane stand in Odoo alone, and whose user
// may read them.
func keptInOdoo(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	for key, name := range map[string]string{
		"plane.base_url": "PLANE_BASE_URL", "plane.workspace_slug": "PLANE_WORKSPACE_SLUG", "plane.api_key": "PLANE_API_KEY",
		"plane.webhook_secret": "PLANE_WEBHOOK_SECRET", "plane.bir_project_id": "PLANE_BIR_PROJECT_ID",
	} {
		s.odoo.SetParameter(key, s.settings[name])
		delete(s.settings, name)
	}
	admin := s.odoo.Admin()
	s.settings["ODOO_LOGIN"], s.settings["ODOO_PASSWORD"] = admin.Login, admin.APIKey
	return s
}

func (s *stage) load() (settings.Settings, *settings.Live, error) {
	return surroundings(s.settings).Settings(s.t.Context(), settings.Database, settings.OdooIfAny)
}

func (s *stage) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql, args...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// surroundings are those of a program with these settings and no reader of its log.
func surroundings(values map[string]string) Surroundings {
	return Surroundings{Getenv: func(name string) string { return values[name] }, Log: io.Discard, Version: "test"}
}
