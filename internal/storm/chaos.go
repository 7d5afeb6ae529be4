package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/weather"
)

// The mean times between two of a kind: a storm of ten minutes has more than 200 kills
// and 20 restarts of the database.
const (
	betweenEnds     = 1500 * time.Millisecond
	betweenStops    = 15 * time.Second
	betweenDatabase = 8 * time.Second
	betweenOutages  = 8 * time.Second
	longestStop     = time.Minute
)

// chaos lets everything fail until the time is over, and returns when all of it is
// healed: what was stopped goes on, what was hindered is free.
type chaos struct {
	stage *stage
	until time.Time
	dice  *weather.Dice

	mu   sync.Mutex
	errs []error
	log  func(string, ...any)
}

func (c *chaos) run(ctx context.Context) error {
	c.stage.plane.Set(c.stage.terms.FaultRate)
	c.stage.odoo.Set(c.stage.terms.FaultRate)
	var loops sync.WaitGroup
	for stream, loop := range []struct {
		mean time.Duration
		act  func(context.Context, *weather.Dice) error
	}{{betweenEnds, c.end}, {betweenStops, c.stop}, {betweenDatabase, c.hinderDatabase}, {betweenOutages, c.outage}} {
		dice := weather.NewDice(c.stage.story.Seed, uint64(10+stream)) //nolint:gosec // A small number.
		loops.Go(func() {
			for ctx.Err() == nil {
				pause(ctx, dice.Around(loop.mean))
				if time.Until(c.until) <= 0 {
					return
				}
				if err := loop.act(ctx, dice); err != nil && ctx.Err() == nil {
					c.mu.Lock()
					c.errs = append(c.errs, err)
					c.mu.Unlock()
					return
				}
			}
		})
	}
	loops.Go(func() { // Most work items are made in the first seconds.
		if err := c.slowCreates(ctx, c.dice, c.atMost(8*time.Second)); err != nil && ctx.Err() == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errs = append(c.errs, err)
		}
	})
	loops.Wait()
	c.stage.plane.Set(0)
	c.stage.odoo.Set(0)
	return errors.Join(c.errs...)
}

func (c *chaos) did(what string) {
	c.dice.Note(what)
	c.log("%s", what)
}

// atMost keeps a fault within the storm.
func (c *chaos) atMost(during time.Duration) time.Duration {
	return max(0, min(during, time.Until(c.until)))
}

// end kills a replica, or asks it to end. One that is stopped is left alone, so that it
// wakes up later and goes on with what it believed before.
func (c *chaos) end(_ context.Context, dice *weather.Dice) error {
	r, what, signal := c.stage.replicas[dice.Below(len(c.stage.replicas))], "SIGTERM", syscall.SIGTERM
	if dice.Chance(0.75) {
		what, signal = "kill -9", syscall.SIGKILL
	}
	if !r.stopped.Load() && r.signal(signal) {
		c.did(what)
	}
	return nil
}

// stop stops a replica for a while; meanwhile the others live on.
func (c *chaos) stop(ctx context.Context, dice *weather.Dice) error {
	r := c.stage.replicas[dice.Below(len(c.stage.replicas))]
	during := c.atMost(dice.Between(time.Second, min(longestStop, c.stage.story.Length/4)))
	r.stopped.Store(true)
	defer r.stopped.Store(false)
	if r.signal(syscall.SIGSTOP) {
		c.did("SIGSTOP")
	}
	pause(ctx, during)
	r.signal(syscall.SIGCONT)
	return nil
}

func (c *chaos) hinderDatabase(ctx context.Context, dice *weather.Dice) error {
	defer func(began time.Time) {
		c.log("the database is as it was, after %s", time.Since(began).Round(100*time.Millisecond))
	}(time.Now())
	short := c.atMost(dice.Between(time.Second, 6*time.Second))
	switch n := dice.Below(10); {
	case n < 4:
		c.did("database: fast restart")
		return c.stage.database.restart(ctx, false, short/3)
	case n < 7:
		c.did("database: immediate restart")
		return c.stage.database.restart(ctx, true, short/3)
	case n < 8:
		c.did("database: read-only")
		return c.stage.database.readOnly(ctx, short)
	default:
		c.did("database: few connections")
		return c.stage.database.fewConnections(ctx, 1+dice.Below(4), short)
	}
}

// slowCreates lets creates in Plane take seconds, and their clients lose patience: the
// worst there is for whoever would send a create again.
func (c *chaos) slowCreates(ctx context.Context, dice *weather.Dice, during time.Duration) error {
	c.did("outage of plane: slow creates, and their clients gone")
	if err := c.stage.world.SlowCreates(ctx, dice.Between(time.Second, 6*time.Second)); err != nil {
		return err
	}
	c.stage.plane.Forsake(0.5)
	pause(ctx, during)
	c.stage.plane.Forsake(0)
	return c.stage.world.SlowCreates(ctx, 0)
}

// outages are ways in which a whole server is away.
var outages = []weather.Fault{weather.Cut, weather.Foreign, weather.Foreign, weather.Stall, weather.Lost, weather.Covered, weather.Torn, weather.Slow}

// outage takes one server away for a while, or stops the process of both.
func (c *chaos) outage(ctx context.Context, dice *weather.Dice) error {
	during := c.atMost(dice.Between(500*time.Millisecond, 6*time.Second))
	if dice.Chance(0.2) {
		return c.slowCreates(ctx, dice, during)
	}
	proxies := []*weather.Proxy{c.stage.plane, c.stage.odoo}
	if dice.Chance(0.15) {
		c.did("servers: SIGSTOP")
		if err := c.stage.world.Signal(syscall.SIGSTOP); err != nil {
			return fmt.Errorf("stopping the servers: %w", err)
		}
		pause(ctx, during)
		return c.stage.world.Signal(syscall.SIGCONT)
	}
	proxy, fault := proxies[dice.Below(len(proxies))], outages[dice.Below(len(outages))]
	c.did("outage of " + proxy.Name + ": " + string(fault))
	proxy.Outage(fault)
	pause(ctx, during)
	proxy.Outage(weather.None)
	return nil
}
