package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/weather"
	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/world"
)

// run tells one story in peace and in the storm, and compares how both end.
func (o options) run(ctx context.Context, out io.Writer) error {
	dir, err := folder(o.Seed)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "storm: seed %d, %g minutes, in %s\n", o.Seed, o.Minutes, dir)
	binary, skews, err := build(ctx, dir)
	if err != nil {
		return err
	}
	told := story.Tell(o.Seed, o.length())
	r := &result{
		Seed: o.Seed, Minutes: o.Minutes, Again: o.again(), Folder: dir, Acts: len(told.Acts), Records: len(told.Records),
		Terms: o.terms(skews, out),
	}
	if err := write(filepath.Join(dir, "story.json"), told); err != nil {
		return err
	}
	calm := terms{Replicas: 1, Protocol: "auto", World: world.Setup{Limit: 100_000, OdooVersion: r.Terms.World.OdooVersion}, Every: 4 * time.Second, DeliveredCalms: true}
	want := make(chan facts, 1)
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		ends, err := o.inPeace(both, filepath.Join(dir, "peace"), binary, calm, told)
		want <- ends
		return err
	})
	group.Go(func() error {
		if !o.Peace {
			return r.storm(both, o, binary, told, want)
		}
		ends, err := o.inPeace(both, filepath.Join(dir, "storm"), binary, calm, told)
		r.Differences = (<-want).differing(ends)
		return err
	})
	err = group.Wait()
	return errors.Join(err, r.report(out, o, err))
}

// inPeace is the story with one bridge and nothing going wrong.
func (o options) inPeace(ctx context.Context, dir, binary string, t terms, told story.Story) (ends facts, err error) {
	s, err := setUp(ctx, dir, binary, t, told)
	defer func() { err = errors.Join(err, s.end()) }()
	if err != nil {
		return nil, err
	}
	if ends, err = s.peace(ctx); err != nil {
		return nil, fmt.Errorf("telling the story in peace: %w", err)
	}
	return ends, write(filepath.Join(dir, "ends.json"), ends)
}

// terms are what the seed chooses for the storm.
func (o options) terms(skews bool, out io.Writer) terms {
	dice := weather.NewDice(o.Seed, 5)
	choose := func(offsets ...time.Duration) time.Duration { return offsets[dice.Below(len(offsets))] }
	wide := []time.Duration{0, 0, -37 * time.Minute, -90 * time.Second, -8 * time.Second, 3 * time.Second, 45 * time.Second, 22 * time.Minute}
	t := terms{
		Replicas: 2 + dice.Below(3), Every: 10 * time.Second, FaultRate: 0.02 + float64(dice.Below(9))/100,
		World: world.Setup{
			PlaneClock: choose(wide...), PlaneHosts: []time.Duration{0, choose(0, 2*time.Second), choose(0, -2*time.Second)},
			OdooClock: choose(wide...), OdooVersion: 17 + dice.Below(3), Limit: []int{300, 600, 100_000}[dice.Below(3)],
		},
		DatabaseClock: choose(wide...),
	}
	t.Protocol = []string{"auto", "jsonrpc", "xmlrpc", "json2"}[dice.Below(4)]
	if t.Protocol == "json2" && t.World.OdooVersion < 19 {
		t.Protocol = "auto"
	}
	if o.Replicas > 0 {
		t.Replicas = o.Replicas
	}
	if fakeTime() == "" {
		fmt.Fprintln(out, "storm: libfaketime is not installed (Debian package libfaketime), so the database's clock stays right")
		t.DatabaseClock = 0
	}
	for range t.Replicas {
		t.BridgeClocks = append(t.BridgeClocks, choose(wide...))
	}
	if !skews {
		fmt.Fprintln(out, "storm: this Go's package time reads otherwise than expected, so the replicas' clocks stay right")
		t.BridgeClocks = nil
	}
	return t
}

func write(path string, value any) error {
	content, err := encode(value)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // See folder.
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
