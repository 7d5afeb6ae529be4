package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// wrong is a setting that cannot be what is meant, and a part of the line that
// says so. It is not that of another setting, unless it names one.
type wrong struct{ name, value, says string }

const (
	away      = "postgres://bridge@127.0.0.1:1/none"
	wantURL   = "begins with http:// or https://"
	wantCron  = "expected a cron expression of five fields"
	wantEvery = "at least a second after @every"
	wantNever = "a time that never comes"
	wantCount = "a whole number from 1 to 100"
	wantWhole = "DATABASE_URL: expected an address such as postgres://"
)

var wrongSettings = []wrong{
	{"DATABASE_URL", "not a database", wantWhole},
	{"DATABASE_URL", "bridge:hunter2@db.example.com:5432/bridge", wantWhole},
	{"DATABASE_URL", "mysql://bridge@db.example.com/bridge", wantWhole},
	{"DATABASE_URL", "postgres:///bridge", wantWhole},
	{"DATABASE_URL", "postgres://bridge:hunt%er2@127.0.0.1/bridge", wantWhole},
	{"DATABASE_URL", "postgres://bridge@127.0.0.1:1/none?pool_max_conns=2", "at least 4 connections"},
	{"DATABASE_URL", "postgres://bridge@127.0.0.1:1/none?pool_max_conns=many", wantWhole},
	{"DATABASE_URL", "postgres://bridge@127.0.0.1:port/none", wantWhole},
	{"DATABASE_URL", "<the address of your database>", "a placeholder"},
	{"DATABASE_POOLER", "perhaps", "expected true or false"},
	{"LISTEN_ADDR", "8080", "expected host:port"},
	{"LISTEN_ADDR", "http://:8080", "expected"},
	{"LISTEN_ADDR", "localhost:99999", "a port number"},
	{"METRICS_ADDR", "localhost:metrics", "a port number"},
	{"WORKERS", "many", wantCount},
	{"WORKERS", "0", wantCount},
	{"WORKERS", "4 workers", wantCount},
	{"PLANE_BASE_URL", "api.plane.so", wantURL},
	{"PLANE_BASE_URL", "https://", wantURL},
	{"PLANE_BASE_URL", "https://api.plane.so?workspace=acme", "without ? and #"},
	{"PLANE_BASE_URL", "https://plane.example.com/#/acme", "without ? and #"},
	{"PLANE_BASE_URL", "https://key:secret@api.plane.so", "without user and password"},
	{"PLANE_BASE_URL", "https://app.plane.so", "https://api.plane.so"},
	{"PLANE_BASE_URL", "https://plane.so", "https://api.plane.so"},
	{"PLANE_BASE_URL", "https://plane.example.com/api", "leave out what begins with /api"},
	{"PLANE_BASE_URL", "https://plane.example.com/api/", "leave out what begins with /api"},
	{"PLANE_BASE_URL", "https://plane.example.com/api/v1/users/me/", "leave out what begins with /api"},
	{"PLANE_BASE_URL", "https://plane.example.com/api/v1/workspaces/acme", "leave out what begins with /api"},
	{"PLANE_BASE_URL", "https://plane.example.com:port", wantURL},
	{"PLANE_BASE_URL", "https://plane.example.com:70000", "a port from 1 to 65535"},
	{"PLANE_BASE_URL", "https://plane.example.com # ours", "without ? and #"},
	{"PLANE_BASE_URL", `https://plane.example.com"`, "a quote at one end"},
	{"PLANE_APP_URL", "ftp://x", wantURL},
	{"PLANE_WORKSPACE_SLUG", "our workspace", "the workspace's slug"},
	{"PLANE_WORKSPACE_SLUG", "https://app.plane.so/acme", "the workspace's slug"},
	{"PLANE_BIR_PROJECT_ID", "BIR", "expected a UUID"},
	{"PLANE_BIR_PROJECT_ID", "6f1b9c9e-2a52-4a39-8d34", "expected a UUID"},
	{"PLANE_AUTH", "password", "expected one of: api_key, bot"},
	{"PLANE_API_KEY", "plane_api_1234 # of the bot", "holds a blank"},
	{"PLANE_API_KEY", "plane_wh_1234", "is a webhook's secret"},
	{"PLANE_API_KEY", "${PLANE_KEY}", "a placeholder"},
	{"PLANE_API_KEY", "<your key>", "a placeholder"},
	{"PLANE_API_KEY", `"plane_api_1234`, "a quote at one end"},
	{"PLANE_API_KEY", "plane_api_12\x0034", "null bytes"},
	{"PLANE_API_KEY", "plane_api_12\u200b34", "cannot be seen"},
	{"PLANE_API_KEY", "plane_api_12\n34", "more than one line"},
	{"PLANE_API_KEY", "plane_api_\xff\xfe", "is not UTF-8 text"},
	{"PLANE_API_KEY_FILE", "/does/not/exist", "names a file that cannot be read"},
	{"PLANE_API_KEY_FILE", "/", "is no regular file"},
	{"PLANE_API_KEY_CMD", "exit 3", "failed: exit status 3"},
	{"PLANE_API_KEY_CMD", "true", "is empty"},
	{"PLANE_API_KEY_CMD", "yes", "is too large"},
	{"PLANE_API_KEY_CMD", "printf 'one\\ntwo\\n'", "more than one line"},
	{"PLANE_BASE_URL_FILE", "/etc/hostname", "only secrets are read from files"},
	{"PLANE_WEBHOOK_SECRET", "plane wh secret", "holds a blank"},
	{"PLANE_WEBHOOK_SECRET", "plane_api_1234", "is an API key"},
	{"PLANE_WEBHOOK_SECRET_PREVIOUS", "plane_wh_old", "PLANE_WEBHOOK_SECRET: is not set, and"},
	{"ODOO_URL", "odoo:8069", wantURL},
	{"ODOO_URL", "http://odoo.example.com/web", "leave out what begins with /web"},
	{"ODOO_URL", "http://odoo.example.com/web/login", "leave out what begins with /web"},
	{"ODOO_URL", "http://odoo.example.com/odoo/action-1", "leave out what begins with /odoo"},
	{"ODOO_URL", "http://odoo.example.com/jsonrpc", "leave out what begins with /jsonrpc"},
	{"ODOO_URL", "http://odoo.example.com/xmlrpc/2/", "leave out what begins with /xmlrpc"},
	{"ODOO_DB", "our database", "the name of Odoo's database"},
	{"ODOO_DB", "odoo # production", "the name of Odoo's database"},
	{"ODOO_LOGIN", "bridge@example.com # its user", "a remark behind the value"},
	{"ODOO_PASSWORD", "$ODOO_KEY", "the name of a variable"},
	{"ODOO_PROTOCOL", "soap", "expected one of: auto"},
	{"ODOO_MAX_IN_FLIGHT", "0", wantCount},
	{"ODOO_TASK_PROJECT_ID", "-1", "a whole number of at least 1"},
	{"BIR_ODOO_MODULE", "BIR compliance", "the technical name of a module"},
	{"BIR_ON_COMPLETED", "close", "expected remind, nothing"},
	{"BIR_ON_COMPLETED", "field:", "expected remind, nothing"},
	{"BIR_WORK_ITEM_NAMES", "short", "expected one of"},
	{"SYNC_SCHEDULE", "sometimes", wantCron},
	{"SYNC_SCHEDULE", "@every 0s", wantEvery},
	{"SYNC_SCHEDULE", "@every -15m", wantEvery},
	{"SYNC_SCHEDULE", "@every 500ms", wantEvery},
	{"SYNC_SCHEDULE", "@every quarter", wantEvery},
	{"SYNC_SCHEDULE", "0 0 30 2 *", wantNever},
	{"SYNC_SCHEDULE", "CRON_TZ=Asia/Manila", wantCron},
	{"SYNC_SCHEDULE", "CRON_TZ=Manila 0 6 * * *", wantCron},
	{"RECONCILE_SCHEDULE", "* *", wantCron},
	{"RECONCILE_SCHEDULE", "0 0 31 4,6 *", wantNever},
	{"CLEANUP_SCHEDULE", "daily", wantCron},
	{"CLEANUP_SCHEDULE", "0 */15 * * * *", wantCron},
	{"DRIFT_POLICY", "ignore", "expected one of: put_back, report"},
	{"CANCEL_BRAKE", "20%", "a share from 0 to 1"},
	{"CANCEL_BRAKE", "NaN", "a share from 0 to 1"},
	{"TIMEZONE", "Manila", "a time zone's name"},
	{"DELIVERY_RETENTION", "a week", "a length of time"},
	{"DELIVERY_RETENTION", "7d", "a length of time"},
	{"DELIVERY_RETENTION", "-168h", "a length of time"},
	{"DELIVERY_RETENTION", "1ns", "a length of time"},
	{"ADMIN_TOKEN", "correct # the horse", "a remark behind the value"},
	{"ENCRYPTION_KEY", "secret", "expected 32 random bytes in base64"},
	{"ENCRYPTION_KEY_PREVIOUS", "bm90IDMyIGJ5dGVz", "expected 32 random bytes in base64"},
	{"PLANE_OAUTH_REDIRECT_URL", "callback", wantURL},
	{"PLANE_OAUTH_USER_FLOW", "perhaps", "expected true or false"},
	{"SECRETS_SOURCE", "post-it", "expected one of: environment, vault"},
	{"LOG_LEVEL", "loud", "expected debug"},
	{"LOG_FORMAT", "xml", "expected one of: json, text"},
}

func TestAWrongSettingIsOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, row := range wrongSettings {
		t.Run(row.name+"="+strings.ToValidUTF8(row.value, "?"), func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, settings: map[string]string{
				"DATABASE_URL": away, "ODOO_URL": "http://127.0.0.1:1", "ODOO_DB": "odoo", "ODOO_LOGIN": "bridge", "ODOO_PASSWORD": "of-the-tests",
			}}
			s.settings[row.name] = row.value
			if row.name == "ENCRYPTION_KEY_PREVIOUS" {
				s.settings["ENCRYPTION_KEY"] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
			}
			code, _, stderr := s.command("serve")
			if code != exitUsage {
				t.Errorf("exit code = %d, want 2", code)
			}
			name := strings.TrimSuffix(strings.TrimSuffix(row.name, "_FILE"), "_CMD")
			if before, _, named := strings.Cut(row.says, ": "); named && before == strings.ToUpper(before) {
				name = before
			}
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			if len(lines) != 2 || !strings.HasPrefix(lines[1], name+": ") || !strings.Contains(lines[1], row.says) {
				t.Errorf("the message should be one line after its heading, of %s, with %q:\n%s", name, row.says, stderr)
			}
			const examples = "https:// Asia/Manila field:"
			if len(row.value) > 4 && !strings.Contains(examples, row.value) && strings.Contains(stderr, row.value) {
				t.Errorf("the message quotes the value:\n%s", stderr)
			}
		})
	}
}

// TestWhatIsCertainIsMended gives every setting as tools leave it, and expects
// what was meant.
func TestWhatIsCertainIsMended(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"DATABASE_URL": away, "LISTEN_ADDR": "127.0.0.1:8081", "PLANE_BASE_URL": "https://plane.example.com", "PLANE_WORKSPACE_SLUG": "acme",
		"PLANE_API_KEY": "plane_api_1234", "PLANE_WEBHOOK_SECRET": "plane_wh_1234", "PLANE_BIR_PROJECT_ID": "6f1b9c9e-2a52-4a39-8d34-3f2d3c7f9b11",
		"ODOO_URL": "http://127.0.0.1:1", "ODOO_DB": "odoo", "ODOO_LOGIN": "bridge@example.com", "ODOO_PASSWORD": "pass word",
		"SYNC_SCHEDULE": "*/5 * * * *", "TIMEZONE": "Asia/Tokyo", "WORKERS": "7", "LOG_LEVEL": "debug", "SECRETS_SOURCE": "environment",
	}
	for name, dress := range dresses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := &stage{t: t, settings: good}, &stage{t: t, settings: make(map[string]string)}
			for setting, value := range good {
				got.settings[setting] = dress(setting, value)
			}
			expected, _, err := want.load()
			if err != nil {
				t.Fatal(err)
			}
			loaded, _, err := got.load()
			if err != nil {
				t.Fatal(err)
			}
			if differing := expected.Differing(loaded); len(differing) > 0 {
				t.Errorf("not as meant: %v", differing)
			}
		})
	}
}

// dresses are what tools put around a value.
var dresses = map[string]func(name, value string) string{
	"a line end":                  func(_, v string) string { return v + "\n" },
	"a line end of Windows":       func(_, v string) string { return v + "\r\n" },
	"lines around it":             func(_, v string) string { return "\n" + v + "\n\n" },
	"blanks around it":            func(_, v string) string { return " \t" + v + "\u00a0 \n" },
	"a byte order mark":           func(_, v string) string { return "\ufeff" + v + "\r\n" },
	"a mark pasted along":         func(_, v string) string { return v + "\u200b" },
	"double quotes":               func(_, v string) string { return `"` + v + `"` },
	"single quotes":               func(_, v string) string { return `'` + v + "'\n" },
	"quotes of a word processor":  func(_, v string) string { return "“" + v + "”" },
	"a null byte at the end":      func(_, v string) string { return v + "\x00" },
	"the line of a settings file": func(name, v string) string { return name + "=" + v + "\n" },
	"the line of a shell script":  func(name, v string) string { return "export " + name + `="` + v + `"` },
	"UTF-16, little end first":    func(_, v string) string { return utf16Text(v, false) },
	"UTF-16, big end first":       func(_, v string) string { return utf16Text(v, true) },
}

func utf16Text(text string, big bool) string {
	out := []byte{0xff, 0xfe}
	for _, r := range text + "\r\n" {
		out = append(out, byte(r), 0)
	}
	if big {
		for i := 0; i < len(out); i += 2 {
			out[i], out[i+1] = out[i+1], out[i]
		}
	}
	return string(out)
}

func TestCheckNamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	s := &stage{t: t, settings: map[string]string{"ENCRYPTION_KEY": "short"}}
	code, _, stderr := s.command("check")
	if code != exitUsage {
		t.Errorf("exit code = %d, want 2", code)
	}
	for _, name := range []string{
		"DATABASE_URL", "ODOO_URL", "ODOO_DB", "ODOO_LOGIN", "ODOO_PASSWORD", "PLANE_API_KEY", "PLANE_BIR_PROJECT_ID", "PLANE_WEBHOOK_SECRET", "ENCRYPTION_KEY",
	} {
		if strings.Count(stderr, "\n"+name+": ") != 1 {
			t.Errorf("%s is not named once:\n%s", name, stderr)
		}
	}
}

func TestSettingsCanStandInAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	content := "# our bridge\r\nexport WORKERS=many\r\nTIMEZONE='Asia/Tokyo' # head office\nSYNC_SCHEDULE=\"*/5 * * * *\"\nDATABASE_URL=" + away + "\nLISTEN_ADDR=8080\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, settings: map[string]string{"LISTEN_ADDR": "127.0.0.1:0"}}
	code, _, stderr := s.command("--env-file", file, "serve")
	if code != exitUsage || strings.TrimSpace(stderr) != "wrong usage or settings:\nWORKERS: "+"expected "+wantCount {
		t.Errorf("exit code %d, want 2 and a word about WORKERS alone:\n%s", code, stderr)
	}
	if err := os.WriteFile(file, []byte("SYNC_SCHEDULE=*/15 * * * *\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr = s.command("serve", "--env-file="+file)
	if code != exitUsage || !strings.Contains(stderr, "in line 1, which sets SYNC_SCHEDULE") || strings.Contains(stderr, "*/15") {
		t.Errorf("exit code %d, want 2 and the line:\n%s", code, stderr)
	}
}

// load reads the settings as a command does.
func (s *stage) load() (settings.Settings, *settings.Live, error) {
	p := &process{s.t.Context(), func(name string) string { return s.settings[name] }, new(strings.Builder), new(strings.Builder), ""}
	return p.around().Settings(s.t.Context(), settings.Database, settings.OdooIfAny)
}
