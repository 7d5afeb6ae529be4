package main

import (
	"context"
	"fmt"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
)

// telling does the acts of a story, those of one record in their order. An act whose
// work item is not there yet waits, and what comes after it for the same record as well.
type telling struct {
	stage *stage
	left  map[string][]story.Act
	done  int
}

func (s *stage) tell() *telling {
	t := &telling{stage: s, left: map[string][]story.Act{}}
	for _, act := range s.story.Acts {
		t.left[act.Record] = append(t.left[act.Record], act)
	}
	return t
}

// try does the next act of each record whose time has come, in the order of the story's
// records, and reports whether any was done.
func (t *telling) try(ctx context.Context, elapsed time.Duration) (bool, error) {
	any := false
	for _, record := range t.stage.story.Records {
		acts := t.left[record.Handle]
		if len(acts) == 0 || acts[0].At > elapsed {
			continue
		}
		done, err := t.stage.world.Act(ctx, acts[0])
		if err != nil {
			return any, fmt.Errorf("telling the story: %w", err)
		}
		if !done.Done {
			continue
		}
		if done.Model != "" {
			t.stage.postman.Hint(done.Model, done.ID)
		}
		any = true
		t.done++
		t.left[record.Handle] = acts[1:]
	}
	return any, nil
}

// open is how many acts are left.
func (t *telling) open() int {
	n := 0
	for _, acts := range t.left {
		n += len(acts)
	}
	return n
}

// until tells the story in its own time until the context ends or all is told.
func (t *telling) until(ctx context.Context, began time.Time) error {
	for ctx.Err() == nil && t.open() > 0 {
		if _, err := t.try(ctx, time.Since(began)); err != nil && ctx.Err() == nil {
			return err
		}
		pause(ctx, 50*time.Millisecond)
	}
	return nil
}

// peace tells the whole story with nothing going wrong, one act of each record at a
// time, and returns how both sides end.
func (s *stage) peace(ctx context.Context) (facts, error) {
	t := s.tell()
	for t.open() > 0 {
		any, err := t.try(ctx, s.story.Length)
		if err != nil {
			return nil, err
		}
		if err := s.quiet(ctx); err != nil {
			return nil, err
		}
		if !any {
			pause(ctx, 200*time.Millisecond)
		}
	}
	return s.settled(ctx)
}

// quietWithin is more than it takes on the slowest machine to do one round of acts.
const quietWithin = 3 * time.Minute

// quiet waits until Plane has told everything and the bridge has done it.
func (s *stage) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quietWithin)
	defer cancel()
	if err := s.world.Quiesce(ctx); err != nil {
		return err
	}
	s.postman.Wait()
	for {
		left, err := s.open(ctx)
		if err != nil {
			return err
		}
		if left.none() {
			return nil
		}
		pause(ctx, 50*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("in peace there is still something open after %s: %+v", quietWithin, left)
		}
	}
}

// sweepsAfter is how old a change is before a scheduled sweep takes it up without its
// webhook, and a little more.
const sweepsAfter = 65 * time.Second

// settled waits until sweeps look at what happened last, and until two rounds of all
// schedules have changed nothing.
func (s *stage) settled(ctx context.Context) (facts, error) {
	var before facts
	pause(ctx, sweepsAfter)
	for {
		if err := s.nextRound(ctx); err != nil {
			return nil, err
		}
		if err := s.quiet(ctx); err != nil {
			return nil, err
		}
		now, err := s.state(ctx)
		if err != nil {
			return nil, err
		}
		if before != nil && len(before.differing(now)) == 0 {
			return now, nil
		}
		before = now
	}
}

// nextRound waits until each schedule has come round once more, begun after now.
func (s *stage) nextRound(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quietWithin)
	defer cancel()
	began, err := s.rounds(ctx)
	if err != nil {
		return err
	}
	// The one that is under way may have looked before.
	for now := began; now < began+2; {
		pause(ctx, 100*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("the schedules do not come round within %s", quietWithin)
		}
		if now, err = s.rounds(ctx); err != nil {
			return err
		}
	}
	return nil
}
