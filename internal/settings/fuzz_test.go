package settings_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
)

// typed are values as people and tools leave them, for the targets to begin with.
var typed = []string{
	"", " ", "\n", `"`, `""`, `'`, "x", "\x00", "\xff\xfe", "\xff\xfea\x00", "\xfe\xff\x00a", "\xef\xbb\xbf", "\ufeff\u200b", "a\nb", "“a”", `"a`,
	"export WORKERS=4", "WORKERS=", "${A}", "<key>", "postgres://u:p@h/d?pool_max_conns=1", "host=a pool_max_conns=9", "https://[::1]:0/?#", "http://h/web",
	"CRON_TZ=", "CRON_TZ=UTC", "TZ= * * * * *", "@every ", "@every -1s", "0 0 30 2 *", "*/0 * * * *", "60 * * * *", "1e400", "0x1p-2", "168h", "-1", "true",
	"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
}

// everywhere gives one value for every setting, as Odoo's parameters or the
// Vault might.
type everywhere string

// Lookup has the value for everything.
func (e everywhere) Lookup(_ context.Context, spec settings.Spec) (string, bool, error) {
	value, err := settings.Clean(spec, string(e))
	return value, value != "", err
}

func FuzzAnyValueIsReadOrRefusedByName(f *testing.F) {
	for _, value := range typed {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		_, err := settings.Load(context.Background(), everywhere(value))
		if err == nil {
			return
		}
		for line := range strings.Lines(err.Error()) {
			name, _, named := strings.Cut(line, ": ")
			if !named || name != strings.ToUpper(name) {
				t.Errorf("a fault names no setting: %q", line)
			}
		}
	})
}

func FuzzAValueIsTextOnOneLine(f *testing.F) {
	for _, value := range typed {
		f.Add(value)
	}
	spec := settings.Spec{Name: "PLANE_API_KEY", Secret: "plane_api_key"}
	f.Fuzz(func(t *testing.T, raw string) {
		value, err := settings.Clean(spec, raw)
		if err != nil && value != "" {
			t.Errorf("%q is refused and given all the same", raw)
		}
		if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) || strings.TrimSpace(value) != value {
			t.Errorf("%q becomes %q", raw, value)
		}
	})
}

func FuzzAFileOfSettingsIsReadOrRefused(f *testing.F) {
	for _, value := range typed {
		f.Add([]byte("A=" + value + "\nB='x'\n"))
	}
	f.Add([]byte("export A=\"b\\\"c\" # d\r\nA='b'\"c\"d\\ e\nA=b;c\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		variables, err := sources.ReadFile(path)
		if err != nil && variables != nil {
			t.Error("a file is refused and read all the same")
		}
		for name := range variables {
			if name == "" || strings.ContainsAny(name, "= \t") {
				t.Errorf("a variable is called %q", name)
			}
		}
	})
}
