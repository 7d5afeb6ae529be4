package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

// Exit codes, for scripts: everything done, something failed, wrong usage or
// settings.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// commands is the command line.
type commands struct {
	EnvFile string `help:"Read settings from this file as well, such as .env: lines of NAME=VALUE, as a shell reads them. What the environment sets goes before it." placeholder:"FILE"`

	Serve      serveCommand      `cmd:"" help:"Receive webhooks, work through the queue and run the schedules."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database to the newest schema."`
	Sync       syncCommand       `cmd:"" help:"Mirror Odoo into Plane once, now."`
	Deliveries deliveriesCommand `cmd:"" help:"List, show and replay webhooks."`
	Mappings   mappingsCommand   `cmd:"" help:"List, audit and repair the links between Odoo and Plane."`
	Reconcile  reconcileCommand  `cmd:"" help:"Look for changes in Plane that no webhook reported."`
	Check      checkCommand      `cmd:"" help:"Look at settings, database, Odoo and Plane, and say what to do about what is wrong."`
	Odoo       odooCommand       `cmd:"" help:"Set up in Odoo what takes an administrator, once."`
	OAuth      oauthCommand      `cmd:"" name:"oauth" help:"Install the Plane app, and see what was granted to it."`
	MCPConfig  mcpConfigCommand  `cmd:"" name:"mcp-config" help:"Print what an MCP client needs to reach Plane."`
	Demo       demoCommand       `cmd:"" help:"Run the whole bridge against a simulated Plane and Odoo, and show what happens."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	Healthcheck healthcheckCommand `cmd:"" hidden:"" help:"Ask the bridge on this machine whether it lives."`
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var line commands
	exited := -1
	parser, err := kong.New(&line, kong.Name("odoo-plane-bridge"), aboutFlows(), kong.Writers(stdout, stderr),
		kong.Description("Joins Plane and Odoo: webhooks in, BIR deadlines out, nothing lost and nothing twice."),
		kong.Exit(func(code int) { exited = code }), kong.UsageOnError())
	if err != nil {
		printError(stderr, "odoo-plane-bridge: ", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		terminal.Printf(stderr, "odoo-plane-bridge: %v\nTry odoo-plane-bridge --help.\n", err)
		return exitUsage
	}
	getenv, err = withFile(getenv, line.EnvFile)
	if err != nil {
		return report(err, stderr)
	}
	_, err = queue.Guarded(func() (struct{}, error) {
		return struct{}{}, parsed.Run(&process{ctx, getenv, terminal.Screen{To: stdout}, stderr, line.EnvFile})
	})
	var panicked *queue.PanicError
	if errors.As(err, &panicked) && strings.EqualFold(getenv("LOG_LEVEL"), "debug") {
		fmt.Fprintf(terminal.Screen{To: stderr}, "%s\n", panicked.Stack)
	}
	return report(err, stderr)
}

func report(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, settings.ErrUsage):
		printError(stderr, "", err)
		return exitUsage
	default:
		printError(stderr, "odoo-plane-bridge: ", err)
		return exitFailed
	}
}

// withFile adds the variables of a file to those of the environment.
func withFile(getenv func(string) string, path string) (func(string) string, error) {
	if path == "" {
		return getenv, nil
	}
	variables, err := sources.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w:\n--env-file: %w", settings.ErrUsage, err)
	}
	return func(name string) string {
		if value := getenv(name); value != "" {
			return value
		}
		return variables[name]
	}, nil
}
