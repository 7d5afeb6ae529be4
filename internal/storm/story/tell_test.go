package story_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
)

func TestASeedTellsTheSameStoryAgain(t *testing.T) {
	t.Parallel()
	first := story.Tell(7, 2*time.Minute)
	if diff := cmp.Diff(first, story.Tell(7, 2*time.Minute)); diff != "" {
		t.Errorf("a seed tells two stories (-first +second):\n%s", diff)
	}
	if cmp.Equal(first.Acts, story.Tell(8, 2*time.Minute).Acts) {
		t.Error("another seed tells the same story")
	}
}

func TestTheActsOfARecordKeepTheirOrderAndItsMakingIsTheFirst(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		told, last := story.Tell(seed, 2*time.Minute), map[string]time.Duration{}
		for _, act := range told.Acts {
			before, known := last[act.Record]
			makes := act.Kind == story.AddDeadline || act.Kind == story.AddTask || act.Kind == story.CreateItem
			if !known && !makes {
				t.Errorf("seed %d: the story of %s begins with %q", seed, act.Record, act.Kind)
			}
			if known && act.At < before {
				t.Errorf("seed %d: %q of %s comes before the act before it", seed, act.Kind, act.Record)
			}
			last[act.Record] = act.At
		}
		if len(last) != len(told.Records) {
			t.Errorf("seed %d: %d records, and acts of %d", seed, len(told.Records), len(last))
		}
	}
}

// A field that both sides change at one time has an end that depends on who is heard
// first, which no comparison could hold.
func TestAFieldOfATaskIsChangedOnOneSideOnly(t *testing.T) {
	t.Parallel()
	fieldOf := map[story.Kind]string{
		story.Rename: "name", story.Describe: "description", story.SetDue: "date", story.Prioritise: "priority", story.Move: "state",
	}
	for seed := range uint64(50) {
		told, inOdoo := story.Tell(seed, 2*time.Minute), map[string]bool{}
		for _, act := range told.Acts {
			record, _ := told.Record(act.Record)
			field := act.Field
			if act.Kind != story.ChangeTask {
				field = fieldOf[act.Kind]
			}
			if !record.IsTask() || field == "" {
				continue
			}
			what := act.Record + " " + field
			if before, changed := inOdoo[what]; changed && before != act.InOdoo() {
				t.Errorf("seed %d: %s is changed on both sides", seed, what)
			}
			inOdoo[what] = act.InOdoo()
		}
	}
}

func TestEveryNatureIsToldSoonerOrLater(t *testing.T) {
	t.Parallel()
	natures, kinds := map[story.Nature]int{}, map[story.Kind]int{}
	for seed := range uint64(40) {
		told := story.Tell(seed, 2*time.Minute)
		for _, record := range told.Records {
			natures[record.Nature]++
		}
		for _, act := range told.Acts {
			kinds[act.Kind]++
		}
	}
	if len(natures) != 14 || len(kinds) != 25 {
		t.Errorf("%d natures and %d kinds of act are told, want 14 and 25: %v %v", len(natures), len(kinds), natures, kinds)
	}
}
