//go:build odoo19

package contracttest_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// newcomer follows docs/runbooks/first-installation.md and knows nothing else.
type newcomer struct {
	t *testing.T
	// values is what the page says to fill in, by the name that it exports.
	values map[string]string
	env    map[string]string
	bridge *process
}

var (
	fenced   = regexp.MustCompile("(?s)```\n(.*?)```")
	exported = regexp.MustCompile(`\b([A-Z][A-Z_]+)=`)
	quoted   = regexp.MustCompile("`([^`]+)`")
	failing  = regexp.MustCompile(`(?m)^fail +(.+?)  `)
)

func TestOdoo19ANewcomerGetsFromCloneToAMirroredDeadline(t *testing.T) {
	t.Parallel()
	odoo := odoo19.Start(t)
	odoo.GenerateDeadlines(t)
	user := odoo.LeastPrivilege(t)
	plane := planetest.New(planetest.Options{Limit: 600})
	t.Cleanup(plane.Close)
	server := httptest.NewServer(plane)
	t.Cleanup(server.Close)
	dsn := pgtest.EmptyDSN(t)
	n := &newcomer{
		t: t, env: map[string]string{"BIR_ODOO_MODULE": "bridge_test_bir", "PATH": os.Getenv("PATH")},
		values: map[string]string{
			"DATABASE_URL": dsn, "ODOO_URL": odoo.URL, "ODOO_DB": odoo.DB, "ODOO_LOGIN": user.Login, "ODOO_PASSWORD": user.APIKey,
			"PLANE_WORKSPACE_SLUG": plane.WorkspaceSlug(), "PLANE_API_KEY": plane.BotKey(), "PLANE_BIR_PROJECT_ID": plane.ProjectID(),
			"PLANE_BASE_URL": server.URL, "PLANE_WEBHOOK_SECRET": webhookSecret, "ODOO_WEBHOOK_TOKEN": "for tests", "ADMIN_TOKEN": "for tests",
			"ODOO_ADMIN_PASSWORD": odoo.AdminPassword,
		},
	}
	after := map[string]func(){
		"6. Mirror": func() {
			if made := len(plane.Items()); made != 60 {
				t.Errorf("%d work items in Plane, want 60", made)
			}
		},
		"7. Run it, and let Plane tell it": func() { n.seeAMove(plane, dsn) },
		"8. Let Odoo tell it":              func() { n.seeANewDate(odoo, plane) },
	}
	for _, section := range sections(read(t, "docs/runbooks/first-installation.md")) {
		n.follow(section)
		if look, promised := after[section.heading]; promised {
			look()
			delete(after, section.heading)
		}
	}
	for heading := range after {
		t.Errorf("the page has no section %q any more", heading)
	}
}

// follow types what stands in the blocks of a section.
func (n *newcomer) follow(s section) {
	n.t.Helper()
	for _, block := range fenced.FindAllStringSubmatch(s.text, -1) {
		for line := range strings.Lines(block[1]) {
			n.typed(s, strings.TrimSpace(line))
		}
	}
}

func (n *newcomer) typed(s section, line string) {
	n.t.Helper()
	switch {
	case strings.HasPrefix(line, "git clone "), strings.HasPrefix(line, "CREATE "):
	case strings.HasPrefix(line, "export "):
		n.export(line)
	case strings.HasSuffix(line, "bin/odoo-plane-bridge serve"):
		n.env["LISTEN_ADDR"], n.env["METRICS_ADDR"] = "127.0.0.1:0", "127.0.0.1:0"
		n.bridge = serve(n.t, n.env)
		n.values["BRIDGE_PUBLIC_URL"] = n.bridge.URL
	case strings.Contains(line, "bin/odoo-plane-bridge "):
		_, arguments, _ := strings.Cut(line, "bin/odoo-plane-bridge ")
		n.command(s, strings.Fields(arguments))
	default:
		n.t.Fatalf("%s: the page says to type %q, which this test does not know", s.heading, line)
	}
}

func (n *newcomer) export(line string) {
	n.t.Helper()
	line, _, _ = strings.Cut(line, " #")
	for _, match := range exported.FindAllStringSubmatch(line, -1) {
		value, known := n.values[match[1]]
		if !known {
			n.t.Fatalf("the page exports %s, for which there is no value here", match[1])
		}
		n.env[match[1]] = value
	}
}

// command runs one command. It has to succeed, but for a check that fails on
// what the same section names.
func (n *newcomer) command(s section, arguments []string) {
	n.t.Helper()
	cmd := exec.Command(binary(n.t), arguments...)
	for name, value := range n.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	announced := make(map[string]bool)
	for _, match := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(s.text, ""), -1) {
		announced[match[1]] = true
	}
	faults := failing.FindAllStringSubmatch(string(out), -1)
	for _, fault := range faults {
		if !announced[strings.TrimSpace(fault[1])] {
			n.t.Errorf("%s: %v fails on %q, of which the page says nothing", s.heading, arguments, fault[1])
		}
	}
	if len(faults) == 0 {
		n.t.Fatalf("%s: %v: %v\n%s", s.heading, arguments, err, out)
	}
}

func (n *newcomer) seeAMove(plane *planetest.Server, dsn string) {
	n.t.Helper()
	plane.AddWebhook(n.bridge.URL+"/api/webhooks/plane", webhookSecret, planetest.V1)
	item := plane.Items()[0]
	if err := plane.MoveItem(plane.People()[0].ID, item.ID, "started"); err != nil {
		n.t.Fatal(err)
	}
	pool := pgtest.Open(n.t, dsn)
	eventually(n.t, "ops.work_items shows the move", func() bool {
		return number(n.t, pool, "SELECT count(*) FROM ops.work_items WHERE status = 'In Progress' AND external_id = '"+item.ID+"'") == 1
	})
}

func (n *newcomer) seeANewDate(odoo *odoo19.Instance, plane *planetest.Server) {
	n.t.Helper()
	ids, isList := odoo.Call(n.t, "bir.filing.deadline", "search", []any{[]any{}}, map[string]any{"limit": 1}).([]any)
	if !isList || len(ids) != 1 {
		n.t.Fatalf("deadlines in Odoo: %v", ids)
	}
	const date = "2031-05-06"
	odoo.Call(n.t, "bir.filing.deadline", "write", []any{ids, map[string]any{"deadline_date": date}}, nil)
	eventually(n.t, "the work item has the new date", func() bool {
		for _, item := range plane.Items() {
			if item.TargetDate == date {
				return true
			}
		}
		return false
	})
}
