package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
)

// TestMain lets this test binary be the drainer that a measurement launches.
func TestMain(m *testing.M) {
	if isDrainer() {
		if err := runDrainer(context.Background(), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := environment.Forget(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Under a limit that takes no minutes to drain, this shows that separate
// processes share one row and lose nothing; how fast they are is measured by hand.
func TestSeparateProcessesDrainWithoutLossOrRefusal(t *testing.T) {
	t.Parallel()
	f, err := measure(t.Context(), options{Processes: 3, Workers: 4, Calls: 100, Limit: 6000}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.verdict(); err != nil {
		t.Error(err)
	}
	if ours := f.all(false); ours.served != 100 {
		t.Errorf("Plane served %d calls of 100", ours.served)
	}
}

func TestTheVerdictNamesEachFault(t *testing.T) {
	t.Parallel()
	start := time.Now()
	f := figures{options: options{Limit: 60}, started: start, took: 3 * time.Minute, outcomes: []outcome{{Served: 99, Lost: 1, Error: "cut"}}}
	for i := range 150 { // 50 a minute
		f.requests = append(f.requests, request{at: start.Add(time.Duration(i) * 1200 * time.Millisecond), status: 200})
	}
	f.requests = append(f.requests, request{at: start, status: 429})
	err := f.verdict()
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, want := range []string{"1 calls were lost", "cut", "1 requests were refused", "50.0 requests per minute"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %q", want, err)
		}
	}
}
