package main

import (
	"runtime"
	"runtime/debug"

	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

// version is set by the build; see Makefile.
var version = "development"

type versionCommand struct {
	JSON bool `help:"Print JSON."`
}

// Run prints the version.
func (c *versionCommand) Run(p *process) error {
	if c.JSON {
		return printJSON(p.stdout, map[string]string{"version": version, "revision": revision(), "go": runtime.Version()})
	}
	_, err := terminal.Printf(p.stdout, "odoo-plane-bridge %s (%s, %s)\n", version, revision(), runtime.Version())
	return err
}

// revision is the commit that the binary was built from, as far as Go noted it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return "unknown"
}
