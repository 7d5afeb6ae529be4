package odoo

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

func TestAMistakeInTheConfigurationIsNamedWithoutItsValue(t *testing.T) {
	t.Parallel()
	good := Config{URL: "https://odoo.test/prefix/", Database: "odoo", Login: "admin", Secret: "top-secret"}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"URL":      func(c *Config) { c.URL = "ftp://user:top-secret@odoo.test" },
		"protocol": func(c *Config) { c.Protocol = "top-secret" },
		"password": func(c *Config) { c.Secret = "" },
		"database": func(c *Config) { c.Database = "" },
	} {
		config := good
		spoil(&config)
		_, err := New(config)
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "top-secret") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSecretsAndTracebacksReachNoLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		server := &answering{call: func(int, sentCall) (int, string, error) {
			return 200, exception("psycopg2.OperationalError", `FATAL: password "a-password"`), nil
		}}
		client := server.client(t, func(c *Config) {
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		_, err := client.SearchCount(t.Context(), "res.users", nil)
		for _, text := range []string{log.String(), err.Error()} {
			if strings.Contains(text, "a-password") || strings.Contains(text, "Traceback") || strings.Contains(text, ".py") {
				t.Errorf("shown: %s", text)
			}
		}
	})
}
