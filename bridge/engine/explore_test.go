package engine_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

var (
	exploring = flag.Int("exploring", 2, "how many schedules of each story to explore")
	firstSeed = flag.Uint64("seed", 1, "the seed of the first schedule")
	onePath   = flag.String("path", "", "follow this path of the story that -run names, and its neighbours when -neighbours is given")
	around    = flag.Bool("neighbours", false, "explore what differs from -path in one choice")
)

// broken ends the exploring of all stories once one schedule breaks a rule.
var broken atomic.Bool

// Whatever order the steps of several actors come in, no rule is broken on the way,
// and both sides end as if one had followed the other.
func TestNoOrderOfStepsShowsAfterwards(t *testing.T) {
	t.Parallel()
	for _, one := range stories() {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			queue := pgtest.Pool(t)
			want := one.inPeace(t, queue)
			for i, picker := range one.pickers() {
				if broken.Load() {
					t.Skipf("another story is broken; %d schedules of this one were explored", i)
				}
				path := &along{path: picker.path, then: picker.then}
				if err := one.try(t, queue, path, want); err != nil {
					broken.Store(true)
					t.Fatalf("schedule %d (seed %d): %v\nagain: go test ./bridge/engine -run '%s' -path %s", i+1, picker.seed, err, t.Name(), pathText(path.went))
				}
			}
			t.Logf("%d schedules", len(one.pickers()))
		})
	}
}

// chosen is one schedule: a path and what follows it.
type chosen struct {
	path []int
	seed uint64
	then picker
}

// pickers are the schedules that the flags ask for.
func (s story) pickers() []chosen {
	var all []chosen
	if *onePath != "" {
		path := readPath(*onePath)
		all = append(all, chosen{path, *firstSeed, seeded(*firstSeed)})
		for at := range path {
			for other := range 3 {
				if *around && other != path[at] {
					all = append(all, chosen{append(append([]int{}, path[:at]...), other), *firstSeed, seeded(*firstSeed)})
				}
			}
		}
		return all
	}
	for i := range uint64(*exploring) { //nolint:gosec // a number of schedules is not negative
		all = append(all, chosen{nil, *firstSeed + i, seeded(*firstSeed + i)})
	}
	return all
}

// seeded picks evenly by every other seed, and by ranks by the rest: the one finds
// what many changes of turn need, the other what needs a long sleep.
func seeded(seed uint64) picker {
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a schedule needs no secrecy
	if seed%2 == 0 {
		return newRanked(r)
	}
	return evenly{r}
}

// inPeace is how both sides look after the story without anybody beside it.
func (s story) inPeace(t *testing.T, queue *pgxpool.Pool) farSides {
	t.Helper()
	w := newWorld(t, queue)
	defer w.close()
	s.prepare(w)
	p := w.start(0, noFault)
	defer w.end(p)
	s.peacefully(w, p)
	w.settle(p)
	s.end(w, p)
	return ends(w)
}

// end does what happens afterwards, and lets it come to rest.
func (s story) end(w *world, p *process) {
	if s.afterwards != nil {
		s.afterwards(w)
		w.settle(p)
	}
}

func (s story) prepare(w *world) {
	if s.before == nil {
		mirrored(w)
		return
	}
	s.before(w)
}

// try is one schedule.
func (s story) try(t *testing.T, queue *pgxpool.Pool, picker picker, want farSides) error {
	t.Helper()
	w := newWorld(t, queue)
	defer w.close()
	s.prepare(w)
	e := explore(w, picker)
	s.begin(e)
	err := e.run()
	e.end()
	if err != nil {
		return fmt.Errorf("%w\nafter %d steps:\n%s", err, len(e.taken), strings.Join(e.taken, "\n"))
	}
	p := w.start(0, noFault)
	defer w.end(p)
	w.settle(p)
	s.end(w, p)
	if left := w.unsettled(); len(left) > 0 {
		return fmt.Errorf("not at rest: %v\nafter these steps:\n%s", left, strings.Join(e.taken, "\n"))
	}
	if diff := cmp.Diff(want, ends(w), cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("the far sides differ from a peaceful run (-peace +this):\n%s\nafter these steps:\n%s", diff, strings.Join(e.taken, "\n"))
	}
	return nil
}

// ends is how the far sides look, without what depends on the order in which people
// did things: what a deleted work item showed last, and that a record was gone.
func ends(w *world) farSides {
	sides := look(w.plane, w.odoo)
	for i, item := range sides.Items {
		if item.Deleted {
			sides.Items[i] = farItem{Pair: item.Pair, Deleted: true}
		}
		// A record that was gone for a moment was seen to be, or not.
		sides.Items[i].Comments = slices.DeleteFunc(sides.Items[i].Comments, func(c string) bool { return strings.Contains(c, "no record for this work item any more") })
	}
	for i, activity := range sides.Activities {
		sides.Activities[i].Text = dates.ReplaceAllString(activity.Text, "a day")
		sides.Activities[i].Name = number.ReplaceAllString(activity.Name, "_n")
	}
	return sides
}

// dates differ in reminders: a reminder says what was true when it was made.
var dates = regexp.MustCompile(`\d{4}-\d\d-\d\d`)

// number is which completion a reminder is for. Whether an earlier one was seen
// depends on the order.
var number = regexp.MustCompile(`_\d+$`)

func pathText(path []int) string {
	var text []string
	for _, p := range path {
		text = append(text, strconv.Itoa(p))
	}
	return strings.Join(text, ",")
}

func readPath(text string) []int {
	var path []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil {
			panic(fmt.Sprintf("the path %q: %v", text, err))
		}
		path = append(path, n)
	}
	return path
}
