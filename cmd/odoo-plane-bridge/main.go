// Command odoo-plane-bridge joins Plane and Odoo: it takes Plane's webhooks,
// keeps a mirror of BIR filing deadlines in Plane, and loses nothing in between.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// The time zones travel with the binary: small images have none.
	_ "time/tzdata"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
