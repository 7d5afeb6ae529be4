// Command storm lets chance loose on the real program: several serve processes over
// one real PostgreSQL, a simulated Plane and a simulated Odoo behind a proxy, people
// and accountants who work on both sides, and everything failing all the time. Then it
// heals everything, and both sides have to end as the same story ends in peace.
//
//	go run ./internal/storm -seed 7 -minutes 2
//
// One seed decides the story and all the dice; what a scheduler and a network do with
// real time between processes it does not decide.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/world"
)

// options are what one storm is made of.
type options struct {
	Seed     uint64
	Minutes  float64
	Replicas int // 0 lets the seed choose
	Healing  time.Duration
	Result   string
	Keep     bool
	Peace    bool // only tell the story in peace, twice
}

func (o options) length() time.Duration { return time.Duration(o.Minutes * float64(time.Minute)) }

// again is the command that repeats a storm.
func (o options) again() string {
	return fmt.Sprintf("make storm SEED=%d MINUTES=%g", o.Seed, o.Minutes)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := start(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, out io.Writer) error {
	// An installation that the shell describes is none of a storm's business.
	if err := environment.Forget(); err != nil {
		return err
	}
	if os.Getenv(world.Variable) != "" {
		return world.Run(ctx, os.Stdin, out)
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	return o.run(ctx, out)
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("storm", flag.ContinueOnError)
	flags.Uint64Var(&o.Seed, "seed", 0, "decides the story and the weather; 0 takes one at random")
	flags.Float64Var(&o.Minutes, "minutes", 2, "how long the storm lasts")
	flags.IntVar(&o.Replicas, "replicas", 0, "how many serve processes; 0 lets the seed choose 2, 3 or 4")
	flags.DurationVar(&o.Healing, "healing", 5*time.Minute, "how long healing may take after the last fault")
	flags.StringVar(&o.Result, "result", "bin/storm/result.json", "where the result is written for machines")
	flags.BoolVar(&o.Keep, "keep", false, "keep logs and database also of a storm without a difference")
	flags.BoolVar(&o.Peace, "peace", false, "tell the story in peace twice instead, which has to end alike")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.Minutes <= 0 || o.Replicas < 0 || o.Replicas > 8 {
		return o, errors.New("expected some minutes, and at most 8 replicas")
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64N(1_000_000) //nolint:gosec // A short name for a storm, not a secret.
	}
	return o, nil
}
