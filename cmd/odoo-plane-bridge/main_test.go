package main

import (
	"os"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

// asProgram makes the test binary run as the program itself, so that a test can
// start it as a process of its own and kill it.
const asProgram = "BRIDGE_RUN_AS_PROGRAM"

// programPlaneTimeout shortens the timeout of its requests to Plane.
const programPlaneTimeout = "BRIDGE_PROGRAM_PLANE_TIMEOUT"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if timeout, err := time.ParseDuration(os.Getenv(programPlaneTimeout)); err == nil {
			planeTimeout = timeout
		}
		os.Exit(runAsProcess())
	}
	pgtest.Main(m)
}
