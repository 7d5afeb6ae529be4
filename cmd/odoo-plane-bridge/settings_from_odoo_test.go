package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// fromOdoo are the settings that Odoo may hold, by the key there.
var fromOdoo = map[string]string{
	"plane.base_url": "PLANE_BASE_URL", "plane.workspace_slug": "PLANE_WORKSPACE_SLUG", "plane.api_key": "PLANE_API_KEY",
	"plane.webhook_secret": "PLANE_WEBHOOK_SECRET", "plane.bir_project_id": "PLANE_BIR_PROJECT_ID",
}

// keptInOdoo is a stage whose settings for Plane stand in Odoo alone, and whose
// user may read them.
func keptInOdoo(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.moveToOdoo()
	return s
}

func (s *stage) moveToOdoo() {
	for key, name := range fromOdoo {
		s.odoo.SetParameter(key, s.settings[name])
		delete(s.settings, name)
	}
	admin := s.odoo.Admin()
	s.settings["ODOO_LOGIN"], s.settings["ODOO_PASSWORD"] = admin.Login, admin.APIKey
}

func TestServeStartsWithoutOdooAndTakesItsSettingsUpLater(t *testing.T) {
	t.Parallel()
	s := keptInOdoo(t)
	s.odoo.GenerateDeadlines(1, 2099)
	s.odoo.Down(true)
	s.settings["LISTEN_ADDR"] = freeAddress(t)
	p := s.start("serve")
	body := workItemBody(uuid.NewString(), "early", "unstarted", time.Now())
	if status, err := p.deliver(uuid.NewString(), body); err != nil || status != http.StatusServiceUnavailable {
		t.Fatalf("a webhook before the secret is known = %d, %v; want 503", status, err)
	}
	s.odoo.Down(false)
	p.reread()
	s.eventually("the deadlines are mirrored into the project that Odoo named", 60*time.Second, func() bool {
		return len(s.plane.Items()) == 60
	})
	s.eventually("a webhook is taken", 20*time.Second, func() bool {
		status, err := p.deliver(uuid.NewString(), body)
		return err == nil && status == http.StatusOK
	})

	s.odoo.SetParameter("plane.webhook_secret", "another-secret")
	p.reread()
	s.eventually("the old secret is refused", 20*time.Second, func() bool {
		status, err := p.deliver(uuid.NewString(), body)
		return err == nil && status == http.StatusForbidden
	})
	if n := strings.Count(p.logged(), "starting anew"); n != 1 {
		t.Errorf("the bridge started anew %d times, want once: a secret takes effect without", n)
	}
}

func TestAKeyRotatedInItsFileIsTakenUpWithoutARestart(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	file := filepath.Join(t.TempDir(), "odoo-password")
	put := func(key string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	right := s.settings["ODOO_PASSWORD"]
	delete(s.settings, "ODOO_PASSWORD")
	s.settings["ODOO_PASSWORD_FILE"], s.settings["LISTEN_ADDR"] = file, freeAddress(t)
	put(strings.Repeat("0", 40))
	p := s.start("serve")
	if _, errs := p.ready(); errs["odoo"] == "" {
		t.Fatal("a wrong key is no trouble")
	}
	put(right)
	p.reread()
	s.eventually("the right key is in use", 20*time.Second, func() bool {
		response, err := http.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	if !strings.Contains(p.logged(), "ODOO_PASSWORD") || strings.Contains(p.logged(), right) {
		t.Error("the log has to name what changed, and not the key")
	}
}

// reread tells the program to read its settings again.
func (p *program) reread() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGHUP); err != nil {
		p.t.Fatal(err)
	}
}

// freeAddress is an address that is the same after the program took its ports
// anew.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
