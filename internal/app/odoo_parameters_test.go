package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

func TestSettingsThatNothingElseSetsComeFromOdooInOneCall(t *testing.T) {
	t.Parallel()
	s := keptInOdoo(t)
	s.settings["PLANE_WORKSPACE_SLUG"] = "from-the-environment"
	loaded, _, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	if loaded.PlaneAPIKey.Reveal() != s.plane.BotKey() || loaded.Flow("PLANE_BIR_PROJECT_ID") != s.plane.ProjectID() {
		t.Error("the key or the project did not come from Odoo")
	}
	if loaded.PlaneWorkspaceSlug != "from-the-environment" {
		t.Errorf("slug = %q; the environment comes before Odoo", loaded.PlaneWorkspaceSlug)
	}
	if n := s.odoo.Calls()["ir.config_parameter.search_read"]; n != 1 {
		t.Errorf("%d calls for the parameters, want 1", n)
	}
}

func TestAWrongValueInOdooIsBlamedOnOdoo(t *testing.T) {
	t.Parallel()
	s := keptInOdoo(t)
	s.odoo.SetParameter("plane.bir_project_id", "BIR")
	_, _, err := s.load()
	if err == nil || !strings.Contains(err.Error(), "PLANE_BIR_PROJECT_ID: expected a UUID") || !strings.Contains(err.Error(), "ir.config_parameter") {
		t.Errorf("error = %v, want one that names the setting and where its value stands", err)
	}
}

func TestAUserOfLeastPrivilegeIsRefusedOnceAndThatIsNoFault(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	delete(s.settings, "PLANE_API_KEY")
	loaded, live, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(loaded, live, Config{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	live.Refresh(t.Context(), quiet)
	if state := a.parameters.State(); state.Kind != ParametersRefused {
		t.Errorf("state = %q, want refused", state.Kind)
	}
	if n := s.odoo.Calls()["ir.config_parameter.search_read"]; n != 1 {
		t.Errorf("asked %d times within a minute, want once: Odoo logs each refusal", n)
	}
}

func TestNoKeyGoesToADefaultServerWhileOdooCannotSayWhichIsRight(t *testing.T) {
	t.Parallel()
	s := keptInOdoo(t)
	s.settings["PLANE_API_KEY"] = s.plane.BotKey()
	s.odoo.Down(true)
	loaded, live, err := s.load()
	if err != nil {
		t.Fatalf("a start without Odoo: %v", err)
	}
	a, err := New(loaded, live, Config{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.plane.so/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	key := liveKey{live, a.parameters, a.address, loaded}
	if err := key.Authorize(context.Background(), request); !errors.Is(err, bridge.ErrKeyMissing) || len(request.Header) != 0 {
		t.Errorf("error = %v, headers = %v; want a refusal before anything is added", err, request.Header)
	}
	s.odoo.Down(false)
	s.odoo.SetParameter("plane.base_url", settings.DefaultOf("PLANE_BASE_URL"))
	live.Refresh(t.Context(), quiet)
	if err := key.Authorize(context.Background(), request); err != nil {
		t.Errorf("after Odoo came back: %v", err)
	}
}
