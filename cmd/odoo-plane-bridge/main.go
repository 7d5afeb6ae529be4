// Command odoo-plane-bridge joins Plane and Odoo: it takes Plane's webhooks,
// keeps a mirror of BIR filing deadlines in Plane, and loses nothing in between.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	// The time zones travel with the binary: small images have none.
	_ "time/tzdata"
)

func main() { os.Exit(runAsProcess()) }

// sameSignal is how long after the first signal another one counts as the same:
// some programs that pass signals on send each twice.
const sameSignal = time.Second

// runAsProcess runs until it is done or a signal asks it to stop. What is in hand is
// finished then; another signal ends the process at once, because nobody hears it
// any more.
func runAsProcess() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(sameSignal, stop) })
	return run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
}
