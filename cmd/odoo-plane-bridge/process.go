package main

import (
	"context"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/flows"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// process is what a command gets from outside, so that tests run commands as
// they are.
type process struct {
	ctx    context.Context //nolint:containedctx // one process, one context, handed to kong's Run methods
	getenv func(string) string
	stdout io.Writer
	stderr io.Writer
	// envFile is the file of settings that getenv reads besides; empty for none.
	envFile string
}

// planeTimeout bounds one request to Plane; tests of processes shorten it.
var planeTimeout = plane.DefaultTimeout

// around is what an app is started in. The log goes to stderr, so that what a command
// prints can be piped.
func (p *process) around() app.Surroundings {
	return app.Surroundings{
		Getenv: p.getenv, EnvFile: p.envFile, Log: terminal.Screen{To: p.stderr}, LogIsRead: isTerminal(p.stderr),
		Version: version, PlaneTimeout: planeTimeout,
	}
}

// build puts an app together for a command that needs some settings.
func (p *process) build(needs ...settings.Need) (*app.App, error) {
	s, live, err := p.around().Settings(p.ctx, needs...)
	if err != nil {
		return nil, err
	}
	return p.around().Build(s, live)
}

// onDatabase runs a command on a database that has every migration.
func (p *process) onDatabase(needs []settings.Need, do func(a *app.App) error) error {
	s, live, err := p.around().Settings(p.ctx, needs...)
	if err != nil {
		return err
	}
	return p.inDatabase(s, live, do)
}

// onLedger runs a command that only looks into the database. Neither server is
// asked, so one that hangs does not hold it up.
func (p *process) onLedger(do func(a *app.App) error) error {
	s, live, err := p.around().SettingsWithoutOdoo(p.ctx, settings.Database)
	if err != nil {
		return err
	}
	return p.inDatabase(s, live, do)
}

func (p *process) inDatabase(s settings.Settings, live *settings.Live, do func(a *app.App) error) error {
	a, err := p.around().Build(s, live)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := database.Usable(p.ctx, a.Pool, s); err != nil {
		return err
	}
	return do(a)
}

// flowFlag chooses the flow that a command works on. What it may be, the registry of
// flows says.
type flowFlag struct {
	Flow string `help:"The flow: ${flow_titles}." default:"${flow}" enum:"${flow_names}"`
}

// aboutFlows are the words about flows in the help.
func aboutFlows() kong.Vars {
	var names, titles []string
	for _, kind := range flows.Known() {
		names = append(names, kind.Name)
		titles = append(titles, kind.Name+" for "+kind.Title)
	}
	return kong.Vars{"flow": names[0], "flow_names": strings.Join(names, ","), "flow_titles": strings.Join(titles, ", ")}
}

// onFlow runs a command that needs both servers and one flow.
func (p *process) onFlow(name string, do func(a *app.App, flow bridge.Flow) error) error {
	needs := []settings.Need{settings.Database, settings.Odoo, settings.PlaneKey, app.SwitchedOn(name)}
	return p.onDatabase(needs, func(a *app.App) error {
		flow, err := a.Flow(name)
		if err != nil {
			return err
		}
		return do(a, flow)
	})
}

// missingIf is the fault of a setting that is not set.
func missingIf(is bool, setting, todo string) error {
	if !is {
		return nil
	}
	return settings.Fault{Setting: setting, Problem: "is not set: " + todo}
}
