package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// asProgram makes the test binary run as the program itself, so that a test can
// start it as a process of its own and kill it.
const asProgram = "BRIDGE_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	pgtest.Main(m)
}
