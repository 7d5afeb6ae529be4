package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/weather"
)

// storm tells the story while everything fails, heals everything, and waits until both
// sides are as they ended in peace.
func (r *result) storm(ctx context.Context, o options, binary string, told story.Story, want <-chan facts) (err error) {
	s, err := setUp(ctx, filepath.Join(r.Folder, "storm"), binary, r.Terms, told)
	defer func() { err = errors.Join(err, s.end()) }()
	if err != nil {
		return err
	}
	log, err := newLog(filepath.Join(r.Folder, "storm", "storm.log"))
	if err != nil {
		return err
	}
	began := time.Now()
	c := &chaos{stage: s, until: began.Add(told.Length), dice: weather.NewDice(told.Seed, 6), log: log.printf}
	t := s.tell()
	group, inStorm := errgroup.WithContext(ctx)
	group.Go(func() error { return c.run(inStorm) })
	group.Go(func() error {
		until, cancel := context.WithDeadline(inStorm, c.until)
		defer cancel()
		return t.until(until, began)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	log.printf("the last fault is over; %d acts of the story wait for their work items", t.open())
	r.ActsAfter = t.open()
	calm := time.Now()
	err = r.heal(ctx, o, s, t, want, calm, log)
	r.account(s, c)
	return err
}

// account notes what happened.
func (r *result) account(s *stage, c *chaos) {
	r.Events = s.postman.Events()
	r.Faults = map[string]int{}
	for _, dice := range []*weather.Dice{s.postman.Dice, s.plane.Dice, s.odoo.Dice, c.dice} {
		maps.Copy(r.Faults, dice.Counts())
	}
	r.Kills, r.Terms15, r.Stops = r.Faults["kill -9"], r.Faults["SIGTERM"], r.Faults["SIGSTOP"]
	r.Restarts = r.Faults["database: fast restart"] + r.Faults["database: immediate restart"]
	for _, replica := range s.replicas {
		r.Starts += replica.started()
	}
}

// heal goes on with the story where it waited, until both sides are as in peace and
// nothing is open, and stays there for one more round of all schedules. calm is when the
// last fault was over; healing ends when things became as they are in the end, also where
// peace takes longer than that.
func (r *result) heal(ctx context.Context, o options, s *stage, t *telling, want <-chan facts, calm time.Time, log *log) error {
	var peace, before facts
	deadline := calm.Add(o.Healing)
	for {
		if _, err := t.try(ctx, s.story.Length); err != nil {
			return err
		}
		got, left, err := s.look(ctx)
		if err != nil {
			return err
		}
		if left != r.Left || before == nil || len(before.differing(got)) > 0 {
			before, r.Left, r.Healing = got, left, time.Since(calm)
		}
		select {
		case peace = <-want:
			if peace == nil {
				return nil // What went wrong in peace is told by itself.
			}
			if half := time.Now().Add(o.Healing / 2); half.After(deadline) {
				deadline = half
			}
		default:
		}
		if peace != nil {
			r.Differences = t.missing(peace.differing(got))
			if len(r.Differences) == 0 && left.none() {
				log.printf("healed after %s", r.Healing.Round(time.Second))
				return r.stays(ctx, s, peace)
			}
			if time.Now().After(deadline) {
				return r.giveUp(ctx, s, got, calm)
			}
		}
		pause(ctx, time.Second)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// giveUp notes how everything stands when it did not heal in time.
func (r *result) giveUp(ctx context.Context, s *stage, got facts, calm time.Time) (err error) {
	r.Healing = time.Since(calm)
	if r.Waiting, err = s.waiting(ctx); err != nil {
		return err
	}
	return write(filepath.Join(s.dir, "ends.json"), got)
}

// missing adds the acts that could not be done yet to the differences.
func (t *telling) missing(differences []difference) []difference {
	if n := t.open(); n > 0 {
		return append(differences, difference{"acts that wait for a work item", "0", fmt.Sprint(n)})
	}
	return differences
}

// look sees how everything stands.
func (s *stage) look(ctx context.Context) (facts, open, error) {
	got, err := s.state(ctx)
	if err != nil {
		return nil, open{}, err
	}
	left, err := s.open(ctx)
	return got, left, err
}

// stays makes sure that nothing moves any more when the schedules come round again.
func (r *result) stays(ctx context.Context, s *stage, want facts) error {
	s.postman.Wait()
	if err := s.nextRound(ctx); err != nil {
		return err
	}
	if err := s.quiet(ctx); err != nil {
		return err
	}
	got, left, err := s.look(ctx)
	if err != nil {
		return err
	}
	r.Differences, r.Left = want.differing(got), left
	return write(filepath.Join(s.dir, "ends.json"), got)
}

// log is the storm's own, with the time since it began.
type log struct {
	mu    sync.Mutex
	file  *os.File
	began time.Time
}

func newLog(path string) (*log, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("opening the storm's log: %w", err)
	}
	return &log{file: file, began: time.Now()}, nil
}

func (l *log) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.file, "%s %7.1fs %s\n", time.Now().UTC().Format(time.RFC3339), time.Since(l.began).Seconds(), fmt.Sprintf(format, args...))
}
