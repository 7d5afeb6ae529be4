package main

import (
	"encoding/json"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/mcpconf"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

var updateTemplates = flag.Bool("update-mcp-templates", false, "write docs/mcp anew")

const templates = "../../docs/mcp"

func TestTheTemplatesInTheDocumentsAreWhatTheCommandPrints(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"README.md": true}
	for _, client := range mcpconf.Clients {
		for _, mode := range mcpconf.Modes {
			name := string(client) + "-" + string(mode) + ".json"
			known[name] = true
			s := &stage{t: t, settings: map[string]string{}}
			code, stdout, stderr := s.command("mcp-config", "--client", string(client), "--mode", string(mode))
			if code != exitDone || !json.Valid([]byte(stdout)) {
				t.Fatalf("%s = %d\n%s%s", name, code, stdout, stderr)
			}
			path := filepath.Join(templates, name)
			if *updateTemplates {
				if err := os.WriteFile(path, []byte(stdout), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			written, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stdout, string(written)); diff != "" {
				t.Errorf("docs/mcp/%s differs (-command +file); run this test with -update-mcp-templates:\n%s", name, diff)
			}
		}
	}
	files, err := os.ReadDir(templates)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[file.Name()] {
			t.Errorf("docs/mcp/%s belongs to no client and mode", file.Name())
		}
	}
}

func TestMCPConfigFitsItsSettings(t *testing.T) {
	t.Parallel()
	const key, private = "plane_api_of_a_test", "https://plane.example.com"
	for name, tc := range map[string]struct {
		settings map[string]string
		args     []string
		code     int
		stdout   string
		stderr   string
	}{
		"Plane Cloud is remote":         {nil, nil, exitDone, "https://mcp.plane.so/http/mcp", ""},
		"a private server is local":     {map[string]string{"PLANE_BASE_URL": private}, nil, exitDone, `"stdio"`, ""},
		"a lookalike is private":        {map[string]string{"PLANE_BASE_URL": "https://evilplane.so"}, nil, exitDone, `"stdio"`, ""},
		"hosted modes refuse a private": {map[string]string{"PLANE_BASE_URL": private}, []string{"--mode", "remote-api-key"}, exitUsage, "", "use mode stdio"},
		"placeholders unless asked":     {map[string]string{"PLANE_API_KEY": key}, []string{"--mode", "stdio"}, exitDone, "${PLANE_API_KEY}", ""},
		"values when asked":             {map[string]string{"PLANE_API_KEY": key, "PLANE_BASE_URL": private}, []string{"--values"}, exitDone, key, "do not commit"},
		"the address as well":           {map[string]string{"PLANE_API_KEY": key, "PLANE_BASE_URL": private}, []string{"--values"}, exitDone, private, ""},
		"values need the key":           {nil, []string{"--values", "--mode", "stdio"}, exitUsage, "", "PLANE_API_KEY: is not set"},
		"OAuth needs no key":            {nil, []string{"--values"}, exitDone, "https://mcp.plane.so/http/mcp", ""},
		"the setting chooses":           {map[string]string{"PLANE_MCP_MODE": "remote-api-key"}, nil, exitDone, "https://mcp.plane.so/http/api-key/mcp", ""},
		"the flag before the setting":   {map[string]string{"PLANE_MCP_MODE": "remote-api-key"}, []string{"--mode", "stdio"}, exitDone, `"stdio"`, ""},
		"auto before the setting":       {map[string]string{"PLANE_MCP_MODE": "stdio"}, []string{"--mode", "auto"}, exitDone, "https://mcp.plane.so/http/mcp", ""},
		"a setting of another kind":     {map[string]string{"PLANE_MCP_MODE": "pigeon"}, nil, exitUsage, "", "PLANE_MCP_MODE: "},
		"an unknown client":             {nil, []string{"--client", "emacs"}, exitUsage, "", "emacs"},
		"an unknown mode":               {nil, []string{"--mode", "carrier-pigeon"}, exitUsage, "", "carrier-pigeon"},
		"a check is refused likewise":   {map[string]string{"PLANE_BASE_URL": private}, []string{"--mode", "remote-oauth", "--check"}, exitUsage, "", "mcp.plane.so"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, settings: tc.settings}
			code, stdout, stderr := s.command(append([]string{"mcp-config"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("%d, want %d\n%s%s", code, tc.code, stdout, stderr)
			}
			if strings.Contains(stdout+stderr, key) != (tc.stdout == key || name == "the address as well") {
				t.Errorf("the key shows, or does not although it was asked for:\n%s%s", stdout, stderr)
			}
		})
	}
}

// TestTheCheckCallsPlaneWithTheKey changes PATH and so runs alone.
func TestTheCheckCallsPlaneWithTheKey(t *testing.T) {
	server := planetest.New(planetest.Options{})
	defer server.Close()
	address := httptest.NewServer(server)
	defer address.Close()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "uvx"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	for key, want := range map[string]int{server.BotKey(): exitDone, "plane_api_of_somebody_else": exitFailed} {
		s := &stage{t: t, settings: map[string]string{"PLANE_BASE_URL": address.URL, "PLANE_API_KEY": key, "PLANE_WORKSPACE_SLUG": server.WorkspaceSlug()}}
		if code, stdout, stderr := s.command("mcp-config", "--mode", "stdio", "--check"); code != want {
			t.Errorf("exit code = %d, want %d\n%s%s", code, want, stdout, stderr)
		}
	}
}

// TestTheCheckOfTheLocalModeLooksForUVX changes PATH and so runs alone.
func TestTheCheckOfTheLocalModeLooksForUVX(t *testing.T) {
	s := &stage{t: t, settings: map[string]string{"PLANE_BASE_URL": "https://plane.example.com"}}
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	if code, stdout, _ := s.command("mcp-config", "--check"); code != exitFailed || !strings.Contains(stdout, "Install uv") {
		t.Errorf("without uvx: %d\n%s", code, stdout)
	}
	if err := os.WriteFile(filepath.Join(bin, "uvx"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := s.command("mcp-config", "--check", "--json")
	var findings []bridge.Finding
	if err := json.Unmarshal([]byte(stdout), &findings); err != nil || code != exitDone || len(findings) != 1 || findings[0].Grade != bridge.GradeOK {
		t.Errorf("with uvx: %d %v\n%s", code, err, stdout)
	}
}
