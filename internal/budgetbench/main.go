// Command budgetbench measures the shared rate budget as it is used: several
// processes drain calls against a simulated Plane over HTTP, share the key's
// budget through a private PostgreSQL, and everything happens in real time.
//
//	go run ./internal/budgetbench -processes 3 -calls 300
//	go run ./internal/budgetbench -processes 3 -calls 150 -foreign 30
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
)

// options are what one measurement is made of.
type options struct {
	Processes int
	Workers   int // calls at a time in each process
	Calls     int // in all processes together
	Limit     int // requests per minute that the simulated Plane allows
	Foreign   int // requests per minute that another user of the key makes
}

func (o options) check() error {
	if o.Processes < 1 || o.Workers < 1 || o.Calls < o.Processes || o.Limit < 1 || o.Foreign < 0 {
		return errors.New("expected at least one process, one worker, a call for each process, and a limit")
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := start(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "budgetbench:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, out io.Writer) error {
	// pgx would take what an address leaves open from the shell.
	if err := environment.Forget(); err != nil {
		return err
	}
	if isDrainer() {
		return runDrainer(ctx, out)
	}
	var o options
	flags := flag.NewFlagSet("budgetbench", flag.ContinueOnError)
	flags.IntVar(&o.Processes, "processes", 3, "how many processes share the key")
	flags.IntVar(&o.Workers, "workers", 4, "calls at a time in each process")
	flags.IntVar(&o.Calls, "calls", 300, "calls to drain, all processes together")
	flags.IntVar(&o.Limit, "limit", 60, "requests per minute that the simulated Plane allows")
	flags.IntVar(&o.Foreign, "foreign", 0, "requests per minute that another user of the key makes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	f, err := measure(ctx, o, out)
	if err != nil {
		return err
	}
	f.print(out)
	return f.verdict()
}
