package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	ran     = `{"config": {"go_version": "go1.27.3"}}`
	summary = `{"osv": {"id": "GO-2020-0017", "summary": "Authorization bypass"}}`
	called  = `{"finding": {"osv": "GO-2020-0017", "fixed_version": "v4.0.0", "trace": [
		{"module": "github.com/dgrijalva/jwt-go", "version": "v3.2.0", "package": "github.com/dgrijalva/jwt-go", "function": "VerifyAudience"},
		{"package": "example.com/main", "function": "main", "position": {"filename": "main.go", "line": 7}}]}}`
	imported = `{"finding": {"osv": "GO-2020-0017", "trace": [{"module": "github.com/dgrijalva/jwt-go", "package": "github.com/dgrijalva/jwt-go"}]}}`
	excusing = "- {id: GO-2020-0017, reason: no audience is looked at, until: 2027-01-31}"
)

func TestOnlyWhatIsReachedAndNotExcusedFails(t *testing.T) {
	t.Parallel()
	lastDay := time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name, found, excuses string
		now                  time.Time
		// fault is a part of the message; empty when the check passes.
		fault string
	}{
		{"nothing is found", ran, "[]", lastDay, ""},
		{"it is imported and never called", ran + summary + imported, "[]", lastDay, ""},
		{"it is called", ran + summary + imported + called, "[]", lastDay, "GO-2020-0017: Authorization bypass\n  github.com/dgrijalva/jwt-go@v3.2.0, github.com/dgrijalva/jwt-go.VerifyAudience, called from main.go:7; mended in v4.0.0"},
		{"it is called and excused", ran + summary + called + called, excusing, lastDay, ""},
		{"the excuse has ended", ran + summary + called, excusing, lastDay.AddDate(0, 0, 1), "its excuse ended on 2027-01-31"},
		{"the excuse excuses nothing", ran + summary + imported, excusing, lastDay, "take its excuse out"},
		{"the excuse gives no reason", ran, "- {id: GO-2020-0017, until: 2027-01-31}", lastDay, "needs an id, a reason and a last day"},
		{"govulncheck did not run", "", "[]", lastDay, "did not run"},
		{"govulncheck broke off", ran + `{"finding":`, "[]", lastDay, "unexpected EOF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			excuses := filepath.Join(t.TempDir(), "excused.yaml")
			if err := os.WriteFile(excuses, []byte(row.excuses), 0o600); err != nil {
				t.Fatal(err)
			}
			err := check(excuses, strings.NewReader(row.found), new(strings.Builder), row.now)
			if (err == nil) != (row.fault == "") || (err != nil && !strings.Contains(err.Error(), row.fault)) {
				t.Errorf("error = %v, want %q", err, row.fault)
			}
		})
	}
}

func TestTheProjectsExcusesAreComplete(t *testing.T) {
	t.Parallel()
	if _, err := readExcuses("../../tools/vuln/excused.yaml"); err != nil {
		t.Error(err)
	}
}
